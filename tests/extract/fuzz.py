"""`python -m tests.extract.fuzz PAGES [FIRST]`: broken pages through the worker pool, and what became of
them.

Raises if the parent does not survive, a page ends in no row or in two, or one holds up its worker for longer
than its bound.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from pipeline.extract.course import Course
from pipeline.extract.pool import extract_many
from pipeline.model import RawPage
from pipeline.params import Params
from tests.extract.mutate import mutated
from tests.extract.sample import RULES, RUN

# a worker that was ended is replaced, which takes a second of CPU, and took ten on busy cores
RESTART_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Survey:
    """What became of the pages: `rows` by reason, `published` for a page that was read; times in seconds,
    memory in MiB. `longest_wait`: between two results, with one worker; `parent_growth`: of the most memory
    that the parent ever held."""

    pages: int
    rows: dict[str, int]
    killed: list[str]
    seconds: float
    cpu_seconds: float
    longest_wait: float
    parent_growth: int
    worker_peak: int


def fuzz(pages: int, first: int = 0, params: Params = Params()) -> Survey:  # noqa: B008
    """Send pages `first` and following through the pool."""
    rows: Counter[str] = Counter()
    killed: list[str] = []
    sent: list[str] = []
    waits = _Waits()
    start, cpu, held = time.monotonic(), _cpu(), _peak(resource.RUSAGE_SELF)
    course = Course(RUN, params)
    for extracted, quarantine in extract_many(_noted(pages, first, sent, waits), RULES, params, RUN, course):
        told = sorted(extracted["url"].to_pylist() + quarantine["url"].to_pylist(), key=_number)
        assert told == sent[: len(told)], "each page ends in one row"
        del sent[: len(told)]
        rows["published"] += extracted.num_rows
        rows.update(quarantine["reason"].to_pylist())
        killed += [
            f"{row['url']}: {row['detail']}" for row in quarantine.to_pylist() if row["reason"] == "killed"
        ]
    assert not sent, "each page ends in one row"
    assert rows.total() == pages
    if params.extract_workers == 1:
        bound = params.extract_seconds + RESTART_SECONDS
        assert waits.longest <= bound, f"a page took {waits.longest:.1f} s, more than {bound} s"
    return Survey(
        pages,
        dict(rows.most_common()),
        killed,
        round(time.monotonic() - start, 1),
        round(_cpu() - cpu, 1),
        round(waits.longest, 1),
        _peak(resource.RUSAGE_SELF) - held,
        _peak(resource.RUSAGE_CHILDREN),
    )


class _Waits:
    """The longest time between two pages that the pool asked for, making them left out."""

    def __init__(self) -> None:
        self.longest, self._since = 0.0, time.monotonic()

    def asked(self) -> None:
        self.longest = max(self.longest, time.monotonic() - self._since)

    def given(self) -> None:
        self._since = time.monotonic()


def _noted(pages: int, first: int, sent: list[str], waits: _Waits) -> Iterator[RawPage]:
    for number in range(first, first + pages):
        waits.asked()
        page = mutated(number)
        sent.append(page.url)
        waits.given()
        yield page


def _number(url: str) -> int:
    return int(url.rsplit("/", 1)[1])


def _peak(who: int) -> int:
    return resource.getrusage(who).ru_maxrss >> 10


def _cpu() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


if __name__ == "__main__":
    survey = fuzz(int(sys.argv[1]), *map(int, sys.argv[2:3]))
    print(json.dumps(asdict(survey), indent=1))
