"""The published tables as DuckDB views: exactly the files that a release's manifest names, and nothing else.

DuckDB's own S3 reader is an extension that it downloads; pyarrow's is built in, so nothing is fetched. DuckDB
itself needs neither files nor network and has none: statements of others reach nothing but the views.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow import fs

from pipeline.columns import Table
from pipeline.publish.manifest import Manifest
from pipeline.schema import TABLES

SEEN_DAY = pa.field("seen_day", pa.date32())
# ids that lead to another, for joins with what was read last month
_REDIRECTS = """story_redirects AS
SELECT story_id AS old_story_id, current_story_id AS story_id, last_changed_release AS release
FROM registry WHERE state = 'merged'"""
# no file, URL, extension or variable of this process, and no way back
_SEALED = (
    "enable_external_access = false",
    "python_enable_replacements = false",
    "lock_configuration = true",
)


def connect(release: Manifest, lake: fs.FileSystem, scratch: Path | None = None) -> duckdb.DuckDBPyConnection:
    """A connection with one view a published table, `seen_day` with its columns, and `story_redirects`; files
    are read as queries need them. `lake`: paths are its keys. Times are told in UTC.

    `scratch`: the one folder in which statements may read and write, and to which goes what does not fit into
    memory; None: no folder.
    """
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for table in TABLES:
        connection.register(table.name, _rows(release, table, lake))
    connection.execute(f"CREATE TEMP VIEW {_REDIRECTS}")
    if scratch:
        connection.execute(f"SET allowed_directories = [{_quoted(str(scratch))}]")
    connection.execute(f"SET temp_directory = {_quoted(str(scratch / 'spill') if scratch else '')}")
    for setting in _SEALED:
        connection.execute(f"SET {setting}")
    return connection


def views_sql(release: Manifest, url: str) -> str:
    """The same views as SQL that DuckDB runs by itself, from any folder, for a release of the lake at `url`.

    On S3 it does so with its extension httpfs and a secret.
    """
    root = url.rstrip("/") if "://" in url else str(Path(url).absolute())
    parts = [f"-- release {release.release} of {root}, as its manifest names the files"]
    for table in TABLES:
        held = release.tables.get(table.name)
        paths = ",\n  ".join(_quoted(f"{root}/{file.key}") for file in held.files) if held else ""
        if paths:
            parts.append(
                f'CREATE OR REPLACE VIEW "{table.name}" AS SELECT * EXCLUDE (schema)\n'
                f"FROM read_parquet([\n  {paths}\n], hive_partitioning = true);"
            )
    return "\n\n".join([*parts, f"CREATE OR REPLACE VIEW {_REDIRECTS};"]) + "\n"


def _rows(release: Manifest, table: Table, lake: fs.FileSystem) -> Any:
    held = release.tables.get(table.name)
    if not held or not held.files:
        return table.schema.empty_table()
    return ds.dataset(
        [file.key for file in held.files],
        schema=table.schema.append(SEEN_DAY) if table.partitioned else table.schema,
        filesystem=lake,
        format="parquet",
        partitioning=ds.partitioning(pa.schema([SEEN_DAY]), flavor="hive"),
        partition_base_dir=table.prefix,
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
