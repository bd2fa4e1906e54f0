"""What the desk keeps of a lake between two requests, and how it reads the rest: by key, few row groups.

A release's files never change, so what was read of one is right for ever, also in the releases that carry it
over. What is kept is bounded in bytes; what was not asked for the longest is forgotten first.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from threading import Lock
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline import schema
from pipeline.errors import BadInput
from pipeline.lake.store import Store
from pipeline.publish.manifest import (
    FileEntry,
    Manifest,
    checked_release,
    find_manifest,
    read_latest,
    read_manifest,
)
from pipeline.publish.reader import as_declared, opened, read_files

KEPT_BYTES = 128 << 20
_MANIFESTS = 2  # the newest and the one before it


class Shelf:
    """Tables drawn from files, by the file's key and what was drawn; at most `limit` bytes of them."""

    def __init__(self, limit: int = KEPT_BYTES) -> None:
        self._limit = limit
        self._tables: OrderedDict[tuple[str, str], pa.Table] = OrderedDict()
        self._lock = Lock()
        self.bytes = 0

    def get(self, file: FileEntry, drawn: str, draw: Callable[[], pa.Table]) -> pa.Table:
        """What `draw` makes of the file, once. Two that ask at the same time may both draw it."""
        name = file.key, drawn
        with self._lock:
            if name in self._tables:
                self._tables.move_to_end(name)
                return self._tables[name]
        # a slice or filter may hold on to the whole buffers that it came from
        table = draw().combine_chunks()
        with self._lock:
            if name not in self._tables:
                self._tables[name] = table
                self.bytes += _size(table)
            while self.bytes > self._limit and len(self._tables) > 1:
                self.bytes -= _size(self._tables.popitem(last=False)[1])
        return table


def _size(table: pa.Table) -> int:
    """Bytes of a table and of what holds it, so that empty ones are bounded as well."""
    return int(table.nbytes) + 1024


@dataclass(frozen=True, slots=True)
class Desk:
    """A lake as the pages read it."""

    lake: Store
    shelf: Shelf = field(default_factory=Shelf)
    # what the list of releases says of each, since a manifest may be some megabytes
    lines: dict[str, dict[str, Any]] = field(default_factory=dict)
    _manifests: OrderedDict[str, Manifest] = field(default_factory=OrderedDict)

    def newest(self) -> Manifest:
        """The manifest of the newest release. Raises `BadInput` if there is none."""
        latest = read_latest(self.lake)
        if latest is None:
            raise BadInput("no release in this lake yet: the first run of publish_release makes one")
        if kept := self._manifests.get(latest[0].release):
            return kept
        # by then it may be another one
        newest = read_manifest(self.lake)
        return self._kept(newest) if newest else self.newest()

    def manifest(self, release: str) -> Manifest:
        """A release's manifest. Raises `BadInput` if there is no such release."""
        if kept := self._manifests.get(release):
            return kept
        found = find_manifest(self.lake, checked_release(release))
        if found is None:
            raise BadInput(f"no release {release!r}")
        return self._kept(found)

    def _kept(self, manifest: Manifest) -> Manifest:
        self._manifests[manifest.release] = manifest
        while len(self._manifests) > _MANIFESTS:
            self._manifests.popitem(last=False)
        return manifest


def files_of(manifest: Manifest, table: str) -> tuple[FileEntry, ...]:
    """A table's files, the newest seen_day first."""
    files = manifest.tables[table].files if table in manifest.tables else ()
    return tuple(sorted(files, key=lambda file: file.seen_day or date.min, reverse=True))


def files_of_day(manifest: Manifest, table: str, day: date | None) -> tuple[FileEntry, ...]:
    return tuple(file for file in files_of(manifest, table) if file.seen_day == day)


def may_hold(file: FileEntry, key: str) -> bool:
    """Whether a file, by the sort key of its first and last row, may have this key."""
    first, last = file.sort_min[0], file.sort_max[0]
    return first is not None and last is not None and first <= key <= last


def whole(desk: Desk, manifest: Manifest, table: str) -> pa.Table:
    """A table that is one file and small: outlets, checks, wire_rules."""
    files = files_of(manifest, table)
    if not files:
        return schema.BY_NAME[table].schema.empty_table()
    return desk.shelf.get(files[0], "whole", lambda: read_files(desk.lake, table, files))


def rows_with(
    desk: Desk, files: Iterable[FileEntry], column: str, value: str, columns: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """The rows of these files whose `column` (text, by which the files are sorted first) is `value`; only
    the row groups that may have it are read."""
    found: list[dict[str, Any]] = []
    for file in files:
        declared = schema.BY_NAME[file.table].schema
        names = [name for name in declared.names if columns is None or name in columns or name == column]
        chosen = pa.schema([declared.field(name) for name in names])
        with opened(desk.lake, file.key) as parquet:
            groups = _groups_with(parquet.metadata, column, value)
            if groups:
                rows = as_declared(parquet.read_row_groups(groups, columns=names), chosen, file.key)
                found += rows.filter(pc.equal(rows[column], value)).to_pylist()
    return found


def _groups_with(metadata: pq.FileMetaData, column: str, value: str) -> list[int]:
    """The row groups that may have this value, by their statistics."""
    paths = [metadata.schema.column(at).path for at in range(metadata.num_columns)]
    at = paths.index(column)
    groups = []
    for group in range(metadata.num_row_groups):
        known = metadata.row_group(group).column(at).statistics
        if known is None or not known.has_min_max or known.min <= value <= known.max:
            groups.append(group)
    return groups
