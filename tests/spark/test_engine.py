"""Documents that Spark read and signed are matched to the same bytes; pyspark and a Java come from beside."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import intake, steps
from pipeline.config import Config
from pipeline.errors import BadInput
from pipeline.lake.folder import FolderStore
from pipeline.lake.s3 import S3Store
from pipeline.matching import spark, spilled, spread
from tests.benchmarks import corpus
from tests.benchmarks.scaling import skewed
from tests.matching.desk import Desk, pages_of
from tests.matching.test_spilled import NOW, bytes_in, lake_of, matched
from tests.readers.test_spark import python
from tests.servers import S3Server

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
    """Whether executors learned chrome, signed, looked for pairs in bands and by anchors, verified what they
    found, and counted rare words; the driver looked for pairs of one address only, and verified none."""
    jobs = Counter(name for kind, name, _ in told if kind == "job")
    by_driver = Counter(name for kind, name, size in told if kind == "driver" and size)
    prepared = all(jobs[name] == 1 for name in ("lines_of", "rows_of", "stripped", "signed", "keys"))
    return (
        prepared
        and jobs["found"] == 43
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


@pytest.mark.slow
def test_a_skewed_corpus_killed_on_its_way(tmp_path: Path, python: Path) -> None:
    """One body in a quarter of all pages, one site with three tenths of them; killed within a search and
    behind another, it goes on with what executors put into the lake, of which nothing is left at the end."""
    pq.write_table(corpus.block(corpus.SEED, 0, 800), tmp_path / "even.parquet")
    rows = pa.concat_tables(list(skewed(pq.ParquetFile(tmp_path / "even.parquet"))))
    pq.write_table(rows, tmp_path / "skewed.parquet")
    lake = FolderStore(str(tmp_path / "lake"))
    config = Config.for_files(lake.url, ()).with_cache(tmp_path / "cache")
    intake.take_in(lake, NOW, config, [tmp_path / "skewed.parquet"], "site")
    other = FolderStore(str(tmp_path / "other"))
    shutil.copytree(lake.url, other.url, dirs_exist_ok=True)
    cache, told = tmp_path / "cache-spark", []
    for killed in ("pairs-05.part", "pairs-07", "none"):
        told += by_spark(python, other.url, cache, NOW.run_id, killed=killed)
        laid = [stored.key for stored in other.list("spark/")]
        assert bool(laid) == (killed != "none")
    began = [name for kind, name, _ in told if kind == "stage"]
    all_stages = ["read", "chrome", "sign", "bands", *(f"pairs-{n:02d}" for n in range(44)), "settle"]
    assert sorted(began) == sorted([*all_stages, "pairs-05"])
    jobs = Counter(name for kind, name, _ in told if kind == "job")
    assert jobs["signed"] == jobs["keys"] == 1
    assert bytes_in(other) == matched(lake, config)
    for name in ("clusters", "pairs", "boilerplate"):
        shutil.rmtree(Path(lake.url, name))
    assert bytes_in(other) == matched(lake, config.within("600MiB", tmp_path / "scratch"))


@pytest.mark.slow
def test_a_lake_on_s3_without_a_connector(tmp_path: Path, python: Path, s3_server: S3Server) -> None:
    lake, config = lake_of(tmp_path, 300)
    with s3_server.client() as client:
        url = f"s3://{s3_server.new_bucket(client)}/news"
        other = S3Store(url, client=client)
        for key in bytes_in(lake):
            other.put(key, lake.get(key))
        told = by_spark(python, url, tmp_path / "cache-spark", NOW.run_id, environment=s3_server.environment)
        assert by_executors(told)
        left = {stored.key: other.get(stored.key) for stored in other.list("")}
    assert left == matched(lake, config)


def test_pairs_that_hang_together_are_one_part_unless_it_is_too_large() -> None:
    pairs = np.array([[0, 1], [5, 6], [1, 2], [7, 8], [2, 3], [8, 9]])
    alone = spread.shares(pairs, np.full(6, 10), cores=2)
    assert [part.tolist() for part in alone] == [[0, 2], [4, 1], [3, 5]]
    many = np.stack([np.zeros(1_000, np.int64), np.arange(1, 1_001)], axis=1)
    parts = spread.shares(many, np.full(1_000, 8 << 20), cores=1)
    assert np.concatenate(parts).tolist() == list(range(1_000))
    assert max(map(len, parts)) == 8  # 64 MiB of texts


def test_what_a_run_left_that_was_killed_right_behind_its_result_goes(tmp_path: Path) -> None:
    lake, config = lake_of(tmp_path, 50)
    left = matched(lake, config)
    lake.put(f"{spilled.prefix_of(NOW)}some/texts-000000", b"words")
    assert matched(lake, config.run_by("spark", None)) == left


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
