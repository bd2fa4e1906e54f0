"""Which of the declared foreign keys a published release breaks, asked with nothing but its files."""

from __future__ import annotations

from pipeline.lake.store import Store
from pipeline.publish.reader import read_table
from pipeline.schema import TABLES


def broken_references(lake: Store) -> dict[str, int]:
    """Rows that refer to nothing, by table and columns."""
    broken = {}
    for table in TABLES:
        for key in table.foreign_keys:
            rows = read_table(lake, table.name, columns=key.columns).drop_null()
            parent = read_table(lake, key.table, columns=key.parent).to_pylist()
            known = {tuple(row.values()) for row in parent}
            strange = [row for row in rows.to_pylist() if tuple(row.values()) not in known]
            if strange:
                broken[f"{table.name}: {', '.join(key.columns)}"] = len(strange)
    return broken
