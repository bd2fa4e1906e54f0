"""What a published table is made of: columns that each say what they hold and since when."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import count

import pyarrow as pa

from pipeline.foreign_keys import FOREIGN_KEYS, ForeignKey

SCHEMA_VERSION = 1
SINCE = "0.1.0"

NARROW_ROW_GROUP = 122_880
WIDE_ROW_GROUP = 4_096  # bodies: small groups keep a look-up of one story at some 10 ms

FIELD_ID = "PARQUET:field_id"
_WITHIN = 1_000  # more columns than any table will have


@dataclass(frozen=True, slots=True)
class Table:
    """A published table: its key, its order in the file, and whether it is split by `seen_day`, the UTC day
    `day`. `version` of its schema; `superseded`: the one before it, while that is published as well."""

    name: str
    about: str
    key: tuple[str, ...]
    sort: tuple[str, ...]
    schema: pa.Schema
    partitioned: bool = True
    day: str = "on which the story was first seen"
    row_group: int = NARROW_ROW_GROUP
    version: int = SCHEMA_VERSION
    superseded: Superseded | None = None

    @property
    def prefix(self) -> str:
        """Where its files lie: `stories@1` beside `stories`, under the same table."""
        return f"tables/{self.name.partition('@')[0]}/schema={self.version}"

    @property
    def foreign_keys(self) -> tuple[ForeignKey, ...]:
        """Which of its columns name rows of other tables."""
        return FOREIGN_KEYS.get(self.name, ())

    def schema_sha256(self) -> str:
        """A digest over names, types and nullability."""
        return schema_sha256(self.schema)

    def metadata(self) -> dict[str, str]:
        """What a file of the table says of it."""
        return {
            "wirefold.table": self.name,
            "wirefold.schema_version": str(self.version),
            "wirefold.schema_sha256": self.schema_sha256(),
            "wirefold.key": json.dumps(self.key),
            "wirefold.foreign_keys": json.dumps([asdict(key) for key in self.foreign_keys]),
        }


@dataclass(frozen=True, slots=True)
class Superseded:
    """The schema that a table had before a breaking change. `table` is named `<name>@<its version>`; `rows`
    gives its rows for some of the new ones, one for one and in their order."""

    table: Table
    rows: Callable[[pa.Table], pa.Table]


def published(tables: tuple[Table, ...]) -> tuple[Table, ...]:
    """The tables, and those schemas of them that are superseded and published as well."""
    return (*tables, *(table.superseded.table for table in tables if table.superseded))


def schema_sha256(schema: pa.Schema) -> str:
    """A digest over names, types and nullability, metadata aside."""
    text = schema.to_string(show_field_metadata=False, show_schema_metadata=False)
    return hashlib.sha256(text.encode()).hexdigest()


def with_ids(schema: pa.Schema) -> pa.Schema:
    """The schema with Parquet field ids, by which Iceberg knows columns: a column's place, for a column is
    only ever added last; what lies within column k has k thousand and one and so on, outer before inner."""
    return pa.schema(
        [_numbered(field, at, count(_WITHIN * at + 1)) for at, field in enumerate(schema, start=1)]
    )


def _numbered(field: pa.Field, number: int, within: Iterator[int]) -> pa.Field:
    kind = field.type
    if pa.types.is_list(kind):
        kind = pa.list_(_numbered(kind.value_field, next(within), within))
    elif pa.types.is_struct(kind):
        kind = pa.struct([_numbered(inner, next(within), within) for inner in kind])
    return field.with_type(kind).with_metadata({**(field.metadata or {}), FIELD_ID: str(number)})


def field(name: str, kind: pa.DataType, about: str, null: bool = False, since: str = SINCE) -> pa.Field:
    """A column that always has a value, with its description."""
    return pa.field(name, kind, nullable=null, metadata={"description": about, "since": since})


def maybe(name: str, kind: pa.DataType, about: str) -> pa.Field:
    """A column that can be null."""
    return field(name, kind, about, null=True)
