"""The benchmark of extraction reads what it says, in the order that it says, and claims what it measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.extract.credit import load_rules
from tests.benchmarks import extraction
from tests.benchmarks.bodies import CHECKED, EVIDENT, KNOWN, LEARNING, Measured, f1, measure
from tests.benchmarks.extraction import PARAMS, RUN, by_number, by_way, claims_of, demo_pages, in_time_order
from tests.extract.outlet import page, raw

PAGE = Measured("courier.example", 9, KNOWN, 1.0, 5.0, 20.0, 0.99, 0.99)


def test_pages_are_read_as_their_templates_are_learned() -> None:
    found = list(measure([raw(n, page(n)) for n in range(8)], load_rules(), RUN, PARAMS))
    assert [each.number for each in found] == list(range(1, 9))
    assert [each.way for each in found[:2]] == [EVIDENT] * 2
    assert {each.way for each in found[2:]} <= {KNOWN, CHECKED}
    assert all(each.f1 > 0.9 and each.full_f1 > 0.99 for each in found)
    assert all(min(each.body_ms, each.page_ms, each.rival_ms) > 0 for each in found)


def test_pages_of_a_folder_come_in_the_order_of_their_times(tmp_path: Path) -> None:
    for number, day in enumerate((3, 1, 2)):
        head = f'<meta property="article:published_time" content="2026-03-0{day}">'
        (tmp_path / f"{number}.html").write_text(page(number).replace("<title>", f"{head}<title>"))
    (tmp_path / "undated.html").write_text(page(7))
    assert [each.doc_id for each in in_time_order([tmp_path], load_rules())] == ["1", "2", "0", "undated"]


def test_without_a_folder_there_are_pages_of_the_demo_network() -> None:
    pages = list(demo_pages(40))
    assert len({each.url for each in pages}) > 40
    assert all(b"<html" in each.content for each in pages)


def test_claims_are_ratios_over_all_pages() -> None:
    slow = replace(PAGE, way=LEARNING, body_ms=19.0, f1=0.9)
    assert [(claim.measured, claim.held) for claim in claims_of([PAGE, slow])] == [
        ("0.945", False),
        ("2.0", False),
        ("20.0", True),
    ]
    assert [claim.held for claim in claims_of([slow])] == [False, False, None]


def test_rows_are_means_by_way_and_number() -> None:
    first = replace(PAGE, number=1, way=LEARNING, body_ms=3.0)
    assert [row[:2] for row in by_way([PAGE, first]).rows] == [
        ("known", "1"),
        ("learning", "1"),
        ("all", "2"),
    ]
    assert [row[:2] for row in by_number([PAGE, first]).rows] == [
        ("from the 1. to the 5.", "1"),
        ("from the 6. to the 20.", "1"),
    ]


@pytest.mark.parametrize(
    ("one", "other", "score"), [("a b", "B a!", 1.0), ("a b", "a c", 0.5), ("a", "", 0.0)]
)
def test_agreement_counts_words(one: str, other: str, score: float) -> None:
    assert f1(one, other) == score


def test_a_broken_claim_is_exit_code_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        (tmp_path / f"{number}.html").write_text(page(number))
    monkeypatch.setattr(extraction, "FASTER", 1e9)
    assert extraction.main([tmp_path], 0, tmp_path / "told.md") == 1
    assert "| 1000000000 times less CPU" in (tmp_path / "told.md").read_text()
