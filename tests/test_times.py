"""Times in the forms that pages, feeds and tables write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.times import in_utc, parse_time


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-05T09:30:00-0500", "2026-03-05T09:30:00-05:00"),
        ("2026-03-05T09:30-500", "2026-03-05T09:30:00-05:00"),
        ("2026-03-05T09:30:00.000Z", "2026-03-05T09:30:00+00:00"),
        ("Thu, 05 Mar 2026 10:00:00 GMT", "2026-03-05T10:00:00+00:00"),
        ("March 5, 2026 3:45 PM EST", "2026-03-05T15:45:00-05:00"),
        ("Published 3:45 pm CST, Thu March 5, 2026", "2026-03-05T15:45:00-06:00"),
        ("Dec. 3, 2025, 4:05 p.m. ET", "2025-12-03T16:05:00"),
        ("2026-03-05", "2026-03-05T00:00:00"),
        ("yesterday", None),
        ("March 2026", None),
        ("Thursday at 5", None),
        ("1772700000", None),
        ("March 5, 2026 at 3:45:10 PM UTC", "2026-03-05T15:45:10+00:00"),
        ("", None),
        ("n/a", None),
    ],
)
def test_forms_of_times(text: str, expected: str | None) -> None:
    assert parse_time(text) == (datetime.fromisoformat(expected) if expected else None)


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-30",
        "2026-13-01T00:00:00Z",
        "February 30, 2026",
        "0000-00-00",
        "Mon, 30 Feb 2026 10:00:00 GMT",
    ],
)
def test_days_that_do_not_exist(text: str) -> None:
    with pytest.raises(ValueError, match=r"range|month"):
        parse_time(text)


@given(
    st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(microsecond=0)),
    st.integers(-12 * 60, 14 * 60),
)
def test_a_zoned_time_is_read_back(at: datetime, minutes: int) -> None:
    aware = at.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert parse_time(aware.isoformat()) == aware
    assert parse_time(aware.strftime("%a, %d %b %Y %H:%M:%S %z")) == aware


@given(st.text(max_size=60))
def test_any_text_is_a_time_or_none_or_impossible(text: str) -> None:
    for value in (text, f"2026 {text}", f"March 5, 2026 {text}"):
        try:
            parse_time(value)
        except ValueError:
            continue


def test_without_a_zone_it_is_utc() -> None:
    assert in_utc(datetime(2026, 3, 5, 9)) == datetime(2026, 3, 5, 9, tzinfo=UTC)
    assert in_utc(datetime(2026, 3, 5, 9, tzinfo=timezone(timedelta(hours=2)))).hour == 7
    with pytest.raises(ValueError, match="range"):
        in_utc(datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=2))))
