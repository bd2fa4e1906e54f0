"""The history of story ids: append-only, one file a run; the registry is what its replay gives."""

from __future__ import annotations

import pyarrow as pa

from pipeline.errors import Failed
from pipeline.lake.segment import read_segments, to_parquet
from pipeline.lake.store import Store
from pipeline.segments import LEDGER

_PREFIX = "ledger/"


def ledger_key(run_id: str) -> str:
    return f"{_PREFIX}run={run_id}.parquet"


def append(lake: Store, run_id: str, events: pa.Table) -> bool:
    """Write the run's events (segments.LEDGER) once; False, and nothing written, if they stand there."""
    return lake.put_if_absent(ledger_key(run_id), to_parquet(events))


def check_order(lake: Store, run_id: str) -> None:
    """Raise `Failed` for a new run that lies before one in the ledger: its events would change what
    the later run built on."""
    runs = [
        stored.key.removeprefix(f"{_PREFIX}run=").removesuffix(".parquet") for stored in lake.list(_PREFIX)
    ]
    if runs and run_id not in runs and runs[-1] > run_id:
        raise Failed(f"{lake.url}: run {run_id} lies before run {runs[-1]}, which is done; use a later clock")


def history(lake: Store, before: str | None = None) -> pa.Table:
    """All events in the order of runs; with `before`, only of runs whose id sorts before it."""
    keys = [stored.key for stored in lake.list(_PREFIX)]
    return read_segments(lake, LEDGER, [key for key in keys if before is None or key < ledger_key(before)])
