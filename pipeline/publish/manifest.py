"""A manifest says which immutable files make one release; once written it never changes.

releases/<id>/manifest.json   one per release
latest.json                   which release readers get; the only object that is swapped
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from pipeline import __version__
from pipeline.columns import Table
from pipeline.counts import Counts
from pipeline.errors import BadInput, Failed
from pipeline.lake.order import by_place
from pipeline.lake.store import Missing, Store

LATEST = "latest.json"

T = TypeVar("T")
_RELEASE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One Parquet file of a release. `sort_min` and `sort_max`: the sort key of its first and last row."""

    key: str
    table: str
    seen_day: date | None
    rows: int
    bytes: int
    sha256: str
    sort_min: tuple[str | None, ...] = ()
    sort_max: tuple[str | None, ...] = ()

    @property
    def partition(self) -> tuple[str, date | None]:
        return self.table, self.seen_day


@dataclass(frozen=True, slots=True)
class TableFiles:
    """A table's files, by seen_day, and what they have in common."""

    schema_sha256: str
    sort: tuple[str, ...]
    files: tuple[FileEntry, ...]

    @property
    def rows(self) -> int:
        return sum(file.rows for file in self.files)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """A row of the `checks` table."""

    check: str
    value: float
    limit: float
    comparison: str
    level: str
    ok: bool
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """A release. `data_runs` are the runs whose pages it takes in for the first time.

    `changed_stories` counts stories that are new, different or gone since `previous`. `drawn_by`: a digest of
    what its rows depend on beside pages; partitions are carried over into releases with the same one.
    `takedowns`: how many it honours, the first that were asked for.
    """

    release: str
    previous: str | None
    created_at: datetime
    run_id: str
    data_runs: tuple[str, ...]
    code_version: str
    schema_version: int
    params_digest: str
    params: Mapping[str, bool | int | float | str | tuple[str, ...] | Mapping[str, str | int]]
    counts: Counts
    changed_stories: int
    checks: tuple[CheckResult, ...]
    tables: Mapping[str, TableFiles]
    drawn_by: str = ""
    takedowns: int = 0

    @property
    def files(self) -> tuple[FileEntry, ...]:
        return tuple(file for table in self.tables.values() for file in table.files)

    def to_json(self) -> bytes:
        return _MANIFEST.dump_json(self, indent=1) + b"\n"

    @classmethod
    def from_json(cls, data: bytes) -> Manifest:
        return _MANIFEST.validate_json(data)


@dataclass(frozen=True, slots=True)
class Latest:
    """What `latest.json` says. After a rollback `previous` is what was rolled back. `dropped` were the
    last to be dropped; their manifests may be there still."""

    release: str
    previous: str | None
    manifest: str
    dropped: tuple[str, ...] = ()

    def to_json(self) -> bytes:
        return _LATEST.dump_json(self, indent=1) + b"\n"


_MANIFEST = TypeAdapter(Manifest)
_LATEST = TypeAdapter(Latest)


def manifest_key(release: str) -> str:
    return f"releases/{release}/manifest.json"


def checked_release(release: str) -> str:
    """The id itself. Raises `BadInput` if it cannot stand in a key."""
    if not _RELEASE_ID.fullmatch(release):
        raise BadInput(f"release id {release!r}: expected at most 100 letters, digits, '_', '-', '.'")
    return release


def data_key(table: Table, seen_day: date | None, release: str, sha256: str) -> str:
    """Where a file of a release lies: unreferenced until a manifest names it, never overwritten."""
    day = f"/seen_day={seen_day.isoformat()}" if seen_day else ""
    return f"{table.prefix}{day}/{release}-{sha256[:12]}.parquet"


def current_key(file: FileEntry) -> str:
    """Where people who glob find the newest file of this partition."""
    day = f"/seen_day={file.seen_day.isoformat()}" if file.seen_day else ""
    return f"current/{file.table}{day}/part-0.parquet"


def by_partition(manifest: Manifest | None) -> dict[tuple[str, date | None], FileEntry]:
    return {file.partition: file for file in manifest.files} if manifest else {}


def in_order(files: Iterable[FileEntry]) -> tuple[FileEntry, ...]:
    return tuple(sorted(files, key=lambda file: (file.table, file.seen_day or date.min)))


def read_latest(lake: Store) -> tuple[Latest, str] | None:
    """What readers get now, with the tag for its swap; None before the first release."""
    try:
        data, tag = lake.get_tagged(LATEST)
    except Missing:
        return None
    return _valid(_LATEST, data, f"{lake.url}: {LATEST}"), tag


def find_manifest(lake: Store, release: str) -> Manifest | None:
    """A release's manifest, or None if there is none."""
    try:
        data = lake.get(manifest_key(release))
    except Missing:
        return None
    return _valid(_MANIFEST, data, f"{lake.url}: {manifest_key(release)}")


def _valid(kind: TypeAdapter[T], data: bytes, place: str) -> T:
    try:
        return kind.validate_json(data)
    except ValidationError as error:
        [first, *_] = error.errors(include_url=False)
        where = ".".join(map(str, first["loc"]))
        problem = f"{where}: {first['msg']}" if where else first["msg"]
        raise Failed(f"{place} cannot be read by version {__version__}: {problem}") from None


def read_manifest(lake: Store, release: str | None = None) -> Manifest | None:
    """The manifest of `release`, or of the newest; None if there is no release yet.

    Raises `BadInput` for a release that the lake does not have, and for one that shows what the newest does
    not because it was taken down since: nobody reads it or goes back to it.
    """
    if release is None:
        return _newest(lake)
    found = find_manifest(lake, checked_release(release))
    if found is None:
        raise BadInput(f"{lake.url}: no release {release!r}")
    newest = _newest(lake)
    if newest and found.takedowns < newest.takedowns:
        raise BadInput(f"{lake.url}: {release} shows what was taken down since; it is open no more")
    return found


def _newest(lake: Store) -> Manifest | None:
    said = None
    while latest := read_latest(lake):
        if found := find_manifest(lake, latest[0].release):
            return found
        # others may have published and thrown the one that was the newest away, between two readings
        if latest == said:
            raise Failed(f"{lake.url}: {LATEST} names {latest[0].release}, whose manifest is missing")
        said = latest
    return None


def list_releases(lake: Store) -> list[Manifest]:
    """All releases whose manifest is kept, in the order of their runs (lake.order)."""
    keys = [stored.key for stored in lake.list("releases/") if stored.key.endswith("/manifest.json")]
    # one that is dropped in between is none
    found = (find_manifest(lake, key.split("/")[1]) for key in keys)
    place = by_place(lake)
    return sorted(filter(None, found), key=lambda manifest: place(manifest.release))
