"""A time as somebody wrote it; what no calendar has is told apart from what cannot be read."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from dateutil import parser as dateutil_parser

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
_SHORT_OFFSET = re.compile(r"([+-]\d\d)$")
_ODD_OFFSET = re.compile(r"(?<=:\d\d)([+-])(\d)(\d\d)$")  # "08:14-500"
_LABEL = re.compile(r"^(?:(?:last )?(?:updated|published|posted|modified)(?: on| at)?:?\s+)+", re.IGNORECASE)


def parse_time(text: str) -> datetime | None:
    """A time with year, month and day, aware if the text names a zone; None if it is no such text.

    Raises `ValueError` for a date that cannot exist (30 February). ISO 8601 first, then dateutil;
    whatever leaves the day open is not a date. `email.utils` is not asked: it takes
    "January 5, 2017 3:45 PM EST" for a quarter to four in the morning.
    """
    text = _ODD_OFFSET.sub(r"\g<1>0\2:\3", _LABEL.sub("", " ".join(text.split()))[:80])
    iso = _ISO.match(text)
    if not iso and not _YEAR.search(text):
        return None
    try:
        return datetime.fromisoformat(_SHORT_OFFSET.sub(r"\1:00", text) if "T" in text else text)
    except ValueError:
        if iso:
            date(int(iso[1]), int(iso[2]), int(iso[3]))  # raises where no calendar has that day
    return _free(text)


def in_utc(moment: datetime) -> datetime:
    """The moment in UTC; one without a zone is UTC. Raises `ValueError` outside the years 1 to 9999."""
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError as error:
        raise ValueError(f"{moment}: {error}") from None


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
