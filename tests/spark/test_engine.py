"""Documents that Spark read and signed are matched to the same bytes; pyspark and a Java come from beside."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
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

# every batch of pairs is worth a job; whoever verifies pairs in the driver is told of
ENGINE = """
import os, signal, sys
from pathlib import Path
import numpy as np
from pipeline import steps
from pipeline.config import Config
from pipeline.lake.locate import open_store
from pipeline.match.candidates import Groups
from pipeline.match.verify import Verifier
from pipeline.matching import spread
from pipeline.matching.scratch import Scratch
from pipeline.matching.spark import Cluster
from pipeline.model import Run

url, cache, run_id, whole, killed = sys.argv[1:6]
spread.WORTH = 1
run, stage, verify, sharing = Cluster.run, Scratch.run, Verifier.verify, Groups.sharing

def job(self, tasks, work, *others, **more):
    print("job", work.func.__name__, len(tasks), flush=True)
    return run(self, tasks, work, *others, **more)

def begin(self, name, work):
    if not self.done(name):
        print("stage", name, 0, flush=True)
        stage(self, name, work)
        if name + ".part" == killed:
            (self / name).rename(self / killed)
        if killed.startswith(name):
            os.kill(os.getpid(), signal.SIGKILL)

def verified(self, pairs):
    print("driver", "verify", len(pairs), flush=True)
    return verify(self, pairs)

def shared(self, keys, docs, whole):
    print("driver", "sharing", len(keys), flush=True)
    return sharing(self, keys, docs, whole)

Cluster.run, Scratch.run, Verifier.verify, Groups.sharing = job, begin, verified, shared
cache = Path(cache)
config = Config.for_files(url, ()).with_cache(cache).within("1GiB", cache / "scratch")
steps.match(open_store(url), Run.of(run_id), config.run_by("spark", "local[2]"), whole=bool(whole))
"""


def by_spark(
    python: Path,
    url: str,
    cache: Path,
    run_id: str,
    whole: str = "",
    killed: str = "none",
    environment: Mapping[str, str] | None = None,
) -> list[tuple[str, str, int]]:
    """Match in a process of the project's own environment that sees Spark as well: what was done, where, and
    of how much. `killed`: the process kills itself behind that stage, or within it."""
    if not shutil.which("java"):
        pytest.skip("no Java here: apt-get install openjdk-17-jre-headless")
    [site] = (python.parents[1] / "lib").glob("python*/site-packages")
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", ENGINE, url, str(cache), run_id, whole, killed]
    seen = {
        "PYTHONPATH": f"{root}:{site}",
        "PATH": f"{Path(shutil.which('java')).parent}:/usr/bin:/bin",
    }
    seen |= {"SPARK_LOCAL_IP": "127.0.0.1", "HOME": str(cache)} | dict(environment or {})
    done = subprocess.run(command, capture_output=True, text=True, env=seen)
    assert done.returncode == (0 if killed == "none" else -9), done.stderr
    told = [line.split() for line in done.stdout.splitlines()]
    return [(one[0], one[1], int(one[2])) for one in told]


def by_executors(told: list[tuple[str, str, int]]) -> bool:
    """Whether executors signed, looked for pairs in 42 bands and by anchors, verified what they found, and
    counted rare words; the driver looked for pairs of one address only, and verified none."""
    jobs = Counter(name for kind, name, _ in told if kind == "job")
    by_driver = Counter(name for kind, name, size in told if kind == "driver" and size)
    searched = jobs["read"] == jobs["signed"] == jobs["keys"] == 1 and jobs["found"] == 43
    return (
        searched
        and jobs["sent"] > 3
        and jobs["holding"] == 1
        and by_driver["sharing"] <= 1 > by_driver["verify"]
    )


@pytest.mark.slow
def test_the_same_bytes_by_spark(tmp_path: Path, python: Path) -> None:
    lake, config = lake_of(tmp_path, 1_000)
    other = FolderStore(str(tmp_path / "other"))
    shutil.copytree(lake.url, other.url, dirs_exist_ok=True)
    assert by_executors(by_spark(python, other.url, tmp_path / "cache-spark", NOW.run_id))
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
    by_spark(python, other.url, tmp_path / "cache-spark", run_id, "whole")
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
