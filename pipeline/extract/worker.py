"""A worker owns nothing that cannot be lost: it reads one page, sends one result, and may die between.

Run as `python -m pipeline.extract.worker FD` by `pool`; FD is its end of a socket pair. It bounds
itself: an alarm ends it when a page takes too long, even inside C code and even if its parent is
gone, and RLIMIT_AS makes an allocation fail that would go too far. Results are plain values, so
pyarrow (some 100 MB of address space, .3 s) is never loaded here.
"""

from __future__ import annotations

import logging
import resource
import signal
import sys
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import NoReturn

from pipeline.extract.credit import WireRules
from pipeline.extract.page import Outcome, read_page
from pipeline.extract.template import Template
from pipeline.model import RawPage, Run
from pipeline.params import Params

READY = "ready"


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker needs to know before its first page."""

    rules: WireRules
    params: Params
    run: Run


@dataclass(frozen=True, slots=True)
class Job:
    """A page to read by the template of its outlet. None for `template`: the same as for the outlet's last
    page in this worker."""

    raw: RawPage
    outlet: str | None
    template: Template | None


def serve(pipe: Connection, task: Task) -> NoReturn:
    """Say that it is up, then answer pages with results; with None where memory ran out."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_AS, (task.params.extract_bytes, task.params.extract_bytes))
    pipe.send(READY)
    templates: dict[str, Template] = {}
    while True:
        job: Job = pipe.recv()
        if job.outlet is not None and job.template is not None:
            templates[job.outlet] = job.template
        template = templates[job.outlet] if job.outlet is not None else None
        signal.setitimer(signal.ITIMER_REAL, task.params.extract_seconds)
        result = _bounded(job.raw, task, template)
        signal.setitimer(signal.ITIMER_REAL, 0)
        pipe.send(result)


def _bounded(raw: RawPage, task: Task, template: Template | None) -> Outcome | None:
    try:
        return read_page(raw, task.rules, task.params, task.run, template)
    except MemoryError:
        return None


def main() -> None:
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # it reports every empty page as an error
    pipe = Connection(int(sys.argv[1]))
    try:
        serve(pipe, pipe.recv())
    except (EOFError, BrokenPipeError, ConnectionResetError, KeyboardInterrupt):
        sys.exit(0)  # the parent is gone or stopping


if __name__ == "__main__":
    main()
