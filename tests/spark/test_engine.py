"""Documents that Spark read and signed are matched to the same bytes; pyspark and a Java come from beside."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from pipeline import steps
from pipeline.errors import BadInput
from pipeline.lake.folder import FolderStore
from pipeline.matching import spark
from tests.matching.desk import Desk, pages_of
from tests.matching.test_spilled import NOW, bytes_in, lake_of, matched
from tests.readers.test_spark import python

__all__ = ["python"]

ENGINE = """
import sys
from pathlib import Path
from pipeline import steps
from pipeline.config import Config
from pipeline.lake.folder import FolderStore
from pipeline.matching.spark import Cluster
from pipeline.model import Run

run = Cluster._run
Cluster._run = lambda self, name, *told: print(name, len(list(self._tasks(name)))) or run(self, name, *told)
lake, cache, run_id = FolderStore(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
config = Config.for_files(lake.url, ()).with_cache(cache).within("1GiB", cache / "scratch")
steps.match(lake, Run.of(run_id), config.run_by("spark", "local[2]"), whole=len(sys.argv) > 4)
"""


def by_spark(python: Path, lake: FolderStore, cache: Path, *arguments: str) -> None:
    """Match in a process of the project's own environment that sees Spark as well."""
    if not shutil.which("java"):
        pytest.skip("no Java here: apt-get install openjdk-17-jre-headless")
    [site] = (python.parents[1] / "lib").glob("python*/site-packages")
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", ENGINE, lake.url, str(cache), *arguments]
    environment = {
        "PYTHONPATH": f"{root}:{site}",
        "PATH": f"{Path(shutil.which('java')).parent}:/usr/bin:/bin",
    }
    environment |= {"SPARK_LOCAL_IP": "127.0.0.1", "HOME": str(cache)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[::2] == ["read", "sign"]


@pytest.mark.slow
def test_the_same_bytes_by_spark(tmp_path: Path, python: Path) -> None:
    lake, config = lake_of(tmp_path, 1_000)
    other = FolderStore(str(tmp_path / "other"))
    shutil.copytree(lake.url, other.url, dirs_exist_ok=True)
    by_spark(python, other, tmp_path / "cache-spark", NOW.run_id)
    assert bytes_in(other) == matched(lake, config)


@pytest.mark.slow
def test_a_lake_of_several_runs_by_spark(tmp_path: Path, python: Path) -> None:
    """Documents that were fetched again are read once, outlets that nobody knows have no chrome."""
    pages, desk = pages_of(3, 8), Desk(tmp_path / "lake")
    for at in range(2):
        desk.take(pages[at::2] + pages[:2])
    other = FolderStore(str(tmp_path / "other"))
    shutil.copytree(desk.lake.url, other.url, dirs_exist_ok=True)
    run_id = desk.runs[-1].run_id
    for lake in (desk.lake, other):
        for kind in ("clusters", "pairs", "boilerplate"):
            Path(lake.url, kind, f"run={run_id}", "all.parquet").unlink()
    by_spark(python, other, tmp_path / "cache-spark", run_id, "whole")
    steps.match(desk.lake, desk.runs[-1], desk.config, whole=True)
    assert bytes_in(other) == bytes_in(desk.lake)


def test_without_pyspark_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(BadInput, match=r"pip install 'wirefold\[spark\]'"), spark.session("local[2]"):
        pass


def test_without_java_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", ModuleType("pyspark"))
    monkeypatch.setitem(sys.modules, "pyspark.sql", ModuleType("pyspark.sql"))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(BadInput, match="needs Java 17 or later: apt-get install openjdk-17-jre-headless"):
        spark.need()
