"""How often each credit rule is found, so that a mark which its service gave up is missed.

Times are those at which republications were first seen; the last days are those of `warn_mark_days`
before the run. A rule is missed if it was found in the weeks before, should by its share of the pages
from its first to its last one have been found `warn_mark_pages` times in the last days, and was not.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.model import Run
from pipeline.params import Params
from pipeline.schema import WIRE_RULES
from pipeline.segments import STRING, TIME

# for so many times the last days a mark that is gone is news
_TOLD = 5
_COUNTS = pa.schema(
    [("rule", STRING), ("pages", pa.int64()), ("recent", pa.int64()), ("first", TIME), ("last", TIME)]
)


def recent_since(run: Run, params: Params) -> datetime:
    """When the last days begin."""
    return run.now - timedelta(days=params.warn_mark_days)


def rule_counts(copies: pa.Table, since: datetime) -> pa.Table:
    """One row a rule that was found on some republications: rule, pages, recent, first, last.

    The row without a rule counts all of them.
    """
    evidence = copies["wire_evidence"].combine_chunks()
    on = pc.list_parent_indices(evidence)
    seen = copies["first_seen_at"].combine_chunks()
    every = pa.table({"rule": pa.nulls(copies.num_rows, STRING), "seen": seen})
    found = pa.table({"rule": pc.struct_field(pc.list_flatten(evidence), "rule"), "seen": seen.take(on)})
    rows = pa.concat_tables([every, found])
    recent = pc.greater_equal(rows["seen"], pa.scalar(since, TIME)).cast(pa.int64())
    counted = (
        rows.append_column("recent", recent)
        .group_by("rule")
        .aggregate([("seen", "count"), ("recent", "sum"), ("seen", "min"), ("seen", "max")])
    )
    names = ["rule", "seen_count", "recent_sum", "seen_min", "seen_max"]
    return counted.select(names).rename_columns(_COUNTS.names).cast(_COUNTS)


def rule_rows(rules: pa.Table, counts: Sequence[pa.Table]) -> pa.Table:
    """schema.WIRE_RULES: a row for each of the rules (rule, service, where, weight) and for each other one
    that was found. `counts`: what `rule_counts` gave for the parts of the republications."""
    added = pa.concat_tables([_COUNTS.empty_table(), *counts]).group_by("rule")
    totals = added.aggregate([("pages", "sum"), ("recent", "sum"), ("first", "min"), ("last", "max")])
    found = {row["rule"]: row for row in totals.to_pylist()}
    every = found.pop(None, {})
    known = {row["rule"]: row for row in rules.to_pylist()}
    rows = [
        {"rule": name} | known.get(name, {}) | _counted(found.get(name, {}), every)
        for name in sorted(known.keys() | found.keys())
    ]
    return pa.Table.from_pylist(rows, WIRE_RULES.schema)


def _counted(found: dict[str, Any], every: dict[str, Any]) -> dict[str, object]:
    pages, recent = found.get("pages_sum", 0), found.get("recent_sum", 0)
    return {
        "pages": pages,
        "share": pages / max(every.get("pages_sum", 0), 1),
        "recent_pages": recent,
        "recent_share": recent / max(every.get("recent_sum", 0), 1),
        "first_seen_at": found.get("first_min"),
        "last_seen_at": found.get("last_max"),
    }


def missed_rules(rules: pa.Table, copies: pa.Table, run: Run, params: Params) -> list[str]:
    """The rules that are not found any more. `rules`: schema.WIRE_RULES; `copies`: first_seen_at of
    schema.REPUBLICATIONS."""
    seen = np.sort(copies["first_seen_at"].cast(pa.int64()).to_numpy())
    since = _micros(recent_since(run, params))
    news = since - _TOLD * (_micros(run.now) - since)
    recent = len(seen) - np.searchsorted(seen, since)
    gone = rules.filter(pc.and_(pc.equal(rules["recent_pages"], 0), pc.is_valid(rules["last_seen_at"])))
    gone = gone.filter(pc.is_valid(gone["first_seen_at"]))
    missed = []
    for row in gone.to_pylist():
        first, last = _micros(row["first_seen_at"]), _micros(row["last_seen_at"])
        lived = np.searchsorted(seen, last, "right") - np.searchsorted(seen, first)
        if last >= news and row["pages"] * recent >= params.warn_mark_pages * lived:
            missed.append(row["rule"])
    return missed


def _micros(at: datetime) -> int:
    return int(pa.scalar(at, TIME).cast(pa.int64()).as_py())
