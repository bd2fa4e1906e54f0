"""After a breaking change both schemas of a table are published, whole, for as long as both are declared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from pipeline import schema
from pipeline.audit import audit
from pipeline.columns import Superseded, Table, field, published
from pipeline.lake.folder import FolderStore
from pipeline.publish.manifest import read_manifest
from pipeline.publish.reader import read_table
from pipeline.schema import PICKUPS, TABLES
from tests.publish.sample import FIRST, MONDAY, SECOND, TUESDAY, Tables, publish, tables

OLD = replace(PICKUPS, name="pickups@1")


def as_before(rows: pa.Table) -> pa.Table:
    """In minutes, as it was."""
    minutes = pc.divide(rows["lag_seconds"], 60).cast(pa.int32())
    return rows.set_column(AT, "lag_minutes", minutes).cast(OLD.schema)


AT = PICKUPS.schema.get_field_index("lag_minutes")
LAG = field("lag_seconds", pa.int64(), "From the story's first publication to its own.", since="0.2.0")
NEW = replace(PICKUPS, version=2, schema=PICKUPS.schema.set(AT, LAG), superseded=Superseded(OLD, as_before))


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FolderStore:
    """A lake with a release of before the change and one of after it."""
    lake = FolderStore(str(tmp_path / "lake"))
    publish(lake, FIRST, "rel-1")
    declare(monkeypatch, NEW)
    publish(lake, FIRST, "rel-2", late(tables(FIRST), 7_200))
    return lake


def declare(monkeypatch: pytest.MonkeyPatch, table: Table) -> None:
    every = published(tuple(table if one is PICKUPS else one for one in TABLES))
    monkeypatch.setattr(schema, "TABLES", every)
    monkeypatch.setattr(schema, "PICKUPS", table)
    monkeypatch.setattr(schema, "BY_NAME", {one.name: one for one in every})
    for module in ("scope", "listing"):
        monkeypatch.setattr(f"pipeline.publish.{module}.BY_NAME", schema.BY_NAME)
    monkeypatch.setattr("pipeline.audit.BY_NAME", schema.BY_NAME)


def late(given: Tables, seconds: int) -> Tables:
    """With that lag everywhere."""
    lags = {
        day: rows.set_column(AT, LAG, pa.repeat(pa.scalar(seconds, pa.int64()), len(rows)))
        for day, rows in given["pickups"].items()
    }
    return {**given, "pickups": lags}


def lags(lake: FolderStore) -> tuple[list[int], list[int]]:
    """Of each pickup, in the new schema and in the old one."""
    new, old = (read_table(lake, name) for name in ("pickups", "pickups@1"))
    assert old.select(list(PICKUPS.key)).equals(new.select(list(PICKUPS.key)))
    assert old.schema.equals(PICKUPS.schema)
    return new["lag_seconds"].to_pylist(), old["lag_minutes"].to_pylist()


def test_both_schemas_are_published(lake: FolderStore) -> None:
    assert lags(lake) == ([7_200] * 4, [120] * 4)
    manifest = read_manifest(lake)
    assert manifest
    for name, version in (("pickups", 2), ("pickups@1", 1)):
        keys = [file.key for file in manifest.tables[name].files]
        assert all(key.startswith(f"tables/pickups/schema={version}/seen_day=") for key in keys)
    globbed = f"select lag_minutes from read_parquet('{lake.url}/current/pickups@1/*/*.parquet')"
    assert duckdb.sql(globbed).fetchall() == [(120,)] * 4
    assert audit(lake).failed == []


def test_what_is_not_written_is_carried_over_in_both(lake: FolderStore) -> None:
    given = late(tables(SECOND), 60)
    manifest = publish(
        lake, SECOND, "rel-3", {n: {d: r for d, r in t.items() if d != MONDAY} for n, t in given.items()}
    )
    assert lags(lake) == ([7_200] * 4 + [60], [120] * 4 + [1])
    for name in ("pickups", "pickups@1"):
        assert ["rel-2-" in file.key for file in manifest.tables[name].files] == [True, False]


def test_a_partition_that_is_gone_is_gone_in_both(lake: FolderStore) -> None:
    moved = replace(FIRST, stories=tuple(replace(story, day=TUESDAY) for story in FIRST.stories))
    given = late(tables(moved), 60)
    for name in ("stories", "republications", "versions", "pickups", "edges", "registry"):
        given[name][MONDAY] = given[name][TUESDAY].slice(0, 0)
    manifest = publish(lake, moved, "rel-3", given, replaces=["changes"])
    for name in ("pickups", "pickups@1"):
        assert [file.seen_day for file in manifest.tables[name].files] == [TUESDAY]


def test_the_old_one_ends_when_it_is_declared_no_more(
    lake: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(monkeypatch, replace(NEW, superseded=None))
    publish(lake, SECOND, "rel-3", late(tables(SECOND), 60))
    manifest = read_manifest(lake)
    assert manifest and "pickups@1" not in manifest.tables
    assert [item.key for item in lake.list("current/pickups@1/")] == []
    assert len(read_table(lake, "pickups")) == 5
    assert read_manifest(lake, "rel-2"), "whose readers still have both"


def test_rows_of_another_schema_than_is_declared_are_refused(
    lake: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(monkeypatch, replace(NEW, superseded=Superseded(OLD, lambda rows: rows)))
    with pytest.raises(ValueError, match="pickups@1: rows are not of the declared schema"):
        publish(lake, SECOND, "rel-3", late(tables(SECOND), 60))
