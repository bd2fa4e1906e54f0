"""Releases as Iceberg tables: what a catalog shows is what the release holds, now and by its tag."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.table import Table
from typer.testing import CliRunner

from pipeline import schema
from pipeline.catalog import Registered, open_catalog, register
from pipeline.cli import app
from pipeline.columns import field
from pipeline.errors import BadInput, Failed
from pipeline.lake.folder import FolderStore
from pipeline.lake.s3 import S3Store
from pipeline.lake.store import Store
from pipeline.model import Run
from pipeline.publish.manifest import LATEST, Latest, manifest_key
from pipeline.publish.parquet import write_parquet
from pipeline.publish.reader import SEEN_DAY, read_dated, read_files
from pipeline.publish.release import collect_garbage, read_manifest, rollback
from tests.publish.faults import contents
from tests.publish.sample import FIRST, SECOND, publish
from tests.publish.scenes import AFTER, WHOLE, first, second
from tests.servers import S3Server


@pytest.fixture
def lake(tmp_path: Path) -> FolderStore:
    return FolderStore(str(tmp_path / "lake"))


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return open_catalog("here", f"sqlite:///{tmp_path}/catalog.db", f"file://{tmp_path}/warehouse")


def shown(table: Table, release: str | None = None) -> pa.Table:
    """The rows that the table has now, or has by the tag of a release."""
    snapshot = table.snapshot_by_name(f"release-{release}") if release else table.current_snapshot()
    assert snapshot is not None
    return table.scan(snapshot_id=snapshot.snapshot_id).to_arrow()


def held(lake: Store, name: str, release: str) -> pa.Table:
    """The rows of a release by its manifest, with seen_day where it has days."""
    manifest = read_manifest(lake, release)
    assert manifest is not None
    declared, files = schema.BY_NAME[name], manifest.tables[name].files
    rows = read_dated(lake, declared, files, declared.schema.names)
    return rows if declared.partitioned else rows.drop_columns(SEEN_DAY.name)


def assert_same(lake: Store, catalog: Catalog, release: str, tagged: bool = False) -> None:
    """All tables show the release; Iceberg knows no int16, and plans files in an order of its own."""
    for name in schema.BY_NAME:
        found = shown(catalog.load_table(f"news.{name}"), release if tagged else None)
        expected = held(lake, name, release)
        wide = pa.schema(
            [one.with_type(pa.int32()) if one.type == pa.int16() else one for one in expected.schema]
        )
        key = [(column, "ascending") for column in schema.BY_NAME[name].key]
        assert found.cast(wide).sort_by(key).equals(expected.cast(wide).sort_by(key)), name


def registered(lake: Store, catalog: Catalog, release: str | None = None) -> dict[str, Registered]:
    return {told.table: told for told in register(lake, catalog, "news", release)}


@pytest.mark.slow
def test_each_release_is_shown_and_the_earlier_ones_stay_by_their_tags(
    lake: FolderStore, catalog: Catalog
) -> None:
    show_releases(lake, catalog)


@pytest.mark.slow
def test_the_same_on_s3(s3_server: S3Server, tmp_path: Path) -> None:
    with s3_server.client() as client:
        bucket = s3_server.new_bucket(client)
        catalog = load_catalog(
            "there",
            **{
                "uri": f"sqlite:///{tmp_path}/catalog.db",
                "warehouse": f"s3://{bucket}/warehouse",
                "s3.endpoint": s3_server.endpoint,
                "s3.access-key-id": "test",
                "s3.secret-access-key": "test",
                "s3.region": "us-east-1",
            },
        )
        show_releases(S3Store(f"s3://{bucket}/lake", client=client), catalog)


def show_releases(lake: Store, catalog: Catalog) -> None:
    """Two releases one after the other, the second one twice, and back to the first."""
    first(lake)
    registered(lake, catalog)
    assert_same(lake, catalog, "rel-1")
    second(lake)
    before = contents(lake)
    told = registered(lake, catalog)
    assert_same(lake, catalog, "rel-2")
    assert_same(lake, catalog, "rel-1", tagged=True)
    assert (told["news.outlets"].added, told["news.outlets"].removed) == (0, 0)
    assert told["news.stories"].removed == 2
    assert contents(lake) == before
    at = {name: catalog.load_table(f"news.{name}").metadata_location for name in schema.BY_NAME}
    assert not any(again.added or again.removed for again in registered(lake, catalog).values())
    assert at == {name: catalog.load_table(f"news.{name}").metadata_location for name in schema.BY_NAME}
    rollback(lake, "rel-1")
    registered(lake, catalog)
    assert_same(lake, catalog, "rel-1")
    assert_same(lake, catalog, "rel-2", tagged=True)


def test_one_day_is_planned_alone_and_polars_reads_the_table(
    lake: FolderStore, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLARS_ICEBERG_PLANNER", "pyiceberg")
    publish(lake, SECOND, "rel-1")
    registered(lake, catalog)
    table = catalog.load_table("news.republications")
    (task,) = table.scan(row_filter="seen_day = '2031-04-08'").plan_files()
    assert task.file.file_path.startswith(
        f"file://{lake.url}/tables/republications/schema=1/seen_day=2031-04-08/"
    )
    rows = pl.scan_iceberg(table).select("doc_id", "seen_day", "wire_evidence").collect()
    expected = held(lake, "republications", "rel-1").select(["doc_id", "seen_day", "wire_evidence"])
    assert rows.sort("doc_id").to_dicts() == expected.sort_by("doc_id").to_pylist()


@pytest.mark.slow
def test_what_the_lake_dropped_the_catalog_forgets(lake: FolderStore, catalog: Catalog) -> None:
    first(lake)
    registered(lake, catalog)
    second(lake)
    publish(lake, AFTER, "rel-3", replaces=WHOLE)
    registered(lake, catalog)
    later = Run("m", AFTER.run.now.replace(year=2032))
    collect_garbage(lake, later, keep_releases=1, keep_days=0)
    registered(lake, catalog)
    for name in ("stories", "outlets"):
        table = catalog.load_table(f"news.{name}")
        assert [*table.refs()] == ["main", "release-rel-3"]
        assert len(table.snapshots()) == 1
    assert_same(lake, catalog, "rel-3")


def test_a_column_that_is_added_gets_the_id_that_its_files_have(
    lake: FolderStore, catalog: Catalog, tmp_path: Path
) -> None:
    """Where the catalog would give it the number after that of seen_day and of all that lies in lists."""
    before = publish(lake, FIRST, "rel-1")
    registered(lake, catalog)
    declared = replace(schema.STORIES, schema=schema.STORIES.schema.append(field("motto", pa.string(), "")))
    (old,) = before.tables["stories"].files
    rows = read_files(lake, "stories", [old]).append_column("motto", pa.array(["salt", "pears"]))
    write_parquet(declared, rows.cast(declared.schema), tmp_path / "new")
    size = (tmp_path / "new").stat().st_size
    new = replace(old, key=old.key.replace("rel-1", "rel-2"), bytes=size)
    lake.put_file(new.key, str(tmp_path / "new"))
    files = replace(before.tables["stories"], files=(new,))
    after = replace(before, release="rel-2", tables={**before.tables, "stories": files})
    lake.put(manifest_key("rel-2"), after.to_json())
    lake.put(LATEST, Latest("rel-2", "rel-1", manifest_key("rel-2")).to_json())
    registered(lake, catalog)
    table = catalog.load_table("news.stories")
    assert table.schema().find_field("motto").field_id == len(declared.schema)
    assert sorted(shown(table)["motto"].to_pylist()) == ["pears", "salt"]
    assert shown(table)["authors"].to_pylist() == rows["authors"].to_pylist()
    assert "motto" not in shown(table, "rel-1").column_names
    assert shown(table, "rel-1").select(["story_id", "seen_day"]) == shown(table).select(
        ["story_id", "seen_day"]
    )


def test_a_commit_that_somebody_else_wins_is_told_in_one_line(
    lake: FolderStore, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    first(lake)

    def lost(*_: object) -> None:
        raise CommitFailedException("branch main has changed:\n1 != 2")

    monkeypatch.setattr(type(catalog), "commit_table", lost)
    with pytest.raises(Failed, match=r"^news\.\w+: somebody else changed it at the same time; run it again$"):
        registered(lake, catalog)


def test_the_command(lake: FolderStore, tmp_path: Path) -> None:
    first(lake)
    run = CliRunner().invoke
    where = [f"--uri=sqlite:///{tmp_path}/catalog.db", f"--warehouse=file://{tmp_path}/warehouse"]
    told = run(app, ["register", lake.url, "--catalog=here", *where, "--namespace=news", "--json"])
    assert told.exit_code == 0, told.output
    assert len([json.loads(line) for line in told.output.splitlines()]) == len(schema.TABLES)
    told = run(app, ["register", lake.url, "--catalog=here", *where, "--namespace=news"])
    assert "news.stories: 2 files, 0 added, 0 removed" in told.output
    for wrong in (["--catalog=here", "--release=rel-9", *where], ["--catalog=nowhere"]):
        with pytest.raises(BadInput):
            run(app, ["register", lake.url, *wrong], catch_exceptions=False)


def test_the_page_does_what_it_says(
    lake: FolderStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Path("docs/iceberg.md").read_text().replace("/srv/", f"{tmp_path}/")
    publish(lake, FIRST, "rel-1")
    (command,) = re.findall(r"^wirefold (.+)$", page, re.MULTILINE)
    (example,) = re.findall(r"^```python runnable\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(app, command.split()).exit_code == 0
    names: dict[str, Any] = {}
    exec(example, names)
    assert names["tags"] == ["release-rel-1"]
    assert names["rows"].num_rows == names["then"].num_rows == 2


@pytest.mark.slow
def test_no_tag_leads_to_what_was_taken_down_since(lake: FolderStore, catalog: Catalog) -> None:
    publish(lake, FIRST, "rel-1")
    registered(lake, catalog)
    publish(lake, SECOND, "rel-2", takedowns=1)
    registered(lake, catalog)
    for name in ("stories", "republications"):
        assert {*catalog.load_table(f"news.{name}").refs()} == {"main", "release-rel-2"}
    with pytest.raises(BadInput, match="taken down since"):
        registered(lake, catalog, "rel-1")


def test_a_catalog_that_does_not_open_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="catalog here does not open: ") as failed:
        open_catalog("here", f"sqlite:///{tmp_path}/nowhere/catalog.db", f"file://{tmp_path}")
    assert "\n" not in str(failed.value)
