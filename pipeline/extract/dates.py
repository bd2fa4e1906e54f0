"""Of all times a page states, the first possible one holds, and its source is named."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from dateutil import parser as dateutil_parser

from pipeline.extract.result import Refused
from pipeline.params import Params

# North American abbreviations in hours; others are ambiguous and count as no zone
_ZONES = {
    "EST": -5,
    "EDT": -4,
    "CST": -6,
    "CDT": -5,
    "MST": -7,
    "MDT": -6,
    "PST": -8,
    "PDT": -7,
    "UTC": 0,
    "GMT": 0,
    "Z": 0,
}
_YEAR = re.compile(r"(?<!\d)(?:1[5-9]|2\d)\d\d(?!\d)")
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?!\d)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SHORT_OFFSET = re.compile(r"([+-]\d\d)$")
_LABEL = re.compile(r"^(?:(?:last )?(?:updated|published|posted|modified)(?: on| at)?:?\s+)+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Claim:
    """A time as a page states it: `source` names the place, `text` is verbatim."""

    source: str
    text: str


@dataclass(frozen=True, slots=True)
class Stated:
    """A possible time in UTC and where it was read; `_no_zone` ends the source of a zoneless one."""

    at: datetime
    source: str


def choose_time(claims: Sequence[Claim], now: datetime, params: Params) -> Stated | None:
    """The first possible time, one with a zone before one without; None if nothing is stated.

    A zoneless time is taken as UTC. Raises `Refused` (impossible_date) if times are stated and none
    of them is possible: the day does not exist, lies after `now` plus
    `params.future_tolerance_seconds`, or before `params.earliest_year`.
    """
    possible: list[Stated] = []
    impossible: list[str] = []
    for claim in claims:
        try:
            at = parse_time(claim.text)
        except ValueError:
            impossible.append(f"{claim.source} says {claim.text[:40]!r}, a day that does not exist")
            continue
        if at is None:
            continue
        source = claim.source if at.tzinfo else f"{claim.source}_no_zone"
        aware = at if at.tzinfo else at.replace(tzinfo=UTC)
        if problem := _problem(aware, now, params):
            impossible.append(f"{claim.source} says {claim.text[:40]!r}, {problem}")
        elif aware != _EPOCH:  # what a CMS prints for an empty field
            possible.append(Stated(aware.astimezone(UTC), source))
    if not possible and impossible:
        raise Refused("impossible_date", "; ".join(impossible))
    return min(possible, key=lambda stated: stated.source.endswith("_no_zone"), default=None)


def parse_time(text: str) -> datetime | None:
    """A time with year, month and day, aware if the text names a zone; None if it is no such text.

    Raises `ValueError` for a date that cannot exist (30 February). ISO 8601 first, then dateutil;
    whatever leaves the day open is not a date. `email.utils` is not asked: it takes
    "January 5, 2017 3:45 PM EST" for a quarter to four in the morning.
    """
    text = _LABEL.sub("", " ".join(text.split()))[:80]
    iso = _ISO.match(text)
    if not iso and not _YEAR.search(text):
        return None
    try:
        return datetime.fromisoformat(_SHORT_OFFSET.sub(r"\1:00", text) if "T" in text else text)
    except ValueError:
        if iso:
            date(int(iso[1]), int(iso[2]), int(iso[3]))  # raises where no calendar has that day
    return _free(text)


def _free(text: str) -> datetime | None:
    """dateutil fills what is missing from a default, so two defaults tell what the text itself says."""
    defaults = (datetime(2000, 1, 1), datetime(2004, 2, 2))
    try:
        one, other = (dateutil_parser.parse(text, default=day, tzinfos=_offset) for day in defaults)
    except OverflowError:
        return None
    except dateutil_parser.ParserError as error:
        if isinstance(error.__cause__, ValueError):  # read as a date, refused by the calendar
            raise
        return None
    return one if one == other else None


def _offset(name: str | None, seconds: int | None) -> int | None:
    return _ZONES[name] * 3600 if name in _ZONES else seconds


def _problem(at: datetime, now: datetime, params: Params) -> str | None:
    if at > now + timedelta(seconds=params.future_tolerance_seconds):
        return f"after the run's {now:%Y-%m-%d}"
    if at.year < params.earliest_year:
        return f"before {params.earliest_year}"
    return None
