"""What analysts' tools read, by globbing `current/` or through the manifest, is one and the same."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import duckdb
import hypothesis.strategies as st
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.fs
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings

from pipeline import schema
from pipeline.columns import WIDE_ROW_GROUP
from pipeline.lake.folder import FolderStore
from pipeline.lake.s3 import S3Store
from pipeline.publish.parquet import write_parquet
from pipeline.publish.release import read_manifest, read_table
from tests.publish.sample import FIRST, Copy, Story, World, publish_twice, table, tables
from tests.servers import S3Server

NAMES = [name.name for name in schema.TABLES]
Glob = Callable[[Path, str], pa.Table]
Files = Callable[[list[str]], pa.Table]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> FolderStore:
    return publish_twice(FolderStore(str(tmp_path_factory.mktemp("lake"))))


def rows_of(found: pa.Table, name: str) -> list[dict[str, object]]:
    """Rows in the table's order, without the partition key, whatever types the tool gave."""
    declared = schema.BY_NAME[name]
    table = found.select(declared.schema.names).cast(declared.schema)
    return sorted(table.to_pylist(), key=lambda row: [str(row[column]) for column in declared.key])


GLOB: dict[str, Glob] = {
    "duckdb": lambda root, name: duckdb.sql(
        f"SELECT * FROM read_parquet('{root}/current/{name}/**/*.parquet')"
    ).to_arrow_table(),
    "polars": lambda root, name: pl.scan_parquet(f"{root}/current/{name}/**/*.parquet").collect().to_arrow(),
    "polars, folder": lambda root, name: pl.read_parquet(f"{root}/current/{name}/").to_arrow(),
    "pandas": lambda root, name: pa.Table.from_pandas(
        pd.read_parquet(f"{root}/current/{name}", dtype_backend="pyarrow"), preserve_index=False
    ),
    "pyarrow": lambda root, name: ds.dataset(f"{root}/current/{name}", partitioning="hive").to_table(),
}
FILES: dict[str, Files] = {
    "duckdb": lambda paths: duckdb.sql(f"SELECT * FROM read_parquet({paths})").to_arrow_table(),
    "polars": lambda paths: pl.read_parquet(paths).to_arrow(),
    "pandas": lambda paths: pa.concat_tables(
        pa.Table.from_pandas(pd.read_parquet(path, dtype_backend="pyarrow"), preserve_index=False)
        for path in paths
    ),
    "pyarrow": lambda paths: ds.dataset(paths).to_table(),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("tool", GLOB)
def test_globbing_current(lake: FolderStore, tool: str, name: str) -> None:
    expected = rows_of(read_table(lake, name), name)
    assert rows_of(GLOB[tool](Path(lake.url), name), name) == expected


@pytest.mark.parametrize("release", ["rel-1", "rel-2"])
@pytest.mark.parametrize("tool", FILES)
def test_the_files_of_a_manifest(lake: FolderStore, tool: str, release: str) -> None:
    manifest = read_manifest(lake, release)
    assert manifest is not None
    for name in NAMES:
        paths = [f"{lake.url}/{file.key}" for file in manifest.tables[name].files]
        assert rows_of(FILES[tool](paths), name) == rows_of(read_table(lake, name, release), name)


def test_the_partition_key_prunes_and_is_a_date(lake: FolderStore) -> None:
    found = duckdb.sql(
        f"SELECT seen_day, count(*) FROM read_parquet('{lake.url}/current/stories/**/*.parquet') "
        "GROUP BY 1 ORDER BY 1"
    ).fetchall()
    assert [(str(day), count) for day, count in found] == [("2031-04-07", 2), ("2031-04-08", 1)]


def test_a_file_describes_itself(lake: FolderStore) -> None:
    manifest = read_manifest(lake)
    assert manifest is not None
    file = manifest.tables["republications"].files[0]
    parquet = pq.ParquetFile(f"{lake.url}/{file.key}")
    declared = schema.REPUBLICATIONS
    assert parquet.schema_arrow.equals(declared.schema)
    for number, field in enumerate(parquet.schema_arrow, start=1):
        metadata = field.metadata
        assert metadata[b"PARQUET:field_id"] == b"%d" % number
        assert metadata[b"description"] == declared.schema.field(field.name).metadata[b"description"]
    group = parquet.metadata.row_group(0)
    assert [group.column(c.column_index).path_in_schema for c in group.sorting_columns] == list(declared.sort)
    columns = [group.column(number) for number in range(group.num_columns)]
    assert {column.compression for column in columns} == {"ZSTD"}
    assert all(column.has_column_index for column in columns if column.path_in_schema in declared.sort)
    assert parquet.metadata.metadata[b"wirefold.schema_sha256"].decode() == declared.schema_sha256()


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_equal_rows_give_equal_bytes(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Whatever their order and however they are chunked; times are missing on some."""
    folder = tmp_path_factory.getbasetemp()
    body = "Wind turned the regatta back at noon."
    story = Story(
        "s-regatta", FIRST.run.now.date(), tuple(Copy("harbor-post", body * n) for n in range(1, 8))
    )
    (rows,) = tables(World((story,)))["republications"].values()
    order = data.draw(st.permutations(range(len(rows))))
    cut = data.draw(st.integers(0, len(rows)))
    shuffled = rows.take(order)
    shuffled = pa.concat_tables([shuffled.slice(0, cut), shuffled.slice(cut)])
    write_parquet(schema.REPUBLICATIONS, rows, folder / "a.parquet")
    write_parquet(schema.REPUBLICATIONS, shuffled, folder / "b.parquet")
    assert (folder / "a.parquet").read_bytes() == (folder / "b.parquet").read_bytes()


def test_row_groups_are_bounded_and_follow_each_other(tmp_path: Path) -> None:
    count = 3 * WIDE_ROW_GROUP + 7
    rows = table(schema.STORIES, ({"story_id": f"s{n * 7919 % count:06d}"} for n in range(count)))
    write_parquet(schema.STORIES, rows, tmp_path / "x.parquet")
    metadata = pq.ParquetFile(tmp_path / "x.parquet").metadata
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    assert [group.num_rows for group in groups] == [WIDE_ROW_GROUP] * 3 + [7]
    bounds = [group.column(0).statistics for group in groups]
    assert all(low.max < high.min for low, high in pairwise(bounds))


@pytest.mark.slow
def test_readers_on_s3(s3_server: S3Server) -> None:
    host = s3_server.endpoint.removeprefix("http://")
    with s3_server.client() as client:
        bucket = s3_server.new_bucket(client)
        lake = publish_twice(S3Store(f"s3://{bucket}/news", client=client))
        expected = {name: rows_of(read_table(lake, name), name) for name in NAMES}
    arrow = pyarrow.fs.S3FileSystem(
        endpoint_override=host, scheme="http", access_key="test", secret_key="test", region="us-east-1"
    )
    options = {
        "aws_endpoint_url": s3_server.endpoint,
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
        "aws_region": "us-east-1",
        "aws_allow_http": "true",
    }
    for name in NAMES:
        by_arrow = ds.dataset(f"{bucket}/news/current/{name}", filesystem=arrow, partitioning="hive")
        assert rows_of(by_arrow.to_table(), name) == expected[name]
        url = f"s3://{bucket}/news/current/{name}/**/*.parquet"
        by_polars = pl.scan_parquet(url, storage_options=options).collect()
        assert rows_of(by_polars.to_arrow(), name) == expected[name]
