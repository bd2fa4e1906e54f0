"""Matching all pages within a budget of memory gives the same bytes, whatever killed it on the way."""

from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline import intake, steps
from pipeline.config import Config, bytes_of
from pipeline.errors import BadInput
from pipeline.lake.folder import FolderStore
from pipeline.matching import shelf, spilled
from pipeline.matching.result import done
from pipeline.model import Run
from tests.benchmarks import corpus
from tests.e2e.network import EVENING, site
from tests.matching.desk import START, Desk, pages_of

NOW = Run.at(datetime(2026, 5, 1, tzinfo=UTC))
_TINY = 3_000  # bytes: every step of even a small corpus is taken in many parts


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spilled, "_SHARES", 1 << 40)
    monkeypatch.setattr(spilled, "_LEAST_SHARE", _TINY)
    monkeypatch.setattr(shelf, "_SPARED", 0)


def lake_of(folder: Path, documents: int, block: int = 0) -> tuple[FolderStore, Config]:
    """A lake that holds a generated corpus, unmatched."""
    pq.write_table(corpus.block(corpus.SEED, block, documents), folder / "articles.parquet")
    lake = FolderStore(str(folder / "lake"))
    config = Config.for_files(lake.url, ()).with_cache(folder / "cache")
    intake.take_in(lake, NOW, config, [folder / "articles.parquet"], "site")
    return lake, config


def matched(lake: FolderStore, config: Config) -> dict[str, bytes]:
    """What matching left in a lake."""
    steps.match(lake, NOW, config)
    return bytes_in(lake)


def bytes_in(lake: FolderStore) -> dict[str, bytes]:
    root = Path(lake.url)
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_the_same_bytes_within_a_tiny_budget(tmp_path: Path, tiny: None) -> None:
    lake, config = lake_of(tmp_path, 1_500)
    other = FolderStore(str(tmp_path / "other"))
    shutil.copytree(lake.url, other.url, dirs_exist_ok=True)
    within = config.within("600MiB", tmp_path / "scratch")
    assert matched(other, within) == matched(lake, config)
    assert not [path for path in (tmp_path / "scratch").rglob("*") if path.is_file() and path.name != "lock"]


@pytest.mark.parametrize("seed", range(6))
def test_lakes_of_several_runs(tmp_path: Path, tiny: None, seed: int) -> None:
    """Digests, bridges, texts ran twice, documents fetched again; within the budget and without."""
    pages = pages_of(seed, 8)
    found = []
    for name in ("memory", "files"):
        desk = Desk(tmp_path / name)
        if name == "files":
            desk.config = desk.config.within("600MiB", tmp_path / "scratch")
        for at in range(3):
            desk.take(pages[at::3] + pages[:2], whole=at == 2)
        found.append(bytes_in(desk.lake))
    assert found[0] == found[1]


def test_that_all_are_matched_anew_may_be_left_for_whoever_matches_the_run(tmp_path: Path) -> None:
    pages, found = pages_of(3, 8), []
    for name in ("asked", "left"):
        desk = Desk(tmp_path / name)
        desk.take(pages[::2])
        following = Run.at(START + timedelta(hours=1))
        if name == "left":
            steps.rematch(desk.lake, following, "local", "1MiB")
            with pytest.raises(BadInput, match=r"memory: \d+ documents take at least"):
                desk.take(pages[1::2])
            steps.rematch(desk.lake, following, "local", "600MiB")
        desk.take(pages[1::2], whole=name == "asked")
        found.append({key: held for key, held in bytes_in(desk.lake).items() if not key.endswith("rematch")})
        told = done(desk.lake, following.run_id)
        assert told and told.whole
    assert found[0] == found[1]


def test_a_run_that_was_cut_short_is_asked_of_spark_by_the_next(tmp_path: Path) -> None:
    desk, following = Desk(tmp_path / "lake"), Run.at(START + timedelta(hours=1))
    desk.take(pages_of(3, 3))
    steps.rematch(desk.lake, following, "spark", "1MiB", {"num_executors": 2})
    with pytest.raises(BadInput, match=r"memory: \d+ documents take at least"):
        desk.take(pages_of(4, 3))
    later = Run.at(START + timedelta(hours=2))
    assert steps.asked_of_spark(desk.lake, following) == {"num_executors": 2}
    assert steps.asked_of_spark(desk.lake, later) == {"num_executors": 2}
    steps.rematch(desk.lake, following, "local", "600MiB")
    assert steps.asked_of_spark(desk.lake, later) is None
    steps.rematch(desk.lake, later, "spark", None)
    assert steps.asked_of_spark(desk.lake, later) == {}
    assert steps.asked_of_spark(desk.lake, following) is None


def test_what_cannot_be_matched_with_is_refused_before_any_work() -> None:
    with pytest.raises(BadInput, match="memory: expected a size like 4GiB"):
        steps.check_rematch(None, "plenty")
    steps.check_rematch("local", "4GiB")


@pytest.mark.slow
def test_the_demo_corpus(tmp_path: Path, tiny: None) -> None:
    with site(tmp_path) as network:
        network.run(EVENING)
    run = Run.at(EVENING)
    within = network.config.within("600MiB", tmp_path / "scratch")
    found = []
    for config in (network.config, within):
        lake = FolderStore(str(tmp_path / f"lake-{len(found)}"))
        shutil.copytree(network.config.lake, lake.url, dirs_exist_ok=True)
        for kind in ("clusters", "pairs", "boilerplate", "index"):
            shutil.rmtree(Path(lake.url, kind))
        steps.match(lake, run, config)
        found.append(bytes_in(lake))
    assert found[0] == found[1] == bytes_in(FolderStore(network.config.lake))
    assert list((tmp_path / "scratch").iterdir())


# kills itself when it has made the files of a stage, right before they are committed, or right behind
KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from pipeline import steps
from pipeline.config import Config
from pipeline.lake.folder import FolderStore
from pipeline.matching import result, spilled, step
from pipeline.matching.scratch import Scratch
from pipeline.model import Run

folder, stage, when = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
spilled._SHARES, spilled._LEAST_SHARE = 1 << 40, int(sys.argv[4])
making = Scratch.making
began = []

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def run(self, name, work):
    if not self.done(name):
        began.append(name)
        print(name, flush=True)
        with making(self, name) as part:
            work(part)
            if (name, when) == (stage, "before"):
                die()
        if (name, when) == (stage, "behind"):
            die()

Scratch.run = run
if stage == "write":
    write = result.write_segment
    result.write_segment = lambda lake, key, rows: (die if "clusters" in key else write)(lake, key, rows)
lake, run = FolderStore(str(folder / "lake")), Run.at(datetime(2026, 5, 1, tzinfo=UTC))
config = Config.for_files(lake.url, ()).with_cache(folder / "cache").within("600MiB", folder / "scratch")
steps.match(lake, run, config)
"""
STAGES = (
    "read",
    "chrome",
    "sign",
    "bands",
    "pairs-00",
    "pairs-17",
    "pairs-42",
    "pairs-43",
    "settle",
    "write",
)


def killed(folder: Path, stage: str, when: str = "before") -> tuple[int, list[str]]:
    """Match in a process that kills itself in a stage; its exit code, and the stages that it began."""
    command = [sys.executable, "-c", KILLED, str(folder), stage, when, str(_TINY)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    return done.returncode, done.stdout.split()


@pytest.mark.slow
def test_killed_in_each_stage_it_goes_on_from_the_last_that_was_done(tmp_path: Path) -> None:
    lake, config = lake_of(tmp_path, 1_500)
    other = tmp_path / "killed"
    shutil.copytree(lake.url, other / "lake")
    began = [
        stage for k, name in enumerate(STAGES) for stage in _of(other, name, ("before", "behind")[k % 2])
    ]
    code, rest = killed(other, "none")
    assert code == 0
    # each stage that was cut short is made once more, no other
    assert sorted(began + rest) == sorted([*_all_stages(), *STAGES[:-1:2]])
    assert bytes_in(FolderStore(str(other / "lake"))) == matched(lake, config)


def _of(folder: Path, stage: str, when: str) -> list[str]:
    code, began = killed(folder, stage, when)
    assert code == -9, f"not killed in {stage}"
    return began


def _all_stages() -> list[str]:
    return ["read", "chrome", "sign", "bands", *(f"pairs-{n:02d}" for n in range(44)), "settle"]


def test_scratch_files_of_other_inputs_are_removed(tmp_path: Path) -> None:
    lake, config = lake_of(tmp_path, 200)
    within = config.within("600MiB", tmp_path / "scratch")
    home = spilled.Scratch(within.scratch, lake.url, "an-older-input")
    with home:
        (home.folder / "read").mkdir()
    matched(lake, within)
    assert not home.folder.exists()


def test_a_budget_that_cannot_be_kept_is_refused(tmp_path: Path) -> None:
    lake, config = lake_of(tmp_path, 200)
    with pytest.raises(BadInput, match="200 documents take at least 512 MiB, got 300"):
        steps.match(lake, NOW, config.within("300MiB", None))


@pytest.mark.parametrize(("told", "meant"), [("4GiB", 4 << 30), ("512 MB", 512 << 20), ("1t", 1 << 40)])
def test_sizes(told: str, meant: int) -> None:
    assert bytes_of(told) == meant


@pytest.mark.parametrize("told", ["", "4", "4.5G", "-1G", "4GiBs", "lots"])
def test_what_is_no_size(told: str) -> None:
    with pytest.raises(BadInput, match="expected a size like 4GiB"):
        bytes_of(told)
