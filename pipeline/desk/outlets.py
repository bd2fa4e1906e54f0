"""The outlets of a release: how their last runs went, what they repeat, how long nothing new came."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.desk.shelf import Desk, files_of, whole
from pipeline.publish.manifest import Manifest
from pipeline.publish.reader import read_files

_RUNS_SHOWN = 24
_RUN = ("run_id", "outlet_id", "state", "reason", "started_at", "published", "quarantined")


def outlets(desk: Desk, manifest: Manifest) -> dict[str, Any]:
    """A row an outlet: its row of `outlets`, its last runs (oldest first) and `hours_silent`, from its last
    new republication to the newest run; None for one that never had any."""
    runs = _runs(desk, manifest)
    of_outlet: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for run in runs.to_pylist():
        of_outlet[run["outlet_id"]].append(run)
    now = max((run["started_at"] for rows in of_outlet.values() for run in rows), default=manifest.created_at)
    rows = []
    for outlet in whole(desk, manifest, "outlets").to_pylist():
        last = outlet["last_seen_at"]
        rows.append(
            outlet
            | {
                "runs": of_outlet[outlet["outlet_id"]][-_RUNS_SHOWN:],
                "hours_silent": (now - last).total_seconds() / 3600 if last else None,
            }
        )
    return {"now": now, "rows": rows}


def _runs(desk: Desk, manifest: Manifest) -> pa.Table:
    """The newest runs, at least _RUNS_SHOWN where there are so many, oldest first."""
    parts = [read_files(desk.lake, "runs", [], _RUN)]
    seen: set[str] = set()
    for file in files_of(manifest, "runs"):
        parts.append(desk.shelf.get(file, "runs", partial(read_files, desk.lake, "runs", [file], _RUN)))
        seen |= set(pc.unique(parts[-1]["run_id"]).to_pylist())
        if len(seen) >= _RUNS_SHOWN:
            break
    return pa.concat_tables(parts).sort_by([("started_at", "ascending"), ("run_id", "ascending")])
