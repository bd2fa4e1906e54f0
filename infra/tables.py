"""The published tables as DuckDB views: exactly the files that the newest release names.

DuckDB's own S3 reader is an extension that it downloads; pyarrow's is built in, so nothing is fetched.
"""

from __future__ import annotations

from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow import fs

from infra import store
from infra.home import Ports, Secrets
from pipeline.columns import SCHEMA_VERSION
from pipeline.lake.s3 import S3Store
from pipeline.publish.manifest import Manifest, read_manifest
from pipeline.schema import TABLES

_SEEN_DAY = ds.partitioning(pa.schema([("seen_day", pa.date32())]), flavor="hive")


def newest(ports: Ports, secrets: Secrets) -> Manifest | None:
    """The newest release on the demo's store, or None before the first."""
    return read_manifest(S3Store(store.LAKE, client=store.client(ports, secrets)))


def files(ports: Ports, secrets: Secrets) -> fs.FileSystem:
    """The lake on the demo's store as pyarrow sees it: paths are the lake's keys."""
    s3 = fs.S3FileSystem(
        endpoint_override=f"127.0.0.1:{ports.store}",
        scheme="http",
        region="us-east-1",
        access_key=secrets.s3_key,
        secret_key=secrets.s3_secret,
    )
    return fs.SubTreeFileSystem(store.BUCKET, s3)


def views(release: Manifest, lake: fs.FileSystem) -> duckdb.DuckDBPyConnection:
    """A connection with one view a published table, `seen_day` with its columns; read as queries need it."""
    connection = duckdb.connect()
    for table in TABLES:
        held = release.tables.get(table.name)
        rows: Any = table.schema.empty_table()
        if held and held.files:
            rows = ds.dataset(
                [file.key for file in held.files],
                schema=table.schema.append(pa.field("seen_day", pa.date32()))
                if table.partitioned
                else table.schema,
                filesystem=lake,
                format="parquet",
                partitioning=_SEEN_DAY,
                partition_base_dir=f"tables/{table.name}/schema={SCHEMA_VERSION}",
            )
        connection.register(table.name, rows)
    return connection
