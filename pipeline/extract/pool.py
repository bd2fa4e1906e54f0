"""No page is lost or doubled: each one taken ends as one row, in input order, whatever a worker does.

Workers are fresh processes (`worker`), never forks: the parent may be a threaded Airflow task, which
must not fork, and `multiprocessing` would import its main module again and refuses in daemons.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice
from multiprocessing import Pipe
from multiprocessing.connection import wait
from typing import Self

import pyarrow as pa

from pipeline.errors import Failed
from pipeline.extract.course import Course
from pipeline.extract.credit import WireRules
from pipeline.extract.jobs import Job, Task, Trace, Traced
from pipeline.extract.page import Outcome
from pipeline.extract.result import Extracted, reject
from pipeline.extract.tables import to_tables
from pipeline.extract.template import Template
from pipeline.model import RawPage, Run
from pipeline.params import Params

_BATCH_PAGES = 512
# results wait for a slow page in front of them, and this many at most
_LOOKAHEAD = 2_048
# pages, each 8 MiB at most
_HELD = 32
# a worker costs a second of CPU to start: worth it from some forty pages on
_PAGES_FOR_MORE_WORKERS = 40
# trafilatura's caches and lxml's arena grow slowly; a fresh process is cheaper than finding each leak
_PAGES_PER_WORKER = 2_000
_FAILED_STARTS = 3


def extract_many(
    raws: Iterable[RawPage],
    rules: WireRules,
    params: Params,
    run: Run,
    course: Course,
    progress: Callable[[int], None] | None = None,
) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Extract pages in worker processes; yields `(pages, quarantine)` for each 512 pages, in input order.

    A page that kills its worker, or runs over `params.extract_seconds` or `params.extract_bytes`,
    becomes one quarantine row with reason killed, and a new worker goes on with the next page.
    `progress` gets the number of pages done so far. Batches, and what `course` learns, depend on the
    input only, never on which worker was faster. Raises `Failed` if workers cannot be started at all.
    """
    incoming = iter(raws)
    head = list(islice(incoming, _PAGES_FOR_MORE_WORKERS))
    if not head:
        return
    workers = 1 if len(head) < _PAGES_FOR_MORE_WORKERS else max(params.extract_workers, 1)
    with _Pool(workers, Task(rules, params, run), course) as pool:
        results = pool.results(chain(head, incoming))
        done = 0
        while batch := list(islice(results, _BATCH_PAGES)):
            done += len(batch)
            if progress:
                progress(done)
            yield to_tables(batch)


def trace_one(raw: RawPage, rules: WireRules, params: Params, run: Run) -> Traced:
    """Read one page by itself, and tell where its blocks went, in a worker with the bounds of all pages.

    Raises `Failed` for a page that kills its worker or runs over a bound.
    """
    worker = _Worker(Task(rules, params, run))
    try:
        worker.pipe.recv()
        worker.send(Trace(raw))
        answer = worker.pipe.recv()
    except (EOFError, OSError):
        raise Failed(f"{raw.url}: {_death(worker.end(), params)}") from None
    finally:
        worker.process.kill()
        worker.end()
    if answer is None:
        raise Failed(f"{raw.url}: {_out_of_memory(params)}")
    assert isinstance(answer, Traced), "a trace is answered with what was traced"
    return answer


def _death(code: int, params: Params) -> str:
    """Why a worker ended, by its exit code."""
    if code == -signal.SIGALRM:
        return f"ran over {params.extract_seconds:g} s"
    return f"its worker ended with {code}"


def _out_of_memory(params: Params) -> str:
    return f"ran over {params.extract_bytes} bytes of memory"


@dataclass(frozen=True, slots=True)
class _Entry:
    """A page, its position in the input, and under which outlet it is read."""

    at: int
    raw: RawPage
    outlet: str | None


class _Worker:
    """One process, what it is working on, and the templates that it has."""

    def __init__(self, task: Task) -> None:
        self.pipe, theirs = Pipe()
        command = [sys.executable, "-m", "pipeline.extract.worker", str(theirs.fileno())]
        self.process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        theirs.close()
        self.is_up = False
        self.entry: _Entry | None = None
        self.answered = 0
        self._templates: dict[str, Template] = {}
        self.send(task)

    def read(self, entry: _Entry, template: Template | None) -> None:
        """Give it a page, and the template unless it has it."""
        self.entry = entry
        if entry.outlet is not None and template is not None:
            has = self._templates.get(entry.outlet) is template
            self._templates[entry.outlet] = template
            template = None if has else template
        self.send(Job(entry.raw, entry.outlet, template))

    def send(self, value: object) -> None:
        # if it died, that shows when its answer is read
        with suppress(BrokenPipeError, ConnectionResetError):
            self.pipe.send(value)

    def end(self) -> int:
        """Stop the process; its exit code, negative for a signal."""
        self.pipe.close()
        try:
            return self.process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


class _Pool:
    def __init__(self, size: int, task: Task, course: Course) -> None:
        self._task, self._course = task, course
        self._workers = [_Worker(task) for _ in range(size)]
        self._held: list[_Entry] = []  # pages that wait for what others of their outlet teach
        self._failed_starts = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.process.kill()  # also when the caller leaves early; nothing in it is worth a wait
            worker.end()

    def results(self, raws: Iterator[RawPage]) -> Iterator[Extracted]:
        """One result a page, in the order of the pages."""
        entries = (_Entry(at, raw, self._course.enter(raw)) for at, raw in enumerate(raws))
        finished: dict[int, Extracted] = {}
        following = 0
        while True:
            has_more = self._feed(entries, following)
            if not has_more and not any(worker.entry for worker in self._workers):
                return
            ready = wait([worker.pipe for worker in self._workers if worker.entry or not worker.is_up])
            for worker in [worker for worker in self._workers if worker.pipe in ready]:
                finished.update(self._collect(worker))
            while following in finished:
                yield finished.pop(following)
                following += 1

    def _feed(self, entries: Iterator[_Entry], following: int) -> bool:
        """Give each idle worker a page; False once there are no more."""
        for worker in self._workers:
            furthest = max((worker.entry.at for worker in self._workers if worker.entry), default=following)
            if worker.is_up and worker.entry is None and furthest - following < _LOOKAHEAD:
                entry = self._next(entries)
                if entry is not None:
                    worker.read(entry, self._course.send(entry.at, entry.outlet))
                elif not self._held:
                    return False
        return True

    def _next(self, entries: Iterator[_Entry]) -> _Entry | None:
        """The first page that can be read now, of those held back and, as long as these are few, those to
        come."""
        for entry in self._held:
            if self._course.may_go(entry.outlet):
                self._held.remove(entry)
                return entry
        while len(self._held) < _HELD:
            following = next(entries, None)
            if following is None or self._course.may_go(following.outlet):
                return following
            self._held.append(following)
        return None

    def _collect(self, worker: _Worker) -> dict[int, Extracted]:
        """What a worker has to say: nothing but that it is up, or one page's result by its position."""
        try:
            answer = worker.pipe.recv()
        except (EOFError, OSError):
            return self._bury(worker)
        if not worker.is_up:
            worker.is_up, self._failed_starts = True, 0
            return {}
        assert worker.entry is not None, "a worker answers pages only"
        entry, worker.entry = worker.entry, None
        worker.answered += 1
        if answer is None or worker.answered >= _PAGES_PER_WORKER:
            worker.end()
            self._replace(worker)
        outcome = answer or self._killed(entry.raw, _out_of_memory(self._task.params))
        self._course.tell(entry.at, entry.outlet, outcome.told)
        return {entry.at: outcome.extracted}

    def _bury(self, worker: _Worker) -> dict[int, Extracted]:
        """Replace a dead worker; the page that it did not survive becomes a quarantine row."""
        code = worker.end()
        if not worker.is_up:
            self._failed_starts += 1
            if self._failed_starts >= _FAILED_STARTS:
                raise Failed(f"extract: workers end before they are up, the last one with {code}")
        self._replace(worker)
        if worker.entry is None:
            return {}
        entry = worker.entry
        self._course.tell(entry.at, entry.outlet, None)
        return {entry.at: self._killed(entry.raw, _death(code, self._task.params)).extracted}

    def _replace(self, worker: _Worker) -> None:
        self._workers[self._workers.index(worker)] = _Worker(self._task)

    def _killed(self, raw: RawPage, detail: str) -> Outcome:
        return Outcome(reject(raw, self._task.run.run_id, "killed", detail))
