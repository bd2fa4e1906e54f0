"""Until when a text stood at its address, from what later fetches say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.segments import FETCHES, TIME
from pipeline.story.presence import Presence, presence
from pipeline.story.recalls import find_recalls

START = datetime(2031, 4, 7, 8, tzinfo=UTC)
COLUMNS = ("url", "final_url", "outcome", "reason", "http_status", "fetched_at")


def at(hour: float) -> datetime:
    return START + timedelta(hours=hour)


def found(docs: list[tuple[str, float, float]], fetches: list[dict[str, Any]]) -> Presence:
    """Documents as (url, hour first fetched, hour last fetched)."""
    urls, first, last = zip(*docs, strict=True)
    schema = pa.schema([FETCHES.field(name) for name in COLUMNS])
    return presence(
        pa.array([f"d{n}" for n in range(len(docs))]),
        pa.array(urls, pa.string()),
        pa.array([at(hour) for hour in first], TIME),
        pa.array([at(hour) for hour in last], TIME),
        pa.Table.from_pylist(fetches, schema),
    )


def fetch(url: str, hour: float, status: int = 304, **more: Any) -> dict[str, Any]:
    outcome = {304: "unchanged", 200: "fetched"}.get(status, "quarantined")
    return {"url": url, "outcome": outcome, "http_status": status, "fetched_at": at(hour), **more}


def hours(times: pa.Array) -> list[float | None]:
    return [None if one is None else (one - START) / timedelta(hours=1) for one in times.to_pylist()]


def test_an_unchanged_page_is_seen_again() -> None:
    told = found([("u", 0, 0), ("v", 0, 0)], [fetch("u", 3), fetch("u", 2)])
    assert hours(told.last_seen_at) == [3, 0]
    assert hours(told.gone_at) == hours(told.replaced_at) == [None, None]


def test_another_text_at_the_address_replaces_it() -> None:
    told = found([("u", 0, 0), ("u", 4, 4)], [fetch("u", 2), fetch("u", 6)])
    assert hours(told.last_seen_at) == [2, 6]
    assert hours(told.replaced_at) == [4, None]
    assert told.before.tolist() == [-1, 0]
    dated = told.dated(np.array([0, int(at(3).timestamp() * 1e6)]))
    assert hours(dated.replaced_at) == [3, None]


def test_a_text_that_comes_back_was_not_new() -> None:
    told = found([("u", 0, 8), ("u", 4, 4)], [])
    assert hours(told.replaced_at) == [None, 8]
    assert told.before.tolist() == [-1, -1]


def test_a_page_that_is_gone_may_come_back() -> None:
    docs = [("u", 0, 0), ("v", 0, 5), ("w", 0, 0)]
    told = found(docs, [fetch("u", 2, 404), fetch("u", 4, 410), fetch("v", 3, 404), fetch("w", 2, 500)])
    assert hours(told.gone_at) == [2, None, None]


def test_one_answer_that_must_be_said_again_takes_nothing_away() -> None:
    told = found([("u", 0, 0), ("v", 0, 0)], [fetch(url, 2, 404, reason="missing") for url in "uv"])
    assert hours(told.gone_at) == [None, None]
    again = [fetch("u", 2, 404, reason="missing"), fetch("u", 3, 404, reason="gone")]
    assert hours(found([("u", 0, 0)], again).gone_at) == [3]


def test_the_address_asked_for_leads_to_that_of_the_page() -> None:
    led = fetch("short", 0, 200, final_url="u")
    told = found([("u", 0, 0)], [led, fetch("short", 3), fetch("short", 5, 410)])
    assert hours(told.last_seen_at) == [3]
    assert hours(told.gone_at) == [5]


def test_documents_without_an_address_replace_nothing() -> None:
    told = found([("", 0, 0), ("", 4, 4)], [])
    assert hours(told.replaced_at) == [None, None]


def test_notices_of_one_story_take_back_the_one_that_most_of_them_replaced() -> None:
    # copies 0 to 2 of story 0 and 3 of story 1 give way to the notices 4 to 7, story 2; 8 replaced nothing
    killing = np.array([False] * 4 + [True] * 5)
    before = np.array([-1, -1, -1, -1, 0, 1, 3, -1, -1])
    docs, stories = find_recalls(killing, np.array([0, 0, 0, 1, 2, 2, 2, 2, 3]), before)
    assert docs.tolist() == [4, 5, 6, 7]
    assert stories.tolist() == [0] * 4
