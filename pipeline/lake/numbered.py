"""What people say of the lake, append-only: one JSON object each, numbered as they were said.

    judgements/00000001.json

Whoever writes the next number first has it; a run sees those that there were when it took its place.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pyarrow as pa

from pipeline.lake.store import Store

_READERS = 8  # an object is a request that mostly waits


def numbered_key(prefix: str, number: int) -> str:
    return f"{prefix}{number:08d}.json"


def append(lake: Store, prefix: str, row: dict[str, Any], number: int) -> bool:
    """Write a row as the object of that number; False, and nothing written, if there is one already."""
    written = {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()
    }
    text = json.dumps(written, ensure_ascii=False, indent=1)
    return lake.put_if_absent(numbered_key(prefix, number), f"{text}\n".encode())


def read(lake: Store, prefix: str, schema: pa.Schema, until: int | None = None) -> pa.Table:
    """All rows of the schema under a prefix, or the first `until`, in the order in which they were said."""
    last = newest(lake, prefix) if until is None else until
    with ThreadPoolExecutor(_READERS) as pool:
        objects = pool.map(
            lambda number: json.loads(lake.get(numbered_key(prefix, number))), range(1, last + 1)
        )
        as_text = [
            field.with_type(pa.string()) if pa.types.is_timestamp(field.type) else field for field in schema
        ]
        rows = pa.Table.from_pylist(list(objects), pa.schema(as_text))
    return rows.cast(schema)


def newest(lake: Store, prefix: str) -> int:
    """The number of the last object under a prefix of numbered ones, 0 without any."""
    last = max((stored.key for stored in lake.list(prefix)), default=f"{prefix}0")
    return int(last.removeprefix(prefix).partition(".")[0])
