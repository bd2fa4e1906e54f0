"""The order in which runs were taken up: a run builds on those before it, whatever their clocks say.

    order/00000003.txt   the first three runs, a line each: its id, how many judgements there were then,
                         and how many takedowns

A run takes the next place once its pages are settled and keeps it for ever, so a rerun sees what it saw:
late runs and backfills stand where they came. Each object holds the whole order up to its place, so
old ones can go.
A lake that has none was written when runs had to come in the order of their ids: its order begins with the
runs of ledger/ by their ids.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.lake import ledger
from pipeline.lake.numbered import newest
from pipeline.lake.store import Store
from pipeline.model import Run

_PREFIX = "order/"
# of what people say, numbered from 1 as it is said (lake.numbered)
JUDGEMENTS = "judgements/"
TAKEDOWNS = "takedowns/"
_KEPT = 24  # of a run that is taking its place now none may go


@dataclass(frozen=True, slots=True)
class Place:
    """A run in the order, and how many judgements and takedowns the lake held when it took its place."""

    run_id: str
    judgements: int = 0
    takedowns: int = 0


def place(lake: Store, run_id: str) -> None:
    """Give the run the next place; nothing happens if it has one."""
    while True:
        taken = places(lake)
        if any(other.run_id == run_id for other in taken):
            return
        if begin(lake, [*taken, Place(run_id, newest(lake, JUDGEMENTS), newest(lake, TAKEDOWNS))]):
            return


def begin(lake: Store, rows: Sequence[Place]) -> bool:
    """Write the whole order up to a place; False, and nothing written, if that place is taken."""
    text = "".join(f"{row.run_id} {row.judgements} {row.takedowns}\n" for row in rows)
    return lake.put_if_absent(f"{_PREFIX}{len(rows):08d}.txt", text.encode())


def places(lake: Store) -> tuple[Place, ...]:
    """All runs in the order in which they were taken up."""
    last = newest(lake, _PREFIX)
    if not last:
        return tuple(Place(run_id) for run_id in ledger.told(lake))
    lines = (line.split() for line in lake.get(f"{_PREFIX}{last:08d}.txt").decode().splitlines())
    return tuple(Place(run_id, *map(int, said)) for run_id, *said in lines)


def runs_placed(lake: Store) -> tuple[str, ...]:
    """Their ids alone."""
    return tuple(place.run_id for place in places(lake))


def place_of(lake: Store, run: Run) -> Place | None:
    """The run's place, or None if it has none yet."""
    return next((place for place in places(lake) if place.run_id == run.run_id), None)


def forget_old(lake: Store) -> int:
    """Delete all objects but the newest ones, which hold what they hold; how many. An hourly lake would have
    700 MB of them after a year."""
    keys = [stored.key for stored in lake.list(_PREFIX)]
    for key in keys[:-_KEPT]:
        lake.delete(key)
    return len(keys[:-_KEPT])


def runs_before(lake: Store, run: Run) -> tuple[str, ...]:
    """The ids of the runs taken up before this one: of all, if it has no place yet."""
    runs = runs_placed(lake)
    return runs[: runs.index(run.run_id)] if run.run_id in runs else runs


def runs_until(lake: Store, run: Run) -> tuple[str, ...]:
    """Those, and this run."""
    return (*runs_before(lake, run), run.run_id)


def runs_told(lake: Store) -> tuple[str, ...]:
    """The ids of all runs that have their events in the ledger, in the order in which they were taken up."""
    told = set(ledger.told(lake))
    return tuple(run_id for run_id in runs_placed(lake) if run_id in told)


def unfinished(lake: Store, run: Run) -> tuple[Run, ...]:
    """The runs before this one that were cut short: they have no events in the ledger yet."""
    told = set(ledger.told(lake))
    return tuple(Run.of(run_id) for run_id in runs_before(lake, run) if run_id not in told)


def by_place(lake: Store) -> Callable[[str], tuple[int, str]]:
    """The key that sorts ids of runs, and of their releases, by place; those without one first, by id."""
    numbers = {place.run_id: number for number, place in enumerate(places(lake))}
    return lambda run_id: (numbers.get(run_id, -1), run_id)
