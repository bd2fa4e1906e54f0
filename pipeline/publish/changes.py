"""Two versions of a table are compared row by row through their key, in Arrow, never in Python loops."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def count_changed(before: pa.Table, after: pa.Table, key: str) -> int:
    """How many keys are new, gone, or have another value in any column.

    Both tables have one schema of plain columns and lists of strings; `key` is unique in each.
    """
    place = pc.index_in(after[key], value_set=before[key])
    common = after.filter(pc.is_valid(place))
    old = before.take(place.drop_null())
    new = after.num_rows - common.num_rows
    gone = before.num_rows - common.num_rows
    differs = pa.repeat(pa.scalar(False), common.num_rows)
    for column in after.column_names:
        differs = pc.or_(differs, _differs(old[column], common[column]))
    return int(new + gone + (pc.sum(differs).as_py() or 0))


def _differs(a: pa.ChunkedArray, b: pa.ChunkedArray) -> pa.ChunkedArray:
    """True where the values differ; null equals null only."""
    if pa.types.is_list(a.type):
        lengths = pc.not_equal(pc.list_value_length(a), pc.list_value_length(b))
        return pc.or_(lengths, pc.not_equal(_joined(a), _joined(b)))
    return pc.coalesce(pc.not_equal(a, b), pc.xor(pc.is_null(a), pc.is_null(b)))


def _joined(lists: pa.ChunkedArray) -> pa.ChunkedArray:
    # binary_join has no kernel for elements that are declared not null
    return pc.binary_join(lists.cast(pa.list_(pa.string())), "\x1f")
