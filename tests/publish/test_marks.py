"""A rule's finds are counted, and one that is found no more is missed, if it should have been found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa

from pipeline import schema
from pipeline.model import Run
from pipeline.params import Params
from pipeline.publish.marks import missed_rules, recent_since, rule_counts, rule_rows
from tests.publish.sample import table

PARAMS = Params()
NOW = datetime(2031, 6, 30, 18, tzinfo=UTC)
RULES = pa.table(
    {
        "rule": ["quill-footer", "quill-byline"],
        "service": ["Quill"] * 2,
        "where": ["footer", "byline"],
        "weight": [0.9, 0.8],
    }
)


def copies(*runs: tuple[int, int, tuple[str, ...]]) -> pa.Table:
    """Republications: of each run the days before now, how many pages, and the rules found on each."""
    rows = [
        {
            "doc_id": f"{days}-{number}",
            "first_seen_at": NOW - timedelta(days=days),
            "wire_evidence": [
                {"rule": rule, "where": "footer", "quote": "Quill", "start": 0, "end": 5} for rule in rules
            ],
        }
        for days, pages, rules in runs
        for number in range(pages)
    ]
    return table(schema.REPUBLICATIONS, rows)


def rows_of(pages: pa.Table, parts: int = 1) -> pa.Table:
    since = recent_since(Run.at(NOW), PARAMS)
    size = -(-pages.num_rows // parts)
    counts = [rule_counts(pages.slice(start, size), since) for start in range(0, pages.num_rows, size)]
    return rule_rows(RULES, counts)


def missed(*runs: tuple[int, int, tuple[str, ...]]) -> list[str]:
    pages = copies(*runs)
    return missed_rules(rows_of(pages), pages, Run.at(NOW), PARAMS)


def test_finds_are_counted_by_rule() -> None:
    pages = copies((20, 6, ("quill-footer", "old-mark")), (1, 2, ("quill-footer",)), (0, 2, ()))
    rows = rows_of(pages)
    assert rows.equals(rows_of(pages, parts=4)), "however the pages are cut into parts"
    assert rows.select(["rule", "service", "pages", "recent_pages"]).to_pylist() == [
        {"rule": "old-mark", "service": None, "pages": 6, "recent_pages": 0},
        {"rule": "quill-byline", "service": "Quill", "pages": 0, "recent_pages": 0},
        {"rule": "quill-footer", "service": "Quill", "pages": 8, "recent_pages": 2},
    ]
    [_, never, found] = rows.to_pylist()
    assert (found["share"], found["recent_share"]) == (pa.scalar(0.8, pa.float32()).as_py(), 0.5)
    assert (found["first_seen_at"], found["last_seen_at"]) == (NOW - timedelta(20), NOW - timedelta(1))
    assert (never["share"], never["last_seen_at"]) == (0.0, None)


def test_a_rule_that_should_have_been_found_is_missed() -> None:
    mark = ("quill-footer",)
    assert missed((20, 50, mark), (10, 50, mark), (1, 50, ())) == ["quill-footer"]
    assert missed((20, 50, mark), (10, 50, mark), (1, 49, ()), (1, 1, mark)) == []
    assert missed((20, 50, mark), (10, 50, mark), (1, 9, ())) == [], "too few pages to tell"
    assert missed((20, 90, ()), (10, 4, mark), (10, 90, ()), (1, 50, ())) == [], "too rare to tell"
    assert missed((90, 50, mark), (1, 50, ())) == [], "gone for so long that it is no news"
    assert missed((0, 50, mark)) == []
