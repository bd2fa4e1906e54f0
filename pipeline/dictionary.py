"""The data dictionary says what the code says: `docs/tables.md` is this module's output, word for word.

`python -m pipeline.dictionary > docs/tables.md` after each change of a schema; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from pipeline.columns import SCHEMA_VERSION, Table
from pipeline.foreign_keys import ForeignKey
from pipeline.schema import TABLES

_HEAD = f"""\
<!-- Written by `python -m pipeline.dictionary` from pipeline/schema.py; not by hand. -->

# The published tables

Schema version {SCHEMA_VERSION}. Every file is written from the schema given here, never from an inferred
one, so all files of a table have the same columns in the same order. Times are UTC. "Null" says whether
a value may be missing; "refers to" holds for every row where it is not. Key, references and the schema's
digest also stand in each file's metadata, description, since and field id with its fields. How to read the
tables: [analysts.md](analysts.md).

`seen_day` is no column of the files: it stands in the path (`seen_day=2026-03-05`), and readers that know
Hive partitioning add it. It is a date."""

_WORDS: dict[pa.DataType, str] = {
    pa.string(): "text",
    pa.int16(): "integer (16 bit)",
    pa.int32(): "integer (32 bit)",
    pa.int64(): "integer (64 bit)",
    pa.float32(): "number (32 bit)",
    pa.float64(): "number (64 bit)",
    pa.bool_(): "true or false",
    pa.date32(): "day",
    pa.timestamp("us", tz="UTC"): "time (UTC, microseconds)",
}


def dictionary() -> str:
    """The data dictionary of `schema.TABLES` as Markdown."""
    return "\n\n".join([_HEAD, *(section for table in TABLES for section in _sections(table))]) + "\n"


def in_words(kind: pa.DataType) -> str:
    """A type as a person would say it. Raises `KeyError` for one that no table has had so far."""
    if pa.types.is_list(kind):
        return f"list of {in_words(kind.value_type)}"
    if pa.types.is_struct(kind):
        return f"record of {', '.join(f'`{field.name}` {in_words(field.type)}' for field in kind)}"
    return _WORDS[kind]


def _sections(table: Table) -> Iterator[str]:
    yield f"## {table.name}\n\n{table.about}"
    yield "\n".join(
        [
            f"- Key: {_names(table.key)}",
            *(f"- {_names(key.columns)} refers to {_parent(key)}" for key in table.foreign_keys),
            f"- Sorted by: {_names(table.sort)}{', within each partition' if table.partitioned else ''}",
            f"- Partitioned by: {_partition(table)}",
            f"- Rows in a row group: {table.row_group:,}",
            f"- Files: `{table.prefix}/`",
        ]
    )
    yield "\n".join(
        ["| field | type | null | what it says | since |", "|---|---|---|---|---|", *_rows(table)]
    )


def _rows(table: Table) -> Iterator[str]:
    for field in table.schema:
        about, since = (field.metadata[key].decode() for key in (b"description", b"since"))
        cells = f"`{field.name}`", in_words(field.type), "yes" if field.nullable else "no", about, since
        yield f"| {' | '.join(cells)} |"


def _partition(table: Table) -> str:
    if not table.partitioned:
        return "nothing; one file"
    return f"`seen_day`, the UTC day {table.day}"


def _parent(key: ForeignKey) -> str:
    return f"[{key.table}](#{key.table}): {_names(key.parent)}"


def _names(columns: tuple[str, ...]) -> str:
    return ", ".join(f"`{column}`" for column in columns)


if __name__ == "__main__":
    print(dictionary(), end="")
