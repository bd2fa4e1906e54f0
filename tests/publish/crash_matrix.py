"""A release killed by SIGKILL at every call to the store and at random moments, in a folder and on MiniStack.

    python -m tests.publish.crash_matrix [--moments 200] [--store folder ministack]

Each trial is a process of its own, forked from one that has all modules loaded. After each death a reader
must find the last whole release or the new one, whole; then the release is run again, and every byte in the
store must be what it is when nobody is killed. Prints a table; exit code 1 if a trial went wrong.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from rich.console import Console
from rich.progress import track
from rich.table import Table

from pipeline.lake.locate import open_store
from pipeline.lake.store import Store
from pipeline.publish.release import complete_current, read_manifest, read_table
from tests.publish.faults import Every, contents
from tests.publish.mortals import Mortals, mortals
from tests.publish.scenes import first, second, whole
from tests.servers import ministack

SEED = 20310407
_STORIES = {"rel-1": {"s-ferry", "s-orchard"}, "rel-2": {"s-ferry", "s-bridge"}}


@dataclass(slots=True)
class Matrix:
    """What became of the trials: how many by (how it was killed, the release that readers had then), and what
    went wrong."""

    found: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def run_matrix(root: str, calls: Sequence[int] | None = None, moments: int = 200, seed: int = SEED) -> Matrix:
    """Kill the second release of a lake under `root` at each of these calls (None: at every one), and at so
    many random moments of it."""
    matrix, pick = Matrix(), random.Random(seed)
    with mortals() as forked:
        before, after, count, seconds = _undisturbed(f"{root}/undisturbed", forked)
        for call in track(range(1, count + 1) if calls is None else calls, f"{root}: calls", transient=True):
            lake = _again(f"{root}/call-{call}", before)
            forked.publish(lake.url, call)
            _judge(matrix, lake, "at a call", f"call {call}", after)
        for number in track(range(moments), f"{root}: moments", transient=True):
            died = False
            while not died:
                moment = pick.uniform(0, seconds)
                lake = _again(f"{root}/moment-{number}-{moment:.6f}", before)
                start = time.monotonic()
                died = forked.publish(lake.url, moment=moment)
                if not died:  # how long a release takes changes with what else the machine does
                    seconds = time.monotonic() - start
                _judge(matrix, lake, "at a moment" if died else "too late", f"after {moment:.3f} s", after)
    return matrix


def _undisturbed(url: str, forked: Mortals) -> tuple[dict[str, bytes], dict[str, bytes], int, float]:
    """What a lake holds before and after the second release, how many calls that takes, and how long."""
    lake = open_store(url)
    first(lake)
    before = contents(lake)
    counting = Every(lake, 0)
    second(counting)
    after = contents(lake)
    again = _again(f"{url}-timed", before)
    start = time.monotonic()
    forked.publish(again.url)
    return before, after, counting.calls, time.monotonic() - start


def _again(url: str, objects: dict[str, bytes]) -> Store:
    lake = open_store(url)
    for key, data in objects.items():
        lake.put(key, data)
    return lake


def _judge(matrix: Matrix, lake: Store, how: str, where: str, after: dict[str, bytes]) -> None:
    manifest = read_manifest(lake)
    if manifest is None or not whole(lake, manifest):
        matrix.wrong.append(f"{lake.url} {where}: no whole release")
        return
    matrix.found[how, manifest.release] += 1
    if set(read_table(lake, "stories")["story_id"].to_pylist()) != _STORIES[manifest.release]:
        matrix.wrong.append(f"{lake.url} {where}: a mix of releases")
    complete_current(lake)
    second(lake)
    if contents(lake) != after:
        matrix.wrong.append(f"{lake.url} {where}: other bytes after the rerun")


@contextmanager
def roots(stores: Sequence[str]) -> Iterator[dict[str, str]]:
    """A place for lakes on each of the stores."""
    with tempfile.TemporaryDirectory(prefix="wirefold-crash-") as scratch:
        folder = Path(scratch)
        places = {"folder": str(folder / "lakes")}
        if "ministack" not in stores:
            yield places
            return
        with ministack(folder / "server") as server, server.client() as client:
            client.create_bucket(Bucket="crashes")
            # the processes that are killed take it on, and nobody after them
            with patch.dict(os.environ, server.environment):
                yield places | {"ministack": "s3://crashes"}


def main(moments: int, stores: Sequence[str]) -> int:
    table = Table("store", "killed", "trials", "readers had the last release", "the new one", "wrong")
    wrong = 0
    with roots(stores) as places:
        for store in stores:
            matrix = run_matrix(places[store], moments=moments)
            wrong += len(matrix.wrong)
            for how in dict.fromkeys(how for how, _ in sorted(matrix.found)):
                old, new = (matrix.found[how, release] for release in ("rel-1", "rel-2"))
                table.add_row(store, how, f"{old + new}", f"{old}", f"{new}", f"{len(matrix.wrong)}")
            for one in matrix.wrong:
                Console(stderr=True).print(one)
    Console().print(table)
    return int(wrong > 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--moments", type=int, default=200)
    parser.add_argument(
        "--store", nargs="+", choices=("folder", "ministack"), default=["folder", "ministack"]
    )
    given = parser.parse_args()
    sys.exit(main(given.moments, given.store))
