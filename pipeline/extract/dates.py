"""Of all times a page states, the first possible one holds, and its source is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pipeline.extract.result import Refused
from pipeline.params import Params
from pipeline.times import in_utc, parse_time

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
            aware = in_utc(at) if at else None
        except ValueError:
            impossible.append(f"{claim.source} says {claim.text[:40]!r}, a day that does not exist")
            continue
        if at is None or aware is None:
            continue
        source = claim.source if at.tzinfo else f"{claim.source}_no_zone"
        if problem := _problem(aware, now, params):
            impossible.append(f"{claim.source} says {claim.text[:40]!r}, {problem}")
        elif aware != _EPOCH:  # what a CMS prints for an empty field
            possible.append(Stated(aware, source))
    if not possible and impossible:
        raise Refused("impossible_date", "; ".join(impossible))
    return min(possible, key=lambda stated: stated.source.endswith("_no_zone"), default=None)


def _problem(at: datetime, now: datetime, params: Params) -> str | None:
    if at > now + timedelta(seconds=params.future_tolerance_seconds):
        return f"after the run's {now:%Y-%m-%d}"
    if at.year < params.earliest_year:
        return f"before {params.earliest_year}"
    return None
