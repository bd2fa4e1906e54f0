"""Whatever the launcher starts, it or the next launcher ends: each process has a session and a pid file.

Airflow's task runners leave the process group of their scheduler (setpgid) but never its session, so
a session is what is ended. A pid file holds the start time too: a pid that the kernel gave to somebody
else since is left alone.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from infra.home import write_private

GRACE_SECONDS = 6.0  # the api-server needs up to 3 s to leave; a task may be killed anywhere by design
_SAME_START = 0.05  # seconds; psutil reckons start times from clock ticks of 10 ms


class Died(Exception):
    """A process that should run has ended; the message names it and the end of its log."""


@dataclass(frozen=True, slots=True)
class Started:
    """The leader of a session: its pid and when it started, in seconds since the epoch."""

    name: str
    pid: int
    started: float


class Processes:
    """The processes of one launcher."""

    def __init__(self, pids: Path, logs: Path, folder: Path) -> None:
        """`folder`: where the programs run."""
        self._pids = pids
        self._logs = logs
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, argv: Sequence[str], env: Mapping[str, str]) -> None:
        """Start a program in a session of its own, its output in `<logs>/<name>.log`."""
        with self.log(name).open("wb") as log:
            running = subprocess.Popen(
                argv,
                env=dict(env),
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running[name] = running
        leader = Started(name, running.pid, psutil.Process(running.pid).create_time())
        write_private(self._pids / f"{name}.json", json.dumps(asdict(leader)))

    def log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def check(self) -> None:
        """Raises `Died` if a process has ended by itself."""
        for name, running in self._running.items():
            if (code := running.poll()) is not None:
                raise Died(f"{name} ended with code {code}; the end of {self.log(name)}:\n{self.tail(name)}")

    def wait(self, name: str, seconds: float) -> None:
        """Wait for a program that ends by itself. Raises `Died` if it fails or takes too long."""
        running = self._running[name]
        try:
            running.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Died(f"{name} took more than {seconds:.0f} s; see {self.log(name)}") from None
        if running.returncode:
            self.check()
        self.stop([name])

    def tail(self, name: str, lines: int = 12) -> str:
        """The last lines of a process's log."""
        return "\n".join(self.log(name).read_text(errors="replace").splitlines()[-lines:])

    def stop(self, names: Sequence[str]) -> None:
        """End these processes and all that they started; gone when this returns."""
        end_sessions([leader for leader in self._remembered() if leader.name in names])
        for name in names:
            if running := self._running.pop(name, None):
                running.wait()
            (self._pids / f"{name}.json").unlink(missing_ok=True)

    def stop_all(self) -> int:
        """End everything that has a pid file here, a dead launcher's leftovers too; how many sessions."""
        leaders = self._remembered()
        found = sum(bool(session(leader)) for leader in leaders)
        self.stop([*{leader.name for leader in leaders} | self._running.keys()])
        return found

    def _remembered(self) -> list[Started]:
        return [Started(**json.loads(file.read_text())) for file in sorted(self._pids.glob("*.json"))]


def session(leader: Started) -> list[psutil.Process]:
    """The live processes of a leader's session; none if its pid belongs to somebody else by now."""
    if leader.started < psutil.boot_time():
        return []
    members = []
    for pid in psutil.pids():
        try:
            if os.getsid(pid) != leader.pid:
                continue
            member = psutil.Process(pid)
            if pid == leader.pid and abs(member.create_time() - leader.started) > _SAME_START:
                return []
            if member.status() != psutil.STATUS_ZOMBIE:
                members.append(member)
        except (ProcessLookupError, PermissionError, psutil.Error):
            continue
    return members


def end_sessions(leaders: Sequence[Started]) -> None:
    """Ask the leaders to end; kill what outlives its leader, and after a grace period the leaders too."""
    deadline = time.monotonic() + GRACE_SECONDS
    asked: set[int] = set()
    while left := [(leader, members) for leader in leaders if (members := session(leader))]:
        for leader, members in left:
            at_its_head = [member for member in members if member.pid == leader.pid]
            if not at_its_head or time.monotonic() > deadline:
                _signal(members, signal.SIGKILL)
            elif leader.pid not in asked:
                asked.add(leader.pid)
                _signal(at_its_head, signal.SIGTERM)
        time.sleep(0.05)


def _signal(processes: Sequence[psutil.Process], what: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(what)
