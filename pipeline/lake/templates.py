"""Outlets' templates from run to run: each run begins with what the one before it left, and writes its own.

A segment holds all templates that its shard began with or learned, so the newest run has nearly all;
an outlet that has moved to another shard or was not in that run is looked up in those before, up to a limit.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import groupby

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.lake.segment import read_segments
from pipeline.lake.store import Store
from pipeline.model import Run
from pipeline.segments import TEMPLATES, segment_key

_PREFIX = "templates/run="
_RUNS_BACK = 8


def templates_before(lake: Store, run: Run, outlets: Collection[str] | None = None) -> pa.Table:
    """segments.TEMPLATES of these outlets (None: of all) as the runs before this one left them, by outlet."""
    return _newest(lake, segment_key("templates", run.run_id, ""), outlets)


def templates_after(lake: Store, run: Run) -> pa.Table:
    """segments.TEMPLATES of all outlets as this run left them, by outlet."""
    return _newest(lake, segment_key("templates", run.run_id, "\U0010ffff"), None)


def _newest(lake: Store, end: str, outlets: Collection[str] | None) -> pa.Table:
    """The newest row of each outlet among the segments whose keys lie before `end`."""
    keys = [stored.key for stored in lake.list(_PREFIX) if stored.key < end]
    by_run = [list(group) for _, group in groupby(keys, key=lambda key: key.rpartition("/")[0])]
    found = TEMPLATES.empty_table()
    for segments in by_run[: -_RUNS_BACK - 1 : -1]:
        rows = read_segments(lake, TEMPLATES, segments)
        known = pc.is_in(rows["outlet_id"], value_set=found["outlet_id"].combine_chunks())
        rows = rows.filter(pc.invert(known))
        if outlets is not None:
            wanted = pa.array(list(outlets), pa.string())
            rows = rows.filter(pc.is_in(rows["outlet_id"], value_set=wanted))
        found = pa.concat_tables([found, rows])
        if outlets is not None and found.num_rows == len(outlets):
            break
    return found.sort_by("outlet_id")
