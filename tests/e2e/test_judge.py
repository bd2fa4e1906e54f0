"""Judgements on the command line: taken down once, replaced, refused with the reason, and fixed for a run."""

from __future__ import annotations

import json
import pwd
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline import cli
from pipeline.errors import BadInput
from pipeline.judge import judge, judged, judgements_of
from pipeline.lake.locate import open_store
from pipeline.lake.order import place
from pipeline.model import Run
from tests.e2e.test_cli import NOW, articles, wirefold
from tests.publish.faults import contents

AT = datetime(2026, 3, 6, 9, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path: Path) -> str:
    wirefold("cluster", str(articles(tmp_path)), "--out", str(tmp_path / "lake"), "--now", NOW)
    return str(tmp_path / "lake")


def say(lake: str, *args: str) -> dict[str, object]:
    return wirefold("judge", lake, *args, "--now", "2026-03-06T09:00:00Z")


def test_a_judgement_is_kept_once_and_a_later_one_replaces_it(lake: str) -> None:
    first = say(lake, "b1", "a1", "same", "--why", "“one” fire\nin two towns", "--by", "petra")
    before = contents(open_store(lake))
    assert say(lake, "a1", "b1", "same", "--why", "“one” fire\nin two towns", "--by", "petra") == first
    assert contents(open_store(lake)) == before
    second = say(lake, "a1", "b1", "skip", "--why", "cannot tell")
    (row,) = json.loads(CliRunner().invoke(cli.app, ["judgements", lake, "--json"]).stdout)
    assert row == second
    assert (row["doc_id_a"], row["doc_id_b"], row["at"]) == ("a1", "b1", "2026-03-06 09:00:00+00:00")
    assert str(row["by"])
    assert "cannot tell" in CliRunner().invoke(cli.app, ["judgements", lake]).stdout
    assert "skip" in CliRunner().invoke(cli.app, ["judge", lake, "a1", "b1", "skip", "--why", "x"]).stdout


def test_a_contradiction_is_refused_with_its_chain(lake: str) -> None:
    say(lake, "a1", "a2", "same", "--why", "cut")
    say(lake, "a3", "a2", "same", "--why", "cut")
    before = contents(open_store(lake))
    with pytest.raises(BadInput, match="a1 and a3 were judged different, but by `same` a1 = a2 = a3"):
        judge(open_store(lake), "a3", "a1", "different", by="ivo", at=AT, why="no")
    assert contents(open_store(lake)) == before
    say(lake, "a1", "a2", "skip", "--why", "not so sure")
    say(lake, "a3", "a1", "different", "--why", "no")
    with pytest.raises(BadInput, match="a1 = a2 = a3"):
        judge(open_store(lake), "a1", "a2", "same", by="ivo", at=AT, why="yes")


@pytest.mark.parametrize(
    ("docs", "verdict", "why", "says"),
    [
        (("a1", "zzz"), "same", "x", "zzz: no such doc_id in the newest release"),
        (("a1", "a1"), "same", "x", "a1: expected two documents"),
        (("a1", "a2"), "perhaps", "x", "expected same, different, skip"),
        (("a1", "a2"), "same", " ", "--why: expected a reason"),
    ],
)
def test_bad_judgements_are_refused(
    lake: str, docs: tuple[str, str], verdict: str, why: str, says: str
) -> None:
    with pytest.raises(BadInput, match=says):
        judge(open_store(lake), *docs, verdict, by="ivo", at=AT, why=why)
    assert judged(open_store(lake)).num_rows == 0


@pytest.mark.parametrize("said", [["judge", "a1", "a2", "same"], ["takedown", "document", "a1"]])
def test_who_has_no_login_name_must_give_one(
    lake: str, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    def nobody(number: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {number}")

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    command = [said[0], lake, *said[1:], "--why", "x"]
    ended = CliRunner().invoke(cli.app, command)
    assert isinstance(ended.exception, BadInput)
    assert str(ended.exception).startswith("--by: ")
    assert CliRunner().invoke(cli.app, [*command, "--by", "petra"]).exit_code == 0


def test_a_run_sees_what_was_said_before_it_took_its_place(lake: str) -> None:
    store = open_store(lake)
    early, late = Run.of("20200101T000000Z"), Run.of("20300101T000000Z")
    say(lake, "a1", "a2", "same", "--why", "cut")
    place(store, late.run_id)
    say(lake, "a1", "a2", "different", "--why", "looked again")
    say(lake, "a1", "b1", "different", "--why", "another town")
    place(store, early.run_id)
    assert judgements_of(store, late)["verdict"].to_pylist() == ["same"]
    assert judgements_of(store, early)["verdict"].to_pylist() == ["different", "different"]
    assert judgements_of(store, Run.of("20260305T200000Z")).num_rows == 0


def test_racing_judgements_cannot_contradict_each_other(lake: str) -> None:
    """Three people at once close a circle that cannot be: two get through."""
    store = open_store(lake)
    said = [("a1", "a2", "same"), ("a2", "a3", "same"), ("a1", "a3", "different")]

    def take_down(one: tuple[str, str, str]) -> bool:
        try:
            judge(store, *one, by="ivo", at=AT, why="seen")
        except BadInput:
            return False
        return True

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(take_down, said)) == [False, True, True]
    assert judged(store).num_rows == 2
