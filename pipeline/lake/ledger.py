"""The history of story ids: append-only, one file a run; the registry is what its replay gives."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from pipeline.lake.segment import read_segments, to_parquet
from pipeline.lake.store import Store
from pipeline.segments import LEDGER

_PREFIX = "ledger/run="


def ledger_key(run_id: str) -> str:
    return f"{_PREFIX}{run_id}.parquet"


def append(lake: Store, run_id: str, events: pa.Table) -> bool:
    """Write the run's events (segments.LEDGER) once; False, and nothing written, if they stand there."""
    return lake.put_if_absent(ledger_key(run_id), to_parquet(events))


def told(lake: Store) -> tuple[str, ...]:
    """The ids of the runs that have their events in the ledger, ascending."""
    return tuple(stored.key.removeprefix(_PREFIX).removesuffix(".parquet") for stored in lake.list(_PREFIX))


def history(lake: Store, runs: Iterable[str]) -> pa.Table:
    """The events of these runs, in this order. Raises `Missing` if one of them has none."""
    return read_segments(lake, LEDGER, map(ledger_key, runs))
