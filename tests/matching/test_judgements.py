"""A judgement counts from the next run on, for ever: through reruns, new pages and other params."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline import steps
from pipeline.lake import judgements
from pipeline.lake.ledger import history
from pipeline.lake.segment import read_segment
from pipeline.params import Params
from pipeline.segments import segment_key
from tests.match.texts import prose
from tests.matching.desk import Desk, Page

STORY = prose(1, 240)
COPIES = [Page(f"d{n}", outlet, "one", f"{STORY} {prose(90 + n, 12)}") for n, outlet in enumerate("abcd")]
OTHER = Page("x", "e", "two", prose(2, 240))


def say(desk: Desk, doc_a: str, doc_b: str, verdict: str) -> None:
    number = judgements.read(desk.lake).num_rows + 1
    said = {"doc_id_a": doc_a, "doc_id_b": doc_b, "verdict": verdict, "by": "Ilse", "why": "read both"}
    at = datetime(2026, 3, 1, number, tzinfo=UTC)
    assert judgements.append(desk.lake, said | {"at": at, "judgement_id": f"j{number}"}, number)


def apart(desk: Desk, a: str, b: str) -> bool:
    stories = desk.stories()
    return stories[a] != stories[b]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.take([*COPIES[:3], OTHER])
    assert desk.partition() == {frozenset({"d0", "d1", "d2"}), frozenset({"x"})}
    return desk


@pytest.mark.parametrize("whole", [True, False])
def test_different_splits_and_new_copies_bridge_nothing(desk: Desk, whole: bool) -> None:
    say(desk, "d0", "d1", "different")
    desk.take([], whole=whole)
    assert apart(desk, "d0", "d1")
    desk.take([COPIES[3]], whole=whole)
    assert apart(desk, "d0", "d1")
    desk.config = replace(desk.config, params=Params(bands=40))
    desk.take([])
    assert apart(desk, "d0", "d1")


@pytest.mark.parametrize("whole", [True, False])
def test_same_joins_what_shares_no_word(desk: Desk, whole: bool) -> None:
    say(desk, "d2", "x", "same")
    desk.take([], whole=whole)
    assert not apart(desk, "d0", "x")
    desk.take([COPIES[3]], whole=whole)
    assert not apart(desk, "d3", "x")


def test_what_is_taken_back_binds_no_more(desk: Desk) -> None:
    before = desk.stories()
    say(desk, "d0", "d1", "different")
    desk.take([])
    say(desk, "d0", "d1", "skip")
    desk.take([])
    assert desk.stories() == before
    changes = history(desk.lake, [run.run_id for run in desk.runs])["change"].to_pylist()
    assert (changes.count("split_from"), changes.count("merged_into")) == (1, 1)


def test_the_pair_says_that_a_person_decided(desk: Desk) -> None:
    say(desk, "d0", "d1", "different")
    say(desk, "d2", "x", "same")
    desk.take([])
    pairs = read_segment(desk.lake, segment_key("pairs", desk.runs[-1].run_id, "all")).to_pylist()
    told = {(row["doc_id_a"], row["doc_id_b"]): (row["decision"], row["rule"]) for row in pairs}
    assert told["d0", "d1"] == ("refused", "judgement")
    assert told["d2", "x"] == ("accepted", "judgement")


def test_a_judgement_that_came_after_a_run_changes_no_rerun_of_it(desk: Desk) -> None:
    desk.take([COPIES[3]])
    key = segment_key("clusters", desk.runs[-1].run_id, "all")
    before = desk.lake.get(key)
    say(desk, "d0", "d3", "different")
    desk.lake.delete(key)
    steps.match(desk.lake, desk.runs[-1], desk.config)
    assert desk.lake.get(key) == before
