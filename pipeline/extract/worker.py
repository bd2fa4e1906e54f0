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
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import NoReturn

from pipeline.extract.jobs import Job, Task, Trace, Traced
from pipeline.extract.page import Outcome, read_page
from pipeline.extract.template import Template
from pipeline.extract.trace import trace_blocks

READY = "ready"


def serve(pipe: Connection, task: Task) -> NoReturn:
    """Say that it is up, then answer pages with results; with None where memory ran out."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_AS, (task.params.extract_bytes, task.params.extract_bytes))
    pipe.send(READY)
    templates: dict[str, Template] = {}
    while True:
        asked: Job | Trace = pipe.recv()
        if isinstance(asked, Job) and asked.outlet is not None and asked.template is not None:
            templates[asked.outlet] = asked.template
        signal.setitimer(signal.ITIMER_REAL, task.params.extract_seconds)
        answer = _bounded(asked, task, templates)
        signal.setitimer(signal.ITIMER_REAL, 0)
        pipe.send(answer)


def _bounded(asked: Job | Trace, task: Task, templates: Mapping[str, Template]) -> Outcome | Traced | None:
    try:
        if isinstance(asked, Job):
            template = templates[asked.outlet] if asked.outlet is not None else None
            return read_page(asked.raw, task.rules, task.params, task.run, template)
        extracted = read_page(asked.raw, task.rules, task.params, task.run, None).extracted
        return Traced(extracted, trace_blocks(asked.raw, extracted.page, task.params))
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
