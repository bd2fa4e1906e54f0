"""What a published table is made of: columns that each say what they hold and since when."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import pyarrow as pa

SCHEMA_VERSION = 1
SINCE = "0.1.0"

NARROW_ROW_GROUP = 122_880
WIDE_ROW_GROUP = 4_096  # bodies: small groups keep a look-up of one story at some 10 ms


@dataclass(frozen=True, slots=True)
class Table:
    """A published table: its key, its order in the file, and whether it is split by `seen_day`, the UTC day
    `day`."""

    name: str
    about: str
    key: tuple[str, ...]
    sort: tuple[str, ...]
    schema: pa.Schema
    partitioned: bool = True
    day: str = "on which the story was first seen"
    row_group: int = NARROW_ROW_GROUP

    def schema_sha256(self) -> str:
        """A digest over names, types and nullability."""
        return schema_sha256(self.schema)


def schema_sha256(schema: pa.Schema) -> str:
    """A digest over names, types and nullability, metadata aside."""
    text = schema.to_string(show_field_metadata=False, show_schema_metadata=False)
    return hashlib.sha256(text.encode()).hexdigest()


def field(name: str, kind: pa.DataType, about: str, null: bool = False, since: str = SINCE) -> pa.Field:
    """A column that always has a value, with its description."""
    return pa.field(name, kind, nullable=null, metadata={"description": about, "since": since})


def maybe(name: str, kind: pa.DataType, about: str) -> pa.Field:
    """A column that can be null."""
    return field(name, kind, about, null=True)
