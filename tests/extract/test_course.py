"""What is learned depends on the order of the pages, never on who reads which of them when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.extract import course as courses
from pipeline.extract import pool
from pipeline.extract.course import Course
from pipeline.extract.lesson import Lesson
from pipeline.extract.pool import extract_many
from pipeline.extract.standing import Told
from pipeline.extract.tables import to_templates
from pipeline.extract.template import Template
from pipeline.lake.segment import to_parquet
from pipeline.model import RawPage
from pipeline.params import Params
from tests.extract.outlet import PARAMS, page, raw
from tests.extract.sample import RULES, RUN
from tests.extract.test_pool import ENDLESS, HANGING

OUTLETS = ("courier.example", "ledger.example", "post.example")


def told_of(at: int, template: Template | None) -> Told:
    """What a page would tell, which depends on its position and on the template that it was given."""
    known = sum(votes[2] for votes in template.blocks.values()) if template else 0
    agreement = None if at % 3 else 0.5 + ((at * 7 + known) % 11) / 20
    blocks = ((f"p<div.{at % 5}", at % 7, 10 + known % 3),)
    return Told(f"div.{at % 2}<main", True, agreement, True, Lesson(blocks, "", ()))


def run_course(outlets: list[str], workers: int, seed: int) -> tuple[bytes, list[int]]:
    """The templates in the end, and the version by which each page was read, with pages that take times
    of their own."""
    rng, course = Random(seed), Course(RUN, PARAMS)
    waiting = [
        (at, course.enter(RawPage("", b"", RUN.now, outlet_id=name))) for at, name in enumerate(outlets)
    ]
    running: list[tuple[int, str | None, Template | None]] = []
    versions: dict[int, int] = {}
    while waiting or running:
        ready = next((entry for entry in waiting if course.may_go(entry[1])), None)
        if ready and len(running) < workers:
            waiting.remove(ready)
            template = course.send(*ready)
            versions[ready[0]] = len(template.blocks) if template else -1
            running.append((*ready, template))
        else:
            at, outlet, template = running.pop(rng.randrange(len(running)))
            course.tell(at, outlet, told_of(at, template))
    return to_parquet(to_templates(course.standings())), [versions[at] for at in sorted(versions)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(OUTLETS), max_size=80), st.integers(2, 6), st.integers(0, 99))
def test_any_number_of_workers_learns_the_same(outlets: list[str], workers: int, seed: int) -> None:
    assert run_course(outlets, workers, seed) == run_course(outlets, 1, 0)


def test_first_pages_go_one_by_one_and_later_ones_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courses, "_GROUPS", ((4, 3), (0, 1)))
    course = Course(RUN, PARAMS)
    entry = RawPage("", b"", RUN.now, outlet_id=OUTLETS[0])

    def at_once() -> int:
        sent = 0
        while course.may_go(OUTLETS[0]) and sent < 9:
            course.send(100 + sent, OUTLETS[0])
            sent += 1
        for at in range(100, 100 + sent):
            course.tell(at, OUTLETS[0], None)
        return sent

    course.enter(entry)
    assert [at_once() for _ in range(6)] == [1, 1, 1, 1, 3, 3]


def pages() -> Iterator[RawPage]:
    """Three outlets by turns and in bursts, with layouts that change, and a page that kills its worker."""
    for n in range(72):
        outlet = OUTLETS[n % 3] if n < 48 else OUTLETS[0]
        layout = "feature" if n % 5 == 0 or n > 60 else "story"
        yield raw(n, HANGING if n == 30 else page(n, layout), outlet)


def extracted(workers: int, params: Params) -> tuple[pa.Table, pa.Table, bytes]:
    course = Course(RUN, params)
    parts = list(extract_many(pages(), ENDLESS, replace(params, extract_workers=workers), RUN, course))
    read, held = (pa.concat_tables(tables) for tables in zip(*parts, strict=True))
    return read, held, to_parquet(to_templates(course.standings()))


def test_one_worker_and_three_give_the_same_bytes() -> None:
    params = replace(PARAMS, extract_seconds=1.0, template_check_rate=8)
    one, three = (extracted(workers, params) for workers in (1, 3))
    assert one[0].equals(three[0])
    assert one[1].equals(three[1])
    assert one[2] == three[2]
    assert one[1]["reason"].to_pylist() == ["killed"]
    assert one[0]["extractor"].to_pylist().count("template") > 40


def test_a_page_is_held_back_no_longer_than_its_outlet(monkeypatch: pytest.MonkeyPatch) -> None:
    """With room for one held page only, all pages still come out, in their order."""
    monkeypatch.setattr(pool, "_HELD", 1)
    monkeypatch.setattr(pool, "_PAGES_FOR_MORE_WORKERS", 4)
    parts = extract_many(pages(), RULES, replace(PARAMS, extract_workers=3), RUN, Course(RUN, PARAMS))
    urls = [url for read, _ in parts for url in read["url"].to_pylist()]
    assert urls == [each.url for each in pages()]
