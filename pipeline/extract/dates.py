"""Of all times a page states, the first possible one holds, and its source is named."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from pipeline.extract.result import Refused
from pipeline.params import Params
from pipeline.times import in_utc, parse_time

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NO_ZONE = "_no_zone"
_OFFSET_STEP, _LARGEST_OFFSET = 15, 14 * 60  # minutes
# months by their first letters, in the languages of the services' datelines
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan ene", "feb fév fev", "mar mär", "apr abr avr", "may mai", "jun juin", "jul juil",
            "aug ago aoû", "sep", "oct okt", "nov", "dec dic déc dez",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_DAY = re.compile(
    r"(?:(?P<before>\d{1,2})\.? )?\b(?P<month>[^\W\d_]{3,9})\b\.?"
    r"(?: (?P<after>\d{1,2})\b)?(?:,? (?P<year>(?:19|20)\d\d))?"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A time as a page states it: `source` names the place, `text` is verbatim."""

    source: str
    text: str


@dataclass(frozen=True, slots=True)
class Stated:
    """A possible time in UTC and where it was read.

    `offset`: minutes from UTC as stated, also by the same time without a zone beside one in UTC, or as
    the outlet's zone has it at that time (then the source ends in `_outlet_zone`); None for a zoneless
    time that counts as UTC (`_no_zone`).
    """

    at: datetime
    source: str
    offset: int | None = None


def choose_time(
    claims: Sequence[Claim],
    now: datetime,
    params: Params,
    zone: tzinfo | None = None,
    until: datetime | None = None,
) -> Stated | None:
    """The first possible time, one with a zone before one without, and of those one that is not after
    `until`; None if nothing is stated.

    A zoneless time is the outlet's (`zone`), or UTC where that is not known. Raises `Refused`
    (impossible_date) if times are stated and none of them is possible: the day does not exist, lies
    after `now` plus `params.future_tolerance_seconds`, or before `params.earliest_year`.
    """
    possible: list[Stated] = []
    impossible: list[str] = []
    for claim in claims:
        try:
            at = parse_time(claim.text)
            zoned = at.replace(tzinfo=zone) if at and zone and not at.tzinfo else at
            aware = in_utc(zoned) if zoned else None
        except ValueError:
            impossible.append(f"{claim.source} says {claim.text[:40]!r}, a day that does not exist")
            continue
        if at is None or zoned is None or aware is None:
            continue
        suffix = "" if at.tzinfo else "_outlet_zone" if zone else _NO_ZONE
        if problem := _problem(aware, now, params):
            impossible.append(f"{claim.source} says {claim.text[:40]!r}, {problem}")
        elif aware != _EPOCH:  # what a CMS prints for an empty field
            possible.append(Stated(aware, claim.source + suffix, _offset(zoned)))
    if not possible and impossible:
        raise Refused("impossible_date", "; ".join(impossible))
    best = min(possible, key=lambda stated: _doubts(stated, until), default=None)
    return replace(best, offset=_wall_clock(best, possible)) if best and best.offset == 0 else best


def _doubts(stated: Stated, until: datetime | None) -> tuple[bool, bool]:
    return stated.source.endswith("_zone"), until is not None and stated.at > until


def _wall_clock(best: Stated, possible: Sequence[Stated]) -> int | None:
    """The offset of the same moment without a zone, where the page states it too: CMSs declare UTC beside
    the time that they print."""
    for other in possible:
        minutes = round((other.at - best.at).total_seconds() / 60)
        is_offset = minutes % _OFFSET_STEP == 0 and 0 < abs(minutes) <= _LARGEST_OFFSET
        is_day = other.at.time() == time()  # a date alone
        if other.offset is None and is_offset and not is_day:
            return minutes
    return best.offset


def dateline_date(dateline: str, published: datetime | None) -> date | None:
    """The day in a dateline ("March 5"), in the year that lies nearest to the publication.

    None if it names no day, or no year and the page was published nobody knows when.
    """
    for found in _DAY.finditer(dateline):
        name = found["month"].lower()
        month = _MONTHS.get(name[:4]) or _MONTHS.get(name[:3])
        day = found["after"] or found["before"]
        if not month or not day or not (found["year"] or published):
            continue
        near = published.date() if published else date(int(found["year"]), 1, 1)
        years = [int(found["year"])] if found["year"] else [near.year - 1, near.year, near.year + 1]
        days = [one for year in years if (one := _day(year, month, int(day)))]
        return min(days, key=lambda one: abs(one - near), default=None)
    return None


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _offset(at: datetime) -> int | None:
    offset = at.utcoffset()
    return None if offset is None else round(offset.total_seconds() / 60)


def _problem(at: datetime, now: datetime, params: Params) -> str | None:
    if at > now + timedelta(seconds=params.future_tolerance_seconds):
        return f"after the run's {now:%Y-%m-%d}"
    if at.year < params.earliest_year:
        return f"before {params.earliest_year}"
    return None
