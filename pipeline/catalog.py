"""Releases as Iceberg tables: a catalog names the files of a release where they lie; none is copied.

Each published table is an Iceberg table, each release a snapshot of it with the tag `release-<id>`. Columns
are known by the field ids in the files (columns.with_ids); `seen_day` is in no file and comes from the
partition. What the lake no longer keeps, the catalog no longer names after the next `register`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.exceptions import CommitFailedException, NoSuchTableError
from pyiceberg.io.pyarrow import (
    compute_statistics_plan,
    data_file_statistics_from_parquet_metadata,
    parquet_path_to_id_mapping,
    pyarrow_to_schema,
)
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table, Transaction
from pyiceberg.table.update import (
    AddPartitionSpecUpdate,
    AddSchemaUpdate,
    AssertCurrentSchemaId,
    AssertTableUUID,
    SetCurrentSchemaUpdate,
    SetDefaultSpecUpdate,
    TableUpdate,
)
from pyiceberg.table.update.snapshot import ExpireSnapshots, ManageSnapshots
from pyiceberg.transforms import IdentityTransform
from pyiceberg.typedef import Record
from pyiceberg.types import DateType, NestedField

from pipeline.errors import BadInput, Failed
from pipeline.lake.store import Store
from pipeline.publish.manifest import FileEntry, Manifest, list_releases, read_manifest

RELEASE = "wirefold.release"  # in the summary of a snapshot: the release whose files it was made of
_TAG = "release-"
_SEEN_DAY_ID = 999  # above the places of columns, below what lies within them
# Iceberg's own clean-up would delete files that belong to the lake
_PROPERTIES = {"format-version": "2", "gc.enabled": "false"}


@dataclass(frozen=True, slots=True)
class Registered:
    """What became of a table of the catalog: how many files it has, and how many came and went."""

    table: str
    files: int
    added: int
    removed: int


def open_catalog(name: str, uri: str | None, warehouse: str | None) -> Catalog:
    """The catalog of that name in pyiceberg's configuration, or of this URI. Raises `BadInput` if there is
    none, `Failed` if it does not open."""
    given = {key: value for key, value in (("uri", uri), ("warehouse", warehouse)) if value}
    try:
        return load_catalog(name, **given)
    except (ValueError, TypeError) as error:
        raise BadInput(f"catalog {name}: {error}") from None
    except Exception as error:  # of SQLAlchemy, requests, thrift: each kind of catalog has its own
        raise Failed(f"catalog {name} does not open: {str(error).partition(chr(10))[0]}") from None


def register(
    lake: Store, catalog: Catalog, namespace: str, release: str | None = None
) -> Iterator[Registered]:
    """Make the tables of the catalog those of the release (default: the newest), a commit a table.

    Raises `BadInput` for a release that the lake does not have or whose files carry no field ids, `Failed`
    if somebody else changes a table at the same time.
    """
    manifest = read_manifest(lake, release)
    if manifest is None:
        raise BadInput(f"{lake.url}: no release yet")
    # none by whose tag it could be read what was taken down since
    kept = {known.release for known in list_releases(lake) if known.takedowns >= manifest.takedowns}
    catalog.create_namespace_if_not_exists(namespace)
    for name, files in manifest.tables.items():
        identifier = f"{namespace}.{name.replace('@', '_v')}"
        with _told(identifier):
            table = _table(catalog, identifier, _schema(lake, files.files), files.files[0].seen_day)
            yield _set(lake, table, manifest, [file for file in files.files if file.rows], kept)


@contextmanager
def _told(identifier: str) -> Iterator[None]:
    try:
        yield
    except CommitFailedException:
        raise Failed(f"{identifier}: somebody else changed it at the same time; run it again") from None


def _schema(lake: Store, files: Collection[FileEntry]) -> Schema:
    """The Iceberg schema of files of one schema, with the ids that stand in them."""
    first = next(iter(files))
    with lake.open(first.key) as stored:
        written = pq.ParquetFile(stored).schema_arrow
    try:
        columns = pyarrow_to_schema(written).fields
    except ValueError:
        raise BadInput(
            f"{lake.url}: {first.key} was written without the field ids that Iceberg needs"
        ) from None
    day = NestedField(_SEEN_DAY_ID, "seen_day", DateType(), required=False)
    return Schema(*columns, *([day] if first.seen_day else []))


def _table(catalog: Catalog, identifier: str, schema: Schema, day: date | None) -> Table:
    """The table, made if missing, with that schema as its current one, by seen_day if it has days."""
    try:
        table = catalog.load_table(identifier)
    except NoSuchTableError:
        table = catalog.create_table(identifier, schema, properties=_PROPERTIES)
    if table.schema().as_struct() == schema.as_struct():
        return table
    # a catalog gives a new table ids of its own; what is added later keeps those it comes with
    added = Schema(*schema.fields, schema_id=max(table.schemas()) + 1)
    updates: tuple[TableUpdate, ...] = (AddSchemaUpdate(schema_=added), SetCurrentSchemaUpdate(schema_id=-1))
    if day and table.spec().is_unpartitioned():
        field = PartitionField(_SEEN_DAY_ID, 1000, IdentityTransform(), "seen_day")
        spec = PartitionSpec(field, spec_id=max(table.specs()) + 1)
        updates += (AddPartitionSpecUpdate(spec=spec), SetDefaultSpecUpdate(spec_id=-1))
    asserted = (
        AssertTableUUID(uuid=table.metadata.table_uuid),
        AssertCurrentSchemaId(current_schema_id=table.metadata.current_schema_id),
    )
    catalog.commit_table(table, asserted, updates)
    return table.refresh()


def _set(
    lake: Store, table: Table, manifest: Manifest, files: Collection[FileEntry], kept: Collection[str]
) -> Registered:
    """Let the table have these files and no others, and tags for kept releases only; no commit if it does."""
    had = {task.file.file_path: task.file for task in table.scan().plan_files()}
    wanted = {_path(lake, file): file for file in files}
    added, removed = wanted.keys() - had.keys(), had.keys() - wanted.keys()
    with table.transaction() as transaction:
        head = table.current_snapshot()
        at = head.snapshot_id if head else None
        if added or removed or at is None:
            told = {RELEASE: manifest.release, "wirefold.lake": lake.url}
            with transaction.update_snapshot(snapshot_properties=told).overwrite() as snapshot:
                for path in sorted(added):
                    snapshot.append_data_file(_data_file(lake, table, path, wanted[path]))
                for path in sorted(removed):
                    snapshot.delete_data_file(had[path])
            at = snapshot.snapshot_id
        _tag(transaction, at, manifest.release, kept)
    return Registered(".".join(table.name()), len(wanted), len(added), len(removed))


def _tag(transaction: Transaction, snapshot: int, release: str, kept: Collection[str]) -> None:
    """Tag the snapshot with the release; forget tags and snapshots of releases that are not kept."""
    tags = {name for name in transaction.table_metadata.refs if name.startswith(_TAG)}
    gone = {tag for tag in tags if tag.removeprefix(_TAG) not in kept}
    if gone or _TAG + release not in tags:
        with ManageSnapshots(transaction) as tagging:
            for tag in sorted(gone):
                tagging.remove_tag(tag)
            if _TAG + release not in tags:
                tagging.create_tag(snapshot, _TAG + release)
    metadata = transaction.table_metadata
    held = {ref.snapshot_id for ref in metadata.refs.values()}
    stale = [
        old.snapshot_id
        for old in metadata.snapshots
        if old.snapshot_id not in held and old.summary and old.summary[RELEASE] not in kept
    ]
    if stale:
        with ExpireSnapshots(transaction) as expiring:
            expiring.by_ids(stale)


def _path(lake: Store, file: FileEntry) -> str:
    """Where a file lies, as Iceberg writes it."""
    if lake.url.startswith("s3://"):
        return f"{lake.url.rstrip('/')}/{file.key}"
    return f"file://{Path(lake.url.removeprefix('file://')).absolute()}/{file.key}"


def _data_file(lake: Store, table: Table, path: str, file: FileEntry) -> DataFile:
    """The file as Iceberg lists it, with the figures of its footer."""
    with lake.open(file.key) as stored:
        metadata = pq.ParquetFile(stored).metadata
    properties: Mapping[str, str] = table.properties
    figures = data_file_statistics_from_parquet_metadata(
        metadata,
        compute_statistics_plan(table.schema(), dict(properties)),
        parquet_path_to_id_mapping(table.schema()),
    )
    days = [(file.seen_day - date(1970, 1, 1)).days] if file.seen_day else []
    return DataFile.from_args(
        content=DataFileContent.DATA,
        file_path=path,
        file_format=FileFormat.PARQUET,
        partition=Record(*days),
        file_size_in_bytes=file.bytes,
        sort_order_id=None,
        spec_id=table.spec().spec_id,
        equality_ids=None,
        key_metadata=None,
        **figures.to_serialized_dict(),
    )
