"""What the tables declare stands in their files, and refers to what there is."""

from __future__ import annotations

import json
from dataclasses import asdict

import pyarrow.parquet as pq
import pytest

from pipeline.columns import SINCE, Table
from pipeline.lake.folder import FolderStore
from pipeline.schema import BY_NAME, TABLES
from tests.publish.references import broken_references
from tests.publish.sample import FIRST, publish, tables


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> FolderStore:
    lake = FolderStore(str(tmp_path_factory.mktemp("schema")))
    publish(lake, FIRST, "rel-1")
    return lake


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_declares_what_readers_need(table: Table) -> None:
    names = table.schema.names
    assert {*table.key, *table.sort} <= set(names)
    assert not any(table.schema.field(name).nullable for name in table.key), "a key always has a value"
    for field in table.schema:
        about = {key.decode(): value.decode() for key, value in field.metadata.items()}
        assert about.keys() == {"description", "since"}
        assert about["description"].endswith(".")
        assert tuple(map(int, about["since"].split("."))) >= tuple(map(int, SINCE.split(".")))
    for key in table.foreign_keys:
        parent = BY_NAME[key.table]
        assert set(key.parent) <= {*parent.key, "story_id"}, "only a key is referred to"
        kinds = [table.schema.field(name).type for name in key.columns]
        assert kinds == [parent.schema.field(name).type for name in key.parent]


def test_files_say_what_is_declared(lake: FolderStore) -> None:
    for table in TABLES:
        [key, *_] = [item.key for item in lake.list(f"current/{table.name}/")]
        with lake.open(key) as file:
            parquet = pq.ParquetFile(file)
            said = parquet.metadata.metadata
            assert json.loads(said[b"wirefold.key"]) == list(table.key)
            keys = [{name: list(value) if name != "table" else value for name, value in asdict(key).items()}
                    for key in table.foreign_keys]  # fmt: skip
            assert json.loads(said[b"wirefold.foreign_keys"]) == keys
            ids = [field.metadata[b"PARQUET:field_id"] for field in parquet.schema_arrow]
            assert ids == [str(n).encode() for n in range(1, len(table.schema) + 1)]


def test_a_reference_to_nothing_is_seen(tmp_path_factory: pytest.TempPathFactory) -> None:
    lake = FolderStore(str(tmp_path_factory.mktemp("broken")))
    headless = {name: by_day for name, by_day in tables(FIRST).items() if name not in ("stories", "pickups")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.publish.release.failing", lambda _: [])
        publish(lake, FIRST, "rel-1", given=headless)
    broken = broken_references(lake)
    assert broken["republications: story_id"] == 4
    assert broken["republications: story_id, outlet_id"] == 4
    assert "republications: story_id, version_no" not in broken
