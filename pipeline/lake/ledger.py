"""The history of story ids: append-only, one file a run; the registry is what its replay gives."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pyarrow as pa

from pipeline.lake.segment import read_segment, to_parquet
from pipeline.lake.store import Store
from pipeline.model import Run
from pipeline.segments import LEDGER

_PREFIX = "ledger/run="
_READERS = 8  # a file is a request that mostly waits


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
    with ThreadPoolExecutor(_READERS) as pool:
        parts = pool.map(partial(_events, lake), runs)
        return pa.concat_tables([LEDGER.empty_table(), *parts])


def _events(lake: Store, run_id: str) -> pa.Table:
    events = read_segment(lake, ledger_key(run_id))
    if "seen_day" not in events.column_names:  # written before days were kept: the run's own was the day
        day = pa.scalar(Run.of(run_id).now.date(), pa.date32())
        events = events.append_column("seen_day", pa.repeat(day, events.num_rows))
    return events.cast(LEDGER)
