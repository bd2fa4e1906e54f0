"""Outlets are told of when they do otherwise than they did, and not by chance; releases likewise."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pipeline import schema
from pipeline.model import Run
from pipeline.params import Params
from pipeline.publish.habits import fallen, habits
from pipeline.publish.manifest import Manifest
from pipeline.publish.past import NO_PAST, Past
from pipeline.publish.verdict import Check, named
from pipeline.publish.watched import too_large, warnings
from tests.publish.sample import FIRST, table
from tests.publish.test_checks import candidate, manifest

PARAMS = Params()
NOW = Run.at(datetime(2031, 6, 30, 18, tzinfo=UTC))


@pytest.mark.parametrize(
    ("now", "before", "told"),
    [
        ((1, 20), (95, 100), True),
        ((14, 20), (95, 100), False),
        ((0, 4), (95, 100), False),
        ((0, 20), (4, 4), False),
        ((20, 20), (5, 100), False),
    ],
    ids=["it fell", "by less than matters", "too few pages", "too few pages before", "it rose"],
)
def test_a_share_has_fallen(now: tuple[int, int], before: tuple[int, int], told: bool) -> None:
    assert bool(fallen({"kdun": now}, {"kdun": before}, PARAMS)) == told


def test_chance_is_no_news() -> None:
    """Of six pages none is credited where half of them were: that happens to one outlet in sixty-four."""
    assert fallen({"kdun": (0, 6)}, {"kdun": (50, 100)}, PARAMS) == []
    assert fallen({"kdun": (0, 60)}, {"kdun": (50, 100)}, PARAMS) == ["kdun: 0% of 60, before 50%"]


def copies(days: list[float], pages: int, run_id: str, **told: object) -> list[dict[str, object]]:
    """Some pages of an outlet on each of the days before now."""
    return [
        {
            "outlet_id": "kdun",
            "first_seen_at": NOW.now - timedelta(days=day),
            "run_id": run_id,
            "published_at": NOW.now,
            "credit_present": True,
        }
        | told
        for day in days
        for _ in range(pages)
    ]


def asked(
    rows: list[dict[str, object]], *, quarantined: int = 0, state: str = "ok", past: Past = NO_PAST
) -> set[str]:
    """The details of the checks that do not hold, by name. In this run the outlet has the rows of it."""
    mine = [row for row in rows if row["run_id"] == NOW.run_id]
    run = {
        "run_id": NOW.run_id, "outlet_id": "kdun", "state": state, "fetched": len(mine) + quarantined,
        "published": len(mine), "quarantined": quarantined,
    }  # fmt: skip
    held = [{"run_id": NOW.run_id, "outlet_id": "kdun", "reason": "paywall"}] * quarantined
    every = {
        "republications": table(schema.REPUBLICATIONS, rows),
        "runs": table(schema.RUNS, [run]),
        "quarantine": table(schema.QUARANTINE, held),
    }
    return {f"{one.check} {one.detail}" for one in habits(every, NOW, PARAMS, past) if not one.ok}


OLD = copies([9, 8, 7, 6, 5, 4, 3, 2], 4, "earlier")


def test_an_outlet_that_goes_on_as_before_is_not_told_of() -> None:
    assert asked([*OLD, *copies([0], 10, NOW.run_id)]) == set()


def test_credits_and_times_that_are_gone_are_told() -> None:
    new = copies([0], 10, NOW.run_id, published_at=None, credit_present=False)
    assert asked([*OLD, *new]) == {
        "outlets_credited_less kdun: 0% of 10, before 100%",
        "outlets_dated_less kdun: 0% of 10, before 100%",
    }


def test_pages_that_cannot_be_read_are_told() -> None:
    outlets = [{"outlet_id": "kdun", "n_republications": 90, "extraction_ok_share": 0.9}]
    past = replace(NO_PAST, outlets=table(schema.OUTLETS, outlets))
    assert asked([*OLD, *copies([0], 5, NOW.run_id)], quarantined=5, past=past) == {
        "outlets_read_less kdun: 50% of 10, before 90%",
        "outlets_quarantined kdun: paywall 50% of 10",
    }


def test_an_outlet_that_brings_nothing_is_told_after_twice_its_longest_pause() -> None:
    pauses = [row | {"first_seen_at": row["first_seen_at"] - timedelta(days=3)} for row in OLD]  # type: ignore[operator]
    assert asked(pauses) == {"outlets_silent kdun: 5.0 days, never before more than 1.0"}
    assert asked(pauses, state="down") == set(), "that is told by its state"
    assert asked(OLD) == set(), "two days are no news"
    seldom = copies([60, 50, 40, 30, 20, 19], 1, "earlier")
    assert asked(seldom) == set(), "it was silent for ten days before"
    assert asked(copies([19, 19, 19], 2, "earlier")) == set(), "nobody knows its habit"


def test_a_story_of_too_many_copies_is_told() -> None:
    def story(name: str, copies: int, outlets: int, versions: int) -> dict[str, object]:
        return {"story_id": name, "n_republications": copies, "n_outlets": outlets, "n_versions": versions}

    rows = [
        story("s-wide", 180, 60, 3),
        story("s-twice", 120, 60, 1),
        story("s-small", 20, 1, 1),
        story("s-market", 40, 1, 1),
        story("s-series", 200, 60, 1),
    ]
    assert too_large(table(schema.STORIES, rows), PARAMS) == [
        "s-market: 40 copies at 1 outlets",
        "s-series: 200 copies at 60 outlets",
    ]


def drift(rows: list[int], now: int) -> dict[str, Check]:
    """The checks of how many rows there are, after releases of so many republications."""
    past = replace(NO_PAST, releases=tuple(_of(count) for count in reversed(rows)))
    tables = candidate(FIRST)
    counts = {name: len(own) for name, own in tables.items()} | {"republications": now}
    found = warnings(tables, counts, FIRST.run, PARAMS, past)
    return {one.check: one for one in found if one.check in ("row_count_drift", "rows_lost")}


def _of(republications: int) -> Manifest:
    return manifest(rows={"republications": republications})


def test_rows_that_came_in_are_held_against_the_median() -> None:
    odd = [0, 1_000, 2_000, 30_000, 31_000]
    assert drift(odd, 32_000)["row_count_drift"].ok, "one odd release does not move it"
    much, little = drift(odd, 60_000)["row_count_drift"], drift(odd, 31_000)["row_count_drift"]
    assert (much.ok, little.ok) == (False, False)
    assert much.detail == "republications: 29,000 rows more, usually 1,000"
    assert little.value == pytest.approx(11.0)
    assert drift([0, 10, 20, 30], 130)["row_count_drift"].ok, "small lakes do not warn"
    assert drift([0, 9_000], 9_000)["row_count_drift"].ok, "two releases have no median to speak of"


def test_rows_that_are_lost_are_told() -> None:
    lost = drift([1_000], 990)["rows_lost"]
    assert (lost.ok, lost.value, lost.detail) == (False, 10.0, "republications: 10 rows")
    assert drift([1_000], 1_000)["rows_lost"].ok


def test_twenty_names_are_enough() -> None:
    runs = {f"k{n:03}": (0, 60) for n in range(30)}
    names = fallen(runs, dict.fromkeys(runs, (50, 50)), PARAMS)
    assert len(names) == 30
    assert (named(names) or "").endswith("k019: 0% of 60, before 100%; and 10 more")
    assert named([]) is None
