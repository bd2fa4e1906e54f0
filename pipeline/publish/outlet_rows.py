"""The published tables about outlets: what each contributed, and the layouts of its pages.

Pure: Arrow in, Arrow out, every table in its declared schema.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.model import Outlet
from pipeline.publish.accounts import by_reason
from pipeline.schema import OUTLETS, TEMPLATES
from pipeline.segments import STRING, TIME

_LAYOUT_COLUMNS = ("layout", "version", "learned_at", "changed_at", "pages", "checked")
# columns of schema.RUNS that tell of a visit, by their names in schema.OUTLETS
_VISIT = {
    "state": "state",
    "reason": "state_reason",
    "started_at": "asked_at",
    "latency_median_ms": "latency_median_ms",
    "latency_slowest_ms": "latency_slowest_ms",
}
_OUTLET_COUNTS = pa.schema(
    [("outlet_id", STRING), ("n", pa.int64()), ("first", TIME), ("last", TIME), ("shared", pa.int64())]
)


def outlet_counts(copies: pa.Table, story: pa.Table) -> pa.Table:
    """One row an outlet: outlet_id, its republications, first and last seen, and how many of them are of
    stories that another outlet ran too (`shared`). `story`: the stories of the copies."""
    several = story.filter(pc.greater(story["n_outlets"], 1))["story_id"].combine_chunks()
    shared = pc.is_in(copies["story_id"].combine_chunks(), value_set=several).cast(pa.int64())
    counted = copies.select(["outlet_id", "first_seen_at"]).append_column("shared", shared)
    found = counted.group_by("outlet_id").aggregate(
        [("outlet_id", "count"), ("first_seen_at", "min"), ("first_seen_at", "max"), ("shared", "sum")]
    )
    names = ["outlet_id", "outlet_id_count", "first_seen_at_min", "first_seen_at_max", "shared_sum"]
    return found.select(names).rename_columns(_OUTLET_COUNTS.names).cast(_OUTLET_COUNTS)


def last_visits(runs: pa.Table, before: pa.Table | None) -> pa.Table:
    """How each outlet stood in the last run that has a row of it: outlet_id and the columns of schema.OUTLETS
    that tell of that. `runs`: rows of schema.RUNS; `before`: schema.OUTLETS of runs before them."""
    names = ["outlet_id", *_VISIT.values()]
    found = runs.select(["outlet_id", *_VISIT]).rename_columns(names)
    if before is not None:
        stood = before.select(names)
        found = pa.concat_tables([found, stood.filter(pc.is_valid(stood["asked_at"])).cast(found.schema)])
    found = found.sort_by([("outlet_id", "ascending"), ("asked_at", "descending")])
    first = np.unique(np.asarray(found["outlet_id"].to_pylist(), np.str_), return_index=True)[1]
    return found.take(pa.array(first))


def outlet_rows(
    outlets: Sequence[Outlet], counts: Sequence[pa.Table], quarantine: pa.Table, visits: pa.Table
) -> pa.Table:
    """schema.OUTLETS: the registry's outlets and those that only the input names.

    `counts`: what `outlet_counts` gave for the parts of the republications; `visits`: what `last_visits` did.
    """
    added = pa.concat_tables([_OUTLET_COUNTS.empty_table(), *counts]).group_by("outlet_id")
    totals = added.aggregate([("n", "sum"), ("first", "min"), ("last", "max"), ("shared", "sum")])
    found = {row["outlet_id"]: row for row in totals.to_pylist()}
    reasons = zip(quarantine["outlet_id"].to_pylist(), quarantine["reason"].to_pylist(), strict=True)
    held = by_reason(Counter(reasons))
    stood = {row["outlet_id"]: row for row in visits.to_pylist()}
    extracted = quarantine.filter(pc.equal(quarantine["stage"], "extract")).group_by(["outlet_id", "url"])
    unread = Counter(extracted.aggregate([])["outlet_id"].to_pylist())
    known = {outlet.outlet_id: outlet for outlet in outlets}
    rows = [
        _outlet_row(
            known.get(name) or Outlet(name, name, name), found.get(name), held.get((name,), []), unread[name]
        )
        | stood.get(name, {})
        for name in sorted(known.keys() | found.keys() | {name for (name,) in held})
    ]
    return pa.Table.from_pylist(rows, OUTLETS.schema)


def template_rows(templates: pa.Table) -> pa.Table:
    """schema.TEMPLATES: each layout of the outlets' templates (segments.TEMPLATES)."""
    rows = [
        {
            "outlet_id": outlet["outlet_id"],
            **{name: layout[name] for name in _LAYOUT_COLUMNS},
            "state": _state_of(outlet, layout),
            "agreement": layout["agreed"] / layout["checked"] if layout["checked"] else None,
        }
        for outlet in templates.drop_columns("blocks").to_pylist()
        for layout in outlet["layouts"]
    ]
    return pa.Table.from_pylist(rows, TEMPLATES.schema)


def _state_of(outlet: dict[str, Any], layout: dict[str, Any]) -> str:
    if layout["changed_at"]:
        return "changed"
    return "learning" if outlet["doubt"] else "trusted"


def _outlet_row(
    outlet: Outlet, counted: dict[str, Any] | None, held: list[dict[str, Any]], unread: int
) -> dict[str, object]:
    published = counted["n_sum"] if counted else 0
    return {
        "outlet_id": outlet.outlet_id,
        "domain": outlet.domain,
        "name": outlet.name,
        "call_sign": outlet.call_sign,
        "owner_group": outlet.owner_group,
        "market": outlet.market,
        "network": outlet.network,
        "first_seen_at": counted["first_min"] if counted else None,
        "last_seen_at": counted["last_max"] if counted else None,
        "n_republications": published,
        "duplicate_share": counted["shared_sum"] / published if counted else 0.0,
        "quarantined": sum(one["pages"] for one in held),
        "quarantined_by_reason": held,
        "extraction_ok_share": published / (published + unread) if published + unread else None,
    }
