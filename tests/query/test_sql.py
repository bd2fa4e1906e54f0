"""`wirefold sql`: a release's own files in SQL, told to people and to machines."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from pipeline.cli import app
from pipeline.errors import BadInput, Failed
from pipeline.lake.folder import FolderStore
from pipeline.lake.s3 import S3Store
from pipeline.query.views import views_sql
from pipeline.schema import REGISTRY, TABLES
from tests.publish.sample import FIRST, publish, publish_twice, table, tables
from tests.servers import S3Server


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> FolderStore:
    return publish_twice(FolderStore(str(tmp_path_factory.mktemp("lake"))))


def ask(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, ["sql", *arguments], input=stdin)


def test_each_table_is_a_view_of_the_release(lake: FolderStore) -> None:
    for release, stories in (("rel-1", 2), ("rel-2", 3)):
        told = ask(lake.url, "select count(*) as n from stories", "--release", release, "--json")
        assert json.loads(told.stdout) == [{"n": stories}]
    union = " union all ".join(
        f"select '{table.name}' as name, count(*) as n from {table.name}" for table in TABLES
    )
    rows = json.loads(ask(lake.url, union, "--json").stdout)
    assert {row["name"] for row in rows} == {table.name for table in TABLES}
    day = ask(
        lake.url, "select count(*) as n from republications where seen_day = date '2031-04-08'", "--json"
    )
    assert json.loads(day.stdout) == [{"n": 1}]


def test_redirects_lead_from_dead_ids_to_living_ones(tmp_path: Path) -> None:
    lake = FolderStore(str(tmp_path))
    given = tables(FIRST)
    day, registry = next(iter(given["registry"].items()))
    dead = {"story_id": "s-pier", "current_story_id": "s-ferry", "state": "merged"}
    merged = table(REGISTRY, [*registry.to_pylist(), {**dead, "last_changed_release": "rel-1"}])
    publish(lake, FIRST, "rel-1", {**given, "registry": {**given["registry"], day: merged}})
    redirect = {"old_story_id": "s-pier", "story_id": "s-ferry", "release": "rel-1"}
    assert json.loads(ask(lake.url, "from story_redirects", "--json").stdout) == [redirect]
    with duckdb.connect() as alone:
        alone.execute(ask(lake.url, "--views").stdout)
        assert alone.execute("from story_redirects").fetchall() == [tuple(redirect.values())]


def test_a_file_that_is_gone_is_one_line(tmp_path: Path) -> None:
    lake = FolderStore(str(tmp_path))
    lost = publish(lake, FIRST, "rel-1").tables["stories"].files[0].key
    lake.delete(lost)
    ended = ask(lake.url, "select 1")
    assert isinstance(ended.exception, Failed)
    assert str(ended.exception) == f"{lake.url}: a file of release rel-1 is gone: {lost}"


def test_answers_for_people_and_for_machines(lake: FolderStore, tmp_path: Path) -> None:
    query = "select story_id, first_seen_at from stories order by 1"
    assert "s-bridge" in ask(lake.url, query).stdout
    csv = ask(lake.url, query, "--csv").stdout.splitlines()
    assert (csv[0], len(csv)) == ("story_id,first_seen_at", 4)
    (tmp_path / "q.sql").write_text(f"{query};\n")
    out = tmp_path / "answer.parquet"
    assert ask(lake.url, "--file", str(tmp_path / "q.sql"), "--parquet", str(out)).stdout.startswith("3 rows")
    assert pq.read_table(out)["story_id"].to_pylist() == ["s-bridge", "s-ferry", "s-orchard"]
    few = ask(lake.url, "select 7000 + range as n from range(100)", "--limit", "10").stdout
    assert sum(few.count(f"│       7{n:03d} │") for n in range(100)) == 10
    piped = ask(lake.url, "--json", stdin=f"{query} limit 1;")
    assert [row["story_id"] for row in json.loads(piped.stdout)] == ["s-bridge"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["selct 1"], "SQL: Parser Error"),
        (["select nothing from stories"], "SQL: Binder Error"),
        ([" ", "--json"], "no statement"),
        (["select 1", "--release", "rel-9"], "no release 'rel-9'"),
        (["--file", "nowhere.sql"], "nowhere.sql: No such file"),
        (["--file", sys.executable], "expected SQL in UTF-8"),
        (["select 1", "--limit", "0"], "--limit: expected at least 1"),
        (["select 1", "--parquet", "/nowhere/a.parquet"], "/nowhere/a.parquet: No such file"),
    ],
)
def test_bad_statements_are_one_line(lake: FolderStore, arguments: list[str], told: str) -> None:
    ended = ask(lake.url, *arguments)
    assert isinstance(ended.exception, BadInput)
    assert told in str(ended.exception)
    assert "\n" not in str(ended.exception)


@pytest.mark.parametrize(
    "statement",
    [
        "from read_text('{file}')",
        "from '{file}'",
        "from read_parquet('{lake}/tables/stories/**/*.parquet')",
        "from glob('{folder}/*')",
        "from read_csv('https://harrow.example/a.csv')",
        "copy stories to '{folder}/out.parquet'",
        "export database '{folder}/out'",
        "attach '{folder}/out.db'",
        "install httpfs",
        "load httpfs",
        "create persistent secret s (type s3)",
        "set enable_external_access = true",
        "set allowed_directories = ['/']",
        "set temp_directory = '{folder}'",
        "from manifest",
    ],
)
@pytest.mark.parametrize("form", [[], ["--json"], ["--csv"]])
def test_statements_reach_nothing_but_the_release(
    lake: FolderStore, tmp_path: Path, statement: str, form: list[str]
) -> None:
    held = tmp_path / "held.csv"
    held.write_text("word\nunpublished\n")
    ended = ask(lake.url, statement.format(file=held, folder=tmp_path, lake=lake.url), *form)
    assert isinstance(ended.exception, BadInput)
    assert "\n" not in str(ended.exception)
    assert "unpublished" not in ended.output
    assert list(tmp_path.iterdir()) == [held]


def test_views_for_duckdb_itself(lake: FolderStore) -> None:
    printed = ask(lake.url, "--views").stdout
    with duckdb.connect() as alone:
        alone.execute(printed)
        assert alone.execute("select count(*) from republications").fetchall() == [(5,)]
        assert alone.execute("select * from story_redirects").fetchall() == []
        columns = {row[0] for row in alone.execute("describe stories").fetchall()}
    assert columns == {*next(table for table in TABLES if table.name == "stories").schema.names, "seen_day"}


@pytest.mark.slow
def test_a_lake_on_s3(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with s3_server.client() as client:
        lake = S3Store(f"s3://{s3_server.new_bucket(client)}/news", client=client)
        manifest = publish(lake, FIRST, "rel-1")
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    told = ask(lake.url, "select headline from stories order by 1", "--json")
    assert [row["headline"] for row in json.loads(told.stdout)] == ["About the ferry", "About the orchard"]
    assert f"'{lake.url}/tables/stories/" in views_sql(manifest, lake.url)
