"""What an article's first and last lines tell of how it was made: dateline, contributors, copyright."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.extract import lines as kinds
from pipeline.extract.people import contributors_in

# above a dateline may stand a byline, notices, the credit of a picture
_FIRST_LINES = 6


@dataclass(frozen=True, slots=True)
class Imprint:
    """As printed; `dateline_place` is the dateline without its date and service."""

    dateline: str | None = None
    dateline_place: str | None = None
    contributors: tuple[str, ...] = ()
    copyright_line: str | None = None
    copyright_year: int | None = None


def read_imprint(body: Sequence[str], footer: Sequence[str]) -> Imprint:
    """The imprint of an article's lines, and of its closing lines."""
    copyright_line = next((line for line in footer if kinds.COPYRIGHT.match(line)), None)
    year = kinds.YEAR.search(copyright_line) if copyright_line else None
    dateline = next(filter(None, map(kinds.read_dateline, body[:_FIRST_LINES])), None)
    return Imprint(
        dateline=dateline[0] if dateline else None,
        dateline_place=dateline[1] if dateline else None,
        contributors=contributors_in("\n".join(line for line in footer if kinds.names_contributors(line))),
        copyright_line=copyright_line,
        copyright_year=int(year[0]) if year else None,
    )
