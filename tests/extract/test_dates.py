"""Of the times a page states the best possible one is taken, in UTC, with its source."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pipeline.extract.dates import Claim, Stated, choose_time, dateline_date
from pipeline.extract.result import Refused
from pipeline.params import Params
from tests.extract.sample import RUN

PARAMS = Params()


def choose(*claims: tuple[str, str]) -> Stated | None:
    return choose_time([Claim(*claim) for claim in claims], RUN.now, PARAMS)


def test_a_time_with_a_zone_goes_before_one_without() -> None:
    assert choose(("json_ld", "2026-03-05T09:30:00"), ("meta", "2026-03-05T09:30:00-05:00")) == Stated(
        datetime(2026, 3, 5, 14, 30, tzinfo=UTC), "meta", -300
    )
    assert choose(("json_ld", "2026-03-05T09:30:00")) == Stated(
        datetime(2026, 3, 5, 9, 30, tzinfo=UTC), "json_ld_no_zone"
    )


def test_a_time_without_a_zone_is_the_outlets_own() -> None:
    zone = ZoneInfo("America/Denver")
    claims = [Claim("time_tag", "2026-03-05 07:30")]
    assert choose_time(claims, RUN.now, PARAMS, zone) == Stated(
        datetime(2026, 3, 5, 14, 30, tzinfo=UTC), "time_tag_outlet_zone", -420
    )


def test_the_wall_clock_beside_a_time_in_utc_tells_its_zone() -> None:
    utc = ("json_ld", "2026-03-06T03:08:18Z")
    assert choose(utc, ("meta", "2026-03-05T22:08:18")) == Stated(
        datetime(2026, 3, 6, 3, 8, 18, tzinfo=UTC), "json_ld", -300
    )
    day = choose(("json_ld", "2026-03-06T05:00:00Z"), ("meta", "2026-03-06"))
    assert day is not None
    assert day.offset == 0
    for other in ("2026-03-05T22:01:00", "2026-03-06T03:08:18", "2026-03-04T03:08:18", "2026-03-05"):
        found = choose(utc, ("meta", other))
        assert found is not None
        assert found.offset == 0


def test_a_page_is_not_published_after_it_was_changed() -> None:
    claims = [Claim("json_ld", "2026-03-06T03:08:18Z"), Claim("meta", "2026-03-05T22:08:18Z")]
    later = datetime(2026, 3, 5, 22, 41, tzinfo=UTC)
    for until, source in ((later, "meta"), (None, "json_ld"), (later - timedelta(hours=1), "json_ld")):
        found = choose_time(claims, RUN.now, PARAMS, until=until)
        assert found is not None
        assert found.source == source


@pytest.mark.parametrize(
    ("dateline", "published", "day"),
    [
        ("TELMACH, March 5 (Reuters) -", datetime(2026, 3, 6, tzinfo=UTC), date(2026, 3, 5)),
        ("TELMACH, Dec. 31 (Reuters) -", datetime(2026, 1, 1, tzinfo=UTC), date(2025, 12, 31)),
        ("Puerto Lirio, 5 mar (EFE).-", datetime(2026, 3, 5, tzinfo=UTC), date(2026, 3, 5)),
        ("PORT ASHBY, June 3, 1987 (UPI) --", None, date(1987, 6, 3)),
        ("TELMACH, March 5 (Reuters) -", None, None),
        ("TELMACH, Feb. 30 (Reuters) -", datetime(2026, 3, 6, tzinfo=UTC), None),
        ("Marseille, 5 mars (AFP) -", datetime(2026, 3, 6, tzinfo=UTC), date(2026, 3, 5)),
        ("CALDER (AP) —", datetime(2026, 3, 6, tzinfo=UTC), None),
    ],
)
def test_the_day_of_a_dateline(dateline: str, published: datetime | None, day: date | None) -> None:
    assert dateline_date(dateline, published) == day


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
