"""A writer that stops in a release and goes on after others published and threw its files away."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.errors import Failed
from pipeline.lake import order
from pipeline.lake.folder import FolderStore
from pipeline.lake.s3 import S3Store
from pipeline.lake.store import Conflict, Store
from pipeline.model import Run
from pipeline.publish.manifest import current_key, list_releases
from pipeline.publish.release import collect_garbage, complete_current, read_manifest
from tests.publish.faults import Every
from tests.publish.sample import ORCHARD, publish
from tests.publish.scenes import AFTER, WHOLE, first, second, whole
from tests.servers import S3Server

LATER = replace(AFTER, stories=(*AFTER.stories, ORCHARD))


@dataclass(frozen=True, slots=True)
class Pause:
    """Stops whoever calls it, once, until it is let go."""

    reached: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)

    def __call__(self) -> None:
        if not self.reached.is_set():
            self.reached.set()
            assert self.go.wait(60)


def others(lake: Store) -> None:
    """Two more releases by somebody else, and all garbage thrown away."""
    for release, world in (("rel-3", AFTER), ("rel-4", LATER)):
        publish(lake, world, release, replaces=WHOLE)
    run = Run("m", AFTER.run.now + timedelta(days=99))
    collect_garbage(lake, run, keep_releases=1, keep_days=0)


def told(writing: Future[object]) -> str:
    """How the writer ended: well, or in one line."""
    try:
        writing.result(60)
    except Failed as failed:
        assert "\n" not in str(failed)
        return "Conflict" if isinstance(failed, Conflict) else type(failed).__name__
    return "well"


def paused_at(lake: Store, call: int) -> str | None:
    """What becomes of a writer that was stopped at its n-th call; None if it makes fewer."""
    for run_id in ("rel-1", "rel-2", "rel-3", "rel-4"):
        order.place(lake, run_id)
    first(lake)
    pause = Pause()
    with ThreadPoolExecutor(1) as pool:
        writing: Future[object] = pool.submit(second, Every(lake, call, pause))
        while not pause.reached.wait(0.005) and not writing.done():
            pass
        stopped = pause.reached.is_set()
        if stopped:
            others(lake)
        pause.go.set()
        how = told(writing)
    kept = list_releases(lake)
    assert all(whole(lake, manifest) for manifest in kept)
    newest = read_manifest(lake)
    assert newest is not None
    assert newest.release == ("rel-4" if stopped else "rel-2")
    complete_current(lake)
    for file in newest.files:
        assert lake.get(current_key(file)) == lake.get(file.key), current_key(file)
    return how if stopped else None


def outcomes(lakes: list[Store], step: int, begin: int = 1) -> set[str]:
    found = set()
    for number, lake in enumerate(lakes):
        how = paused_at(lake, begin + number * step)
        if how is None:
            break
        found.add(how)
    else:
        raise AssertionError("the writer makes more calls than there were lakes")
    return found


def test_a_writer_that_was_stopped_loses_or_ends_well(tmp_path: Path) -> None:
    lakes: list[Store] = [FolderStore(str(tmp_path / f"{number}")) for number in range(30)]
    assert outcomes(lakes, 7) == {"well", "Conflict"}


@pytest.mark.slow
@pytest.mark.parametrize("rest", [0, 1, 3, 5])
def test_stopped_at_other_calls(tmp_path: Path, rest: int) -> None:
    """All others of these: `python -m tests.publish.crash_matrix` kills at every call."""
    lakes: list[Store] = [FolderStore(str(tmp_path / f"{number}")) for number in range(30)]
    assert outcomes(lakes, 7, 1 + rest) == {"well", "Conflict"}


@pytest.mark.slow
def test_stopped_on_s3(s3_server: S3Server) -> None:
    with s3_server.client() as client:
        bucket = s3_server.new_bucket(client)
        lakes: list[Store] = [S3Store(f"s3://{bucket}/{number}", client=client) for number in range(20)]
        assert outcomes(lakes, 11) == {"well", "Conflict"}
