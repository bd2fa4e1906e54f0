"""Processes that die while they publish: forked from one that has all modules loaded, 20 ms each.

python -m tests.publish.mortals     reads [url, call, moment] as JSON lines, answers with exit codes
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from pipeline.lake.locate import open_store
from tests.publish.faults import Every
from tests.publish.scenes import second

_TICK = 0.0005  # seconds


@dataclass(frozen=True, slots=True)
class Mortals:
    """The process from which they are forked."""

    asked: IO[str]
    answers: IO[str]

    def publish(self, url: str, call: int = 0, moment: float | None = None) -> bool:
        """Publish the second release of the lake in a process that is killed by SIGKILL at that call to the
        store (0: at none) or after so many seconds; whether it died. Raises `AssertionError` if it failed."""
        self.asked.write(json.dumps([url, call, moment]) + "\n")
        self.asked.flush()
        code = int(self.answers.readline())
        if code not in (0, -signal.SIGKILL):
            raise AssertionError(f"{url}: the publishing process ended with {code}")
        return code != 0


@contextmanager
def mortals() -> Iterator[Mortals]:
    """Starts the process, with the environment of now."""
    command = [sys.executable, "-m", __name__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        yield Mortals(process.stdin, process.stdout)
        process.stdin.close()


def _fork(url: str, call: int, moment: float | None) -> int:
    """The exit code of a process that publishes."""
    pid = os.fork()
    if not pid:
        second(Every(open_store(url), call, lambda: os.kill(os.getpid(), signal.SIGKILL)))
        os._exit(0)
    end = time.monotonic() + moment if moment is not None else None
    while not (found := os.waitpid(pid, os.WNOHANG))[0]:
        if end is not None and time.monotonic() >= end:
            os.kill(pid, signal.SIGKILL)
            found = os.waitpid(pid, 0)
            break
        time.sleep(_TICK)
    return os.waitstatus_to_exitcode(found[1])


if __name__ == "__main__":
    for line in sys.stdin:
        print(_fork(*json.loads(line)), flush=True)
