"""An archive that is matched within a budget, or by spark-submit, gives the same bytes; in Airflow."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from pipeline.lake.s3 import S3Store
from tests.dags.airflow_alone import DAGS, ROOT, ask_airflow
from tests.dags.outlets import write_config
from tests.e2e.network import EVENING
from tests.matching.desk import pages_of
from tests.readers.test_spark import python
from tests.servers import S3Server

__all__ = ["python"]

pytestmark = pytest.mark.slow
SECRET = "wren-on-the-sill"
# spark-submit that keeps how it was called, how often, and what it said
_SUBMIT = """#!/bin/sh
printf '%s\\n' "$@" > "$SUBMITTED"
echo again >> "$SUBMITTED.times"
"{submit}" "$@" > "$SUBMITTED.log" 2>&1
code=$?
cat "$SUBMITTED.log"
exit $code
"""


def fold(home: Path, lake: str, form: dict[str, object], **more: str) -> list[list[str]]:
    """Import an archive by the form, and match it; how the tasks of both dags ended."""
    home.mkdir()
    rows = [
        {"doc_id": page.doc_id, "title": page.headline, "text": page.body, "url": page.url}
        for page in pages_of(3, 8)
    ]
    archive = home / "old.jsonl"
    archive.write_text("".join(json.dumps(row) + "\n" for row in rows))
    now, filled = EVENING.isoformat(), json.dumps({"path": str(archive), **form})
    told = ask_airflow(
        home,
        "flow.py",
        f"import_archive={now}={filled}",
        f"cluster_stories={now}",
        WIREFOLD_CONFIG=str(write_config(home, lake, "127.0.0.1:9")),
        **more,
    )
    return [run["tasks"] for run in told["runs"]]


def connection(mode: str) -> str:
    return json.dumps({"conn_type": "spark", "host": "local[2]", "extra": {"deploy-mode": mode}})


def spark_of(python: Path) -> dict[str, str]:
    """The environment in which Airflow sees Spark, and has the connection."""
    if not shutil.which("java"):
        pytest.skip("no Java here: apt-get install openjdk-17-jre-headless")
    [site] = (python.parents[1] / "lib").glob("python*/site-packages")
    return {
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT, DAGS, site))),
        "AIRFLOW_CONN_WIREFOLD_SPARK": connection("client"),
        "SPARK_LOCAL_IP": "127.0.0.1",
    }


def submitting(folder: Path, python: Path) -> dict[str, str]:
    """The environment in which Airflow submits as it should, and what it did is in the file `submitted`."""
    binaries = folder / "bin"
    binaries.mkdir()
    (binaries / "spark-submit").write_text(_SUBMIT.format(submit=python.with_name("spark-submit")))
    (binaries / "spark-submit").chmod(0o755)
    path = f"{binaries}{os.pathsep}{os.environ['PATH']}"
    return {**spark_of(python), "PATH": path, "SUBMITTED": str(folder / "submitted")}


def test_the_same_bytes_within_memory_and_by_spark_submit(
    tmp_path: Path, python: Path, s3_server: S3Server
) -> None:
    aws = {
        "conn_type": "aws",
        "login": "test",
        "password": SECRET,
        "extra": {"endpoint_url": s3_server.endpoint, "region_name": "us-east-1"},
    }
    submitted, spark = tmp_path / "submitted", submitting(tmp_path, python)
    executors = {"num_executors": 1, "executor_memory": "1g"}
    forms: dict[str, tuple[dict[str, object], dict[str, str]]] = {
        "plain": ({}, {}),
        "memory": ({"memory": "4GiB"}, {}),
        "spark": ({"engine": "spark", "memory": "4GiB", "executors": executors}, spark),
    }
    found = {}
    with s3_server.client() as client:
        for name, (form, more) in forms.items():
            url = f"s3://{s3_server.new_bucket(client)}"
            ended = fold(tmp_path / name, url, form, AIRFLOW_CONN_WIREFOLD_S3=json.dumps(aws), **more)
            assert [task for tasks in ended for task in tasks if not task.endswith("success")] == []
            lake = S3Store(url, client)
            keys = (s.key for kind in ("boilerplate", "pairs", "clusters") for s in lake.list(f"{kind}/"))
            found[name] = {key: lake.get(key) for key in keys if not key.endswith("/rematch")}
            assert submitted.exists() == (name == "spark")
    assert len(found["plain"]) == 3
    assert found["plain"] == found["memory"] == found["spark"]
    command = submitted.read_text().split("\n")
    assert command[command.index("--master") + 1] == "local[2]"
    assert command[command.index("--executor-memory") + 1] == "1g"
    assert SECRET not in submitted.read_text()
    log = Path(f"{submitted}.log").read_text()
    told = "Submitted application: wirefold match 2"
    assert told in log, "it was matched there, not in the task's process, by the name that the hook gives"
    assert SECRET not in log


def test_what_the_driver_refuses_is_not_tried_again(tmp_path: Path, python: Path) -> None:
    form: dict[str, object] = {"engine": "spark", "memory": "1MiB"}
    ended = fold(tmp_path / "home", str(tmp_path / "lake"), form, **submitting(tmp_path, python))
    assert ended[1] == ["match -1 failed", "story -1 upstream_failed"]
    assert (tmp_path / "submitted.times").read_text() == "again\n"
    assert "memory: " in (tmp_path / "submitted.log").read_text()


def test_the_driver_ends_with_its_task(tmp_path: Path) -> None:
    """A shell stands for the Spark between them; nobody can tell it that the task was killed."""
    driver = tmp_path / "driver.py"
    driver.write_text(
        "import sys, _spark_match\nprint('up', flush=True)\n_spark_match.end_with_task(int(sys.argv[1]))\n"
    )
    shell = f"{sys.executable} {driver} $0; true"
    task = f"import os, subprocess\nsubprocess.run(['sh', '-c', {shell!r}, str(os.getpid())])"
    seen = {**os.environ, "PYTHONPATH": str(DAGS)}
    with subprocess.Popen(
        [sys.executable, "-c", task], stdout=subprocess.PIPE, text=True, env=seen
    ) as process:
        assert process.stdout and process.stdout.readline() == "up\n"
        told = Thread(target=process.stdout.read)  # until all that could write have ended
        told.start()
        told.join(2.5)
        assert told.is_alive()
        process.kill()
        told.join(20)
        assert not told.is_alive()


@pytest.mark.parametrize("missing", ["a size", "pyspark", "provider"])
def test_what_cannot_be_matched_so_is_refused_before_anything_is_read(
    tmp_path: Path, python: Path, missing: str
) -> None:
    more = spark_of(python)
    some = tmp_path / "some"
    some.mkdir()
    if missing == "provider":
        for package in ("pyspark", "py4j"):
            (some / package).symlink_to(Path(more["PYTHONPATH"].split(os.pathsep)[-1], package))
    if missing != "a size":
        more["PYTHONPATH"] = os.pathsep.join(map(str, (ROOT, DAGS, some)))
    form = {"memory": "plenty"} if missing == "a size" else {"engine": "spark"}
    lake = tmp_path / "lake"
    assert fold(tmp_path / "home", str(lake), dict(form), **more)[0] == [
        "check -1 failed",
        "take_in -1 upstream_failed",
    ]
    assert not (lake / "pages").exists() and not (lake / "raw").exists()


def asked(home: Path, **more: str) -> dict[str, Any]:
    """See submittable.py; the connection `wirefold_s3` names a place and no keys."""
    place = {"endpoint_url": "http://127.0.0.1:9", "region_name": "us-east-1"}
    aws = json.dumps({"conn_type": "aws", "extra": place})
    said: dict[str, Any] = ask_airflow(
        home, "submittable.py", AIRFLOW_CONN_WIREFOLD_S3=aws, AWS_EC2_METADATA_DISABLED="true", **more
    )
    return said


def test_without_the_provider_one_line_says_what_to_install(tmp_path: Path) -> None:
    said = asked(tmp_path, AIRFLOW_CONN_WIREFOLD_SPARK=connection("client"))["said"]
    assert said.endswith("pip install --no-deps apache-airflow-providers-apache-spark")
    assert asked(tmp_path)["said"] is None


def test_without_keys_the_driver_is_told_where_and_looks_for_them_itself(tmp_path: Path) -> None:
    place = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"}
    assert asked(tmp_path)["environment"] == place


def test_a_driver_elsewhere_is_refused(tmp_path: Path, python: Path) -> None:
    more = spark_of(python)
    assert asked(tmp_path, **more)["said"] is None
    more["AIRFLOW_CONN_WIREFOLD_SPARK"] = connection("cluster")
    assert "deploy-mode: expected client" in asked(tmp_path, **more)["said"]
