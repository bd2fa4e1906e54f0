"""Two versions of a table are compared row by row through their key, in Arrow, never in Python loops."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True, slots=True)
class Changes:
    """Rows of a table `before` and `after` by their key.

    `new`, `gone`: rows whose key the other has not. `old`, `common`: rows with one key, in the same order;
    `differs`: of each column, the key aside, bool[len(common)].
    """

    new: pa.Table
    gone: pa.Table
    old: pa.Table
    common: pa.Table
    differs: dict[str, pa.ChunkedArray]

    def changed(self) -> pa.Array:
        """Which common rows differ in any column, bool[len(common)]."""
        some = pa.repeat(pa.scalar(False), self.common.num_rows)
        for differs in self.differs.values():
            some = pc.or_(some, differs)
        return some


def compare(before: pa.Table, after: pa.Table, key: str) -> Changes:
    """Compare two tables of one schema of plain columns and lists of strings; `key` is unique in each."""
    place = pc.index_in(after[key], value_set=before[key])
    common = after.filter(pc.is_valid(place))
    old = before.take(place.drop_null())
    return Changes(
        new=after.filter(pc.is_null(place)),
        gone=before.filter(pc.invert(pc.is_in(before[key], value_set=after[key]))),
        old=old,
        common=common,
        differs={name: _differs(old[name], common[name]) for name in after.column_names if name != key},
    )


def count_changed(before: pa.Table, after: pa.Table, key: str) -> int:
    """How many keys are new, gone, or have another value in any column; arguments as in `compare`."""
    found = compare(before, after, key)
    return int(found.new.num_rows + found.gone.num_rows + (pc.sum(found.changed()).as_py() or 0))


def _differs(a: pa.ChunkedArray, b: pa.ChunkedArray) -> pa.ChunkedArray:
    """True where the values differ; null equals null only."""
    if pa.types.is_list(a.type):
        lengths = pc.not_equal(pc.list_value_length(a), pc.list_value_length(b))
        return pc.or_(lengths, pc.not_equal(_joined(a), _joined(b)))
    return pc.coalesce(pc.not_equal(a, b), pc.xor(pc.is_null(a), pc.is_null(b)))


def _joined(lists: pa.ChunkedArray) -> pa.ChunkedArray:
    # binary_join has no kernel for elements that are declared not null
    return pc.binary_join(lists.cast(pa.list_(pa.string())), "\x1f")
