"""Of the times a page states the best possible one is taken, in UTC, with its source."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.extract.dates import Claim, Stated, choose_time, parse_time
from pipeline.extract.result import Refused
from pipeline.params import Params
from tests.extract.sample import RUN

PARAMS = Params()


def choose(*claims: tuple[str, str]) -> Stated | None:
    return choose_time([Claim(*claim) for claim in claims], RUN.now, PARAMS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-05T09:30:00-0500", "2026-03-05T09:30:00-05:00"),
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
    ],
)
def test_forms_of_times(text: str, expected: str | None) -> None:
    assert parse_time(text) == (datetime.fromisoformat(expected) if expected else None)


@pytest.mark.parametrize("text", ["2026-02-30", "2026-13-01T00:00:00Z", "February 30, 2026", "0000-00-00"])
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


def test_a_time_with_a_zone_goes_before_one_without() -> None:
    assert choose(("json_ld", "2026-03-05T09:30:00"), ("meta", "2026-03-05T09:30:00-05:00")) == Stated(
        datetime(2026, 3, 5, 14, 30, tzinfo=UTC), "meta"
    )
    assert choose(("json_ld", "2026-03-05T09:30:00")) == Stated(
        datetime(2026, 3, 5, 9, 30, tzinfo=UTC), "json_ld_no_zone"
    )


def test_bounds_of_the_possible() -> None:
    day = timedelta(seconds=PARAMS.future_tolerance_seconds)
    assert choose(("meta", (RUN.now + day).isoformat()))
    assert choose(("meta", f"{PARAMS.earliest_year}-01-01T00:00:00Z"))
    late, early = (RUN.now + day + timedelta(seconds=1)).isoformat(), f"{PARAMS.earliest_year - 1}-12-31"
    for impossible in (late, early, "2026-02-30"):
        with pytest.raises(Refused):
            choose(("json_ld", impossible), ("meta", "soon"))
        fallback = choose(("json_ld", impossible), ("time_tag", "2026-03-05T10:00:00Z"))
        assert fallback is not None
        assert fallback.source == "time_tag"


def test_nothing_stated_is_not_impossible() -> None:
    assert choose() is None
    assert choose(("meta", "1970-01-01T00:00:00Z"), ("time_tag", "two hours ago")) is None
