"""Judgements of people on pairs of documents: append-only, one object each, numbered as they were made.

    judgements/00000001.json

A run sees those that there were when it took its place (lake.order), so later ones change no rerun.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa

from pipeline.lake.order import JUDGEMENTS as PREFIX
from pipeline.lake.order import newest, places
from pipeline.lake.store import Store
from pipeline.model import Run
from pipeline.segments import JUDGEMENTS

_READERS = 8  # an object is a request that mostly waits


def key_of(number: int) -> str:
    return f"{PREFIX}{number:08d}.json"


def append(lake: Store, judgement: dict[str, Any], number: int) -> bool:
    """Write a row of segments.JUDGEMENTS as the judgement of that number; False, and nothing written, if
    there is one already."""
    written = judgement | {"at": judgement["at"].isoformat()}
    text = json.dumps(written, ensure_ascii=False, indent=1)
    return lake.put_if_absent(key_of(number), f"{text}\n".encode())


def read(lake: Store, until: int | None = None) -> pa.Table:
    """All judgements (segments.JUDGEMENTS), or the first `until`, in the order in which they were made."""
    last = newest(lake, PREFIX) if until is None else until
    with ThreadPoolExecutor(_READERS) as pool:
        objects = pool.map(lambda number: json.loads(lake.get(key_of(number))), range(1, last + 1))
        rows = pa.Table.from_pylist(list(objects), pa.schema(_TEXT))
    return rows.cast(JUDGEMENTS)


def judgements_before(lake: Store, run: Run) -> pa.Table:
    """The judgements that there were when the run took its place; all, if it has none yet."""
    seen = [place.judgements for place in places(lake) if place.run_id == run.run_id]
    return read(lake, seen[0] if seen else None)


_TEXT = [pa.field(field.name, pa.string(), nullable=False) for field in JUDGEMENTS]
