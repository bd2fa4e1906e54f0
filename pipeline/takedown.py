"""What must not be shown any more: taken down for good, from the next release on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import BadInput
from pipeline.lake import takedowns
from pipeline.lake.store import Store
from pipeline.publish.release import read_table
from pipeline.publish.rights import NAMED
from pipeline.urls import normalise_url

_COLUMNS = ("doc_id", "story_id", "outlet_id", "url", "url_normalised")
KINDS = tuple(NAMED)


def take_down(
    lake: Store, kind: str, value: str, *, by: str, at: datetime, why: str
) -> tuple[dict[str, Any], int]:
    """Write a takedown down; gives the row of segments.TAKEDOWNS, and how many republications of the newest
    release it covers. The same kind and value again changes nothing: the first one stands.

    `kind`: one of KINDS; `value`: a URL, a doc_id, a story_id (one that was merged means the story it goes
    on as) or an outlet_id. Raises `BadInput` if the newest release has nothing of that name, or without a
    reason.
    """
    if not why.strip():
        raise BadInput("--why: expected a reason, got nothing")
    if kind == "url":
        value = normalise_url(value)
    covered = _covered(lake, kind, value)
    if not len(covered):
        raise BadInput(f"{value}: no such {kind} in the newest release of {lake.url}")
    ids = covered["doc_id"].to_pylist() if kind in ("url", "story") else []
    takedown_id = f"t_{hashlib.sha256(f'{kind} {value}'.encode()).hexdigest()[:16]}"
    row = {
        "takedown_id": takedown_id,
        "kind": kind,
        "value": value,
        "doc_ids": sorted(ids),
        "by": by,
        "at": at.astimezone(UTC),
        "why": why,
    }
    while True:
        earlier = takedowns.read(lake)
        if said := _same(earlier, takedown_id):
            return said, len(covered)
        if takedowns.append(lake, row, len(earlier) + 1):
            return row, len(covered)


def _covered(lake: Store, kind: str, value: str) -> pa.Table:
    """The republications of the newest release that it names."""
    rows = read_table(lake, "republications", columns=_COLUMNS)
    if kind == "story":
        registry = read_table(lake, "registry", columns=["story_id", "current_story_id"])
        found = registry.filter(pc.equal(registry["story_id"], value))["current_story_id"]
        value = found[0].as_py() if len(found) else value
    covered = rows.filter(pc.equal(rows[NAMED[kind]], value))
    if kind == "url" and not len(covered):  # pages from before a change of what is one URL, 20 us each
        anew = [normalise_url(url) == value for url in rows["url"].to_pylist()]
        covered = rows.filter(pa.array(anew, pa.bool_()))
    return covered


def _same(earlier: pa.Table, takedown_id: str) -> dict[str, Any] | None:
    found: Sequence[dict[str, Any]] = earlier.filter(
        pc.equal(earlier["takedown_id"], takedown_id)
    ).to_pylist()
    return found[0] if found else None
