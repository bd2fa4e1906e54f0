"""Runs keep the place in which they were taken up: in races, after kills, whatever their clocks say."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.lake import ledger
from pipeline.lake.folder import FolderStore
from pipeline.lake.order import (
    Place,
    forget_old,
    place,
    places,
    runs_before,
    runs_told,
    runs_until,
    unfinished,
)
from pipeline.lake.store import Store
from pipeline.model import Run
from pipeline.segments import LEDGER
from tests.publish.faults import contents

RUNS = [Run.of(f"203104{day:02}T090000Z") for day in range(1, 9)]
IDS = [run.run_id for run in RUNS]


def order_of(lake: Store) -> list[str]:
    return [taken.run_id for taken in places(lake)]


def tell(lake: Store, run_id: str) -> None:
    ledger.append(lake, run_id, LEDGER.empty_table())


def test_a_run_keeps_the_place_it_took(store: Store) -> None:
    for run_id in (IDS[4], IDS[0], IDS[4], IDS[2], IDS[0]):
        place(store, run_id)
    assert order_of(store) == [IDS[4], IDS[0], IDS[2]]
    assert runs_before(store, RUNS[0]) == (IDS[4],)
    assert runs_until(store, RUNS[0]) == (IDS[4], IDS[0])
    assert runs_until(store, RUNS[1]) == (IDS[4], IDS[0], IDS[2], IDS[1]), "it would be the next"
    assert [key for key in contents(store) if key.startswith("order/")] == [
        f"order/{n:08d}.txt" for n in (1, 2, 3)
    ]


def test_runs_before_it_without_events_are_unfinished(store: Store) -> None:
    for n in (3, 1, 2):
        place(store, IDS[n])
    tell(store, IDS[1])
    assert unfinished(store, RUNS[2]) == (RUNS[3],)
    assert unfinished(store, RUNS[3]) == ()
    assert runs_told(store) == (IDS[1],)


def test_a_place_says_how_many_judgements_there_were(store: Store) -> None:
    place(store, IDS[0])
    store.put("judgements/00000001.json", b"{}")
    store.put("judgements/00000002.json", b"{}")
    place(store, IDS[1])
    assert places(store) == (Place(IDS[0], 0), Place(IDS[1], 2))


def test_a_lake_without_an_order_begins_with_its_ledger(store: Store) -> None:
    for n in (2, 0, 1):
        tell(store, IDS[n])
    assert order_of(store) == IDS[:3]
    assert runs_before(store, RUNS[1]) == (IDS[0],)
    place(store, IDS[1])
    assert not any(key.startswith("order/") for key in contents(store)), "it has its place already"
    place(store, IDS[7])
    place(store, IDS[5])
    assert order_of(store) == [*IDS[:3], IDS[7], IDS[5]]


def test_old_objects_go_and_every_run_keeps_its_place(store: Store) -> None:
    for hour in range(30):
        place(store, f"20310501T{hour:06d}Z")
    before = places(store)
    assert (forget_old(store), forget_old(store)) == (6, 0)
    assert places(store) == before
    place(store, before[0].run_id)
    assert places(store) == before


def test_racing_runs_take_one_place_each(contested_store: Store) -> None:
    racers = [run_id for run_id in IDS for _ in range(2)]  # each run twice: a task and its rerun
    barrier = Barrier(len(racers))

    def race(run_id: str) -> None:
        barrier.wait()
        place(contested_store, run_id)

    with ThreadPoolExecutor(len(racers)) as pool:
        list(pool.map(race, racers))
    order = order_of(contested_store)
    assert sorted(order) == IDS
    for n in range(1, len(IDS) + 1):
        lines = contested_store.get(f"order/{n:08d}.txt").decode().splitlines()
        assert [line.split()[0] for line in lines] == order[:n], "a place once taken stays"


@settings(deadline=None, max_examples=500)
@given(st.lists(st.tuples(st.sampled_from(IDS), st.booleans()), max_size=12), st.sampled_from(RUNS))
def test_the_order_is_that_of_first_placing(steps: list[tuple[str, bool]], asked: Run) -> None:
    """Against a list; `True` tells the run's events, as its story step does."""
    with TemporaryDirectory() as folder:
        lake, order, told = FolderStore(folder), list[str](), set[str]()
        for run_id, tells in steps:
            place(lake, run_id)
            order += [run_id] if run_id not in order else []
            if tells:
                tell(lake, run_id)
                told.add(run_id)
        before = order[: order.index(asked.run_id)] if asked.run_id in order else order
        assert order_of(lake) == order
        assert list(runs_until(lake, asked)) == [*before, asked.run_id]
        assert [run.run_id for run in unfinished(lake, asked)] == [r for r in before if r not in told]


_KILLED = """
import os, signal, sys
from pipeline.lake.locate import open_store
from pipeline.lake.order import place
from tests.publish.faults import Mortal
lake = Mortal(open_store(sys.argv[1]), int(sys.argv[2]), lambda: os.kill(os.getpid(), signal.SIGKILL))
for run_id in sys.argv[3:]:
    place(lake, run_id)
"""


def test_killed_between_two_places_the_rest_come_after(tmp_path: Path) -> None:
    for at in (1, 2, 3):
        lake = tmp_path / f"killed{at}"
        command = [sys.executable, "-c", _KILLED, str(lake), str(at), *reversed(IDS[:3])]
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
        ended = subprocess.run(command, env=environment, check=False)
        assert ended.returncode == -signal.SIGKILL
        store = FolderStore(str(lake))
        assert order_of(store) == IDS[:3][::-1][: at - 1]
        for run_id in IDS[:3]:
            place(store, run_id)
        assert order_of(store)[: at - 1] == IDS[:3][::-1][: at - 1]
        assert sorted(order_of(store)) == IDS[:3]
