"""A page can take its worker with it, but never another page."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import pyarrow as pa
import pytest

from pipeline.errors import Failed
from pipeline.extract import pool
from pipeline.extract.course import Course
from pipeline.extract.credit import Rule, WireRules
from pipeline.extract.pool import extract_many, trace_one
from pipeline.extract.result import Page
from pipeline.extract.tables import to_tables
from pipeline.model import RawPage
from pipeline.params import Params
from pipeline.segments import HELD, PAGES
from tests.extract.sample import PARAGRAPHS, RULES, RUN, extract, html_page

# backtracks for ever on the byline of a hostile page, inside C code that no Python timer interrupts
ENDLESS = WireRules((*RULES.rules, Rule("endless", "None", "byline", re.compile(r"(?:a+)+$"), 0.5, "a")))
PARAMS = Params()
HANGING = html_page(before=f'<p class="byline">By Greta Halloran, {"a" * 60} News!</p>')


def raw(at: int, content: str) -> RawPage:
    return RawPage(f"https://channel12.example/{at}", content.encode(), RUN.now)


def extracted(
    pages: Iterable[RawPage], rules: WireRules = RULES, params: Params = PARAMS, *more: Callable[[int], None]
) -> list[tuple[pa.Table, pa.Table]]:
    return list(extract_many(pages, rules, params, RUN, Course(RUN, params), *more))


def numbered(pages: int) -> Iterator[RawPage]:
    return (raw(at, html_page((f"Story number {at}.", *PARAGRAPHS))) for at in range(pages))


def test_a_worker_loads_neither_pyarrow_nor_pandas() -> None:
    """They would take more address space than a page is given: pandas alone a gigabyte."""
    told = "import sys, pipeline.extract.worker; print({'numpy', 'pandas', 'pyarrow'} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert loaded.stdout == "{'numpy'}\n"


def test_tables_have_the_declared_schemas() -> None:
    pages, quarantine = to_tables([extract(html_page()), extract(b"")])
    assert pages.schema.equals(PAGES)
    assert quarantine.schema.equals(HELD)
    assert (pages.num_rows, quarantine.num_rows) == (1, 1)
    assert set(Page.__slots__) == set(PAGES.names)


def test_pages_come_in_order_whichever_worker_was_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_PAGES_FOR_MORE_WORKERS", 4)
    monkeypatch.setattr(pool, "_BATCH_PAGES", 16)
    monkeypatch.setattr(pool, "_PAGES_PER_WORKER", 11)
    done: list[int] = []
    tables = [pages for pages, _ in extracted(numbered(40), RULES, PARAMS, done.append)]
    assert [table.num_rows for table in tables] == [16, 16, 8]
    assert done == [16, 32, 40]
    urls = pa.concat_tables(tables)["url"].to_pylist()
    assert urls == [page.url for page in numbered(40)]


def test_a_page_that_hangs_or_kills_its_worker_is_one_row_and_the_rest_goes_on() -> None:
    params = replace(Params(), extract_seconds=0.6)
    pages = list(numbered(5))
    pages[1], pages[3] = raw(1, HANGING), raw(3, HANGING)
    [(read, quarantine)] = extracted(pages, ENDLESS, params)
    assert read["url"].to_pylist() == [pages[at].url for at in (0, 2, 4)]
    assert quarantine["url"].to_pylist() == [pages[at].url for at in (1, 3)]
    assert quarantine["reason"].to_pylist() == ["killed"] * 2
    assert quarantine["detail"].to_pylist() == ["ran over 0.6 s"] * 2


def test_a_page_that_needs_too_much_memory_is_one_row_and_the_rest_goes_on() -> None:
    params = replace(Params(), extract_bytes=500 << 20)
    pages = list(numbered(3))
    pages[1] = raw(1, html_page(before="<p>x" * 1_900_000))
    [(read, quarantine)] = extracted(pages, RULES, params)
    assert read.num_rows == 2
    assert quarantine["reason"].to_pylist() == ["killed"]


def test_a_page_under_the_glass_has_the_bounds_of_all() -> None:
    traced = trace_one(raw(1, html_page()), RULES, PARAMS, RUN)
    assert traced.extracted == extract(html_page(), "https://channel12.example/1")
    assert {block.place for block in traced.blocks} == {"headline", "body", "dropped"}
    with pytest.raises(Failed, match=r"^https://channel12.example/2: ran over 0.6 s$"):
        trace_one(raw(2, HANGING), ENDLESS, replace(PARAMS, extract_seconds=0.6), RUN)
    with pytest.raises(
        Failed, match=r"^https://channel12.example/3: (ran over \d+ bytes of memory|its worker)"
    ):
        huge = raw(3, html_page(before="<p>x" * 1_900_000))
        trace_one(huge, RULES, replace(PARAMS, extract_bytes=500 << 20), RUN)


def test_workers_that_cannot_start_fail_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool.sys, "executable", "/bin/false")
    with pytest.raises(Failed, match="workers end before they are up"):
        extracted(numbered(2))
