"""An ingest killed by SIGKILL at random moments, and run again: no page is lost, none doubled.

    python -m tests.ingest.killed [--moments 20]

Each trial is a process that reads the demo network into a lake of its own. After its death the run is made
again, and its pages are held against those of a run that nobody killed: each address once, the same outcomes
and digests, every WARC file whole for warcio, each page in it where its row says. Prints a table; exit code 1
if a trial went wrong.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from warcio.archiveiterator import ArchiveIterator

from infra.demo.server import DemoServer
from infra.demo.sites import SITES
from pipeline import steps
from pipeline.config import Config, load_config
from pipeline.ingest.warc import read_page
from pipeline.lake.segment import read_segment
from pipeline.lake.store import Store
from pipeline.model import Run
from pipeline.segments import segment_key
from tests.dags.outlets import write_config
from tests.e2e.network import EVENING

SEED = 20310407
RUN = Run.at(EVENING)
# one page: (address, outcome, reason, digest of its bytes)
Pages = list[tuple[str, str, str | None, str | None]]


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of one: seconds into the ingest at which it was to die, and whether it did (else it had
    ended); the shards committed and the raw files that lay there then; what was wrong after the rerun."""

    moment: float
    died: bool
    committed: int
    raw_files: int
    wrong: str | None


def run_trials(folder: Path, moments: int, seed: int = SEED) -> list[Trial]:
    """So many trials in which the process died."""
    trials: list[Trial] = []
    with DemoServer(now=EVENING, slow_seconds=0.2) as server:
        expected, seconds = _undisturbed(folder / "whole", server.address)
        pick = random.Random(seed)
        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("trials", total=moments)
            while not progress.finished:
                moment = pick.uniform(0, seconds)
                trial = _trial(folder / str(len(trials)), server.address, moment, expected)
                trials.append(trial)
                progress.update(task, advance=trial.died)
    return trials


def _undisturbed(folder: Path, address: str) -> tuple[Pages, float]:
    """The pages of a run that nobody kills, and how long its ingest takes."""
    config, code, seconds = _process(folder, address)
    assert code == 0
    return _pages(steps.open_lake(config), config), seconds


def _trial(folder: Path, address: str, moment: float, expected: Pages) -> Trial:
    config, code, _ = _process(folder, address, moment)
    lake = steps.open_lake(config)
    committed = sum(1 for _ in lake.list(f"fetches/run={RUN.run_id}/"))
    raw_files = sum(1 for _ in lake.list("raw/"))
    _, again, _ = _process(folder, address)
    assert again == 0
    return Trial(moment, code == -signal.SIGKILL, committed, raw_files, _wrong(lake, config, expected))


def _process(folder: Path, address: str, moment: float | None = None) -> tuple[Config, int, float]:
    """Ingest in a process that is killed so many seconds after it has all modules loaded (None: never).

    The configuration, the exit code and how long it took.
    """
    folder.mkdir(exist_ok=True)
    path = write_config(folder, str(folder / "lake"), address, [site.site_id for site in SITES], shards=3)
    command = [sys.executable, "-m", "tests.ingest.killed", "--config", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        began = time.monotonic()
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            process.kill()
        code = process.wait()
    return load_config(path), code, time.monotonic() - began


def _ingest(config: Config) -> None:
    lake = steps.open_lake(config)
    for shard in steps.plan(config):
        steps.ingest(lake, RUN, config, shard.shard)


def _pages(lake: Store, config: Config) -> Pages:
    keys = [segment_key("fetches", RUN.run_id, shard.shard) for shard in steps.plan(config)]
    rows = [row for key in keys for row in read_segment(lake, key).to_pylist()]
    return sorted(
        ((row["url"], row["outcome"], row["reason"], row["raw_sha256"]) for row in rows),
        key=lambda page: page[0],
    )


def _wrong(lake: Store, config: Config, expected: Pages) -> str | None:
    """The first thing that is not as it should be after the rerun."""
    pages = _pages(lake, config)
    if len({url for url, *_ in pages}) < len(pages):
        return "a page is there twice"
    if pages != expected:
        return f"other pages: {sorted(set(pages) ^ set(expected), key=str)[:2]}"
    for stored in lake.list("raw/outlet="):
        if not stored.key.endswith(".warc.gz"):
            continue
        with lake.open(stored.key) as stream:
            for record in ArchiveIterator(stream, check_digests="raise"):
                record.content_stream().read()
    for shard in steps.plan(config):
        rows = read_segment(lake, segment_key("fetches", RUN.run_id, shard.shard)).to_pylist()
        for row in rows:
            if row["outcome"] != "fetched":
                continue
            body = read_page(lake, row["raw_key"], row["raw_offset"], config.params.max_page_bytes).body
            if hashlib.sha256(body).hexdigest() != row["raw_sha256"]:
                return f"{row['url']}: other bytes at {row['raw_key']} {row['raw_offset']}"
        steps.extract(lake, RUN, config, shard.shard)
    counts = steps.settle(lake, RUN, config)
    return None if counts.conserved else f"not conserved: {counts}"


def show(trials: Sequence[Trial]) -> None:
    table = Table("killed after s", "shards committed", "raw files", "after the rerun")
    for one in sorted(trials, key=lambda trial: trial.moment):
        at = f"{one.moment:.3f}" if one.died else f"{one.moment:.3f} (had ended)"
        table.add_row(at, str(one.committed), str(one.raw_files), one.wrong or "well")
    Console().print(table)
    died = [trial for trial in trials if trial.died]
    wrong = sum(trial.wrong is not None for trial in trials)
    print(f"{len(died)} of {len(trials)} processes died, {wrong} trials went wrong")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--moments", type=int, default=20)
    parser.add_argument("--config", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.config:
        found = load_config(given.config)
        print("ready", flush=True)
        _ingest(found)
        os._exit(0)  # as `wirefold` ends: an interpreter that is taken down may abort after the work is done
    else:
        with tempfile.TemporaryDirectory() as scratch:
            trials = run_trials(Path(scratch), given.moments)
        show(trials)
        sys.exit(any(trial.wrong for trial in trials))
