"""A date as somebody wrote it, in UTC; what no calendar has is told apart from what cannot be read."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from dateutil import parser as dateutil_parser

_ISO = re.compile(r"\d{4}-\d\d-\d\d(?!\d)")
# RFC 5322's obsolete zones: the ones US sites write and dateutil does not know
_US_ZONES = {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}


class ImpossibleDateError(ValueError):
    """It is a date by its form, but no calendar has that day or hour."""


def parse_time(text: str) -> datetime | None:
    """ISO 8601, else whatever dateutil can read with a year; None if it is no date.

    Without a zone it is UTC; a date alone is midnight. Raises `ImpossibleDateError`.
    """
    text = text.strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        if _ISO.match(text):
            _check_day(text[:10])
        read = _free(text)
        if read is None:
            return None
        moment = read
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ImpossibleDateError(text) from None


def _check_day(day: str) -> None:
    try:
        datetime.fromisoformat(day)
    except ValueError as error:
        raise ImpossibleDateError(f"{day}: {error}") from None


def _free(text: str) -> datetime | None:
    try:
        # an explicit default: dateutil would fill what is missing from the machine's clock
        moment = dateutil_parser.parse(text, default=datetime(1, 1, 1), tzinfos=_zone)
    except OverflowError:
        return None
    except dateutil_parser.ParserError as error:
        if isinstance(error.__cause__, ValueError):  # read as a date, refused by the calendar
            raise ImpossibleDateError(str(error)) from None
        return None
    return None if moment.year == 1 else moment


def _zone(name: str | None, offset: int | None) -> int | None:
    """Seconds east of UTC; None, which leaves the date without a zone, for names we do not know."""
    if offset is not None:
        return offset
    return _US_ZONES[name] * 3600 if name in _US_ZONES else None
