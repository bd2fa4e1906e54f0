"""A writer is stopped in the middle of a release while others publish and drop old releases: when it goes on
it loses in one line or does no harm, and readers have the newest release, whole.

`test_paused.py` stops it at any call; here it is a process, or has a twin, or somebody goes back meanwhile.
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from pipeline.errors import BadInput, Failed
from pipeline.lake.folder import FolderStore
from pipeline.lake.locate import open_store
from pipeline.lake.order import place
from pipeline.lake.store import Conflict, Store
from pipeline.model import Run
from pipeline.publish.current import MARKER, complete_current
from pipeline.publish.manifest import current_key
from pipeline.publish.release import collect_garbage, list_releases, read_manifest, rollback
from tests.publish.faults import Every, Paused
from tests.publish.sample import BRIDGE, FERRY, ORCHARD, World, publish
from tests.publish.scenes import BEFORE, WHOLE, first, second, whole
from tests.servers import S3Server

THIRD = World((replace(FERRY, copies=FERRY.copies[:2]), ORCHARD, BRIDGE), run_id="r2")
FOURTH = World((ORCHARD, BRIDGE), run_id="r2")
# the places of a release where a writer is stopped: before the first call of a kind, by method and key
POINTS: dict[str, tuple[str, str]] = {
    "before files": ("put_file", "tables/"),
    "before a file is reopened": ("open", "/rel-2-"),
    "before the last release is read": ("open", "/rel-1-"),
    "before the manifest": ("put_if_absent", "releases/"),
    "before the swap": ("swap", "latest.json"),
    "before current/": ("swap", MARKER),
    "in current/": ("copy", "tables/stories/schema=1/seen_day=2031-04-07/rel-2-"),
    "before objects of current/ go": ("delete", "current/"),
}


def collect(lake: Store) -> None:
    collect_garbage(lake, Run("m", FOURTH.run.now + timedelta(days=1)), keep_releases=1, keep_days=0)


def overtake(lake: Store) -> None:
    """Two later releases, so that nothing holds the first any more, and what nobody holds is dropped."""
    publish(lake, THIRD, "rel-3", replaces=WHOLE)
    publish(lake, FOURTH, "rel-4", replaces=WHOLE)
    collect(lake)
    assert "rel-1" not in {manifest.release for manifest in list_releases(lake)}


def begun(lake: Store) -> Store:
    """A lake with one release and three runs to come."""
    for number in range(1, 5):
        place(lake, f"rel-{number}")
    first(lake)
    return lake


def at(point: str) -> Callable[[str, str], bool]:
    method, part = POINTS[point]
    return lambda name, key: name == method and part in key


def assert_sound(lake: Store, newest: str) -> None:
    """The newest release is that one; it and all kept ones are whole; current/ holds it and nothing else."""
    manifest = read_manifest(lake)
    assert manifest is not None
    assert manifest.release == newest
    assert [kept.release for kept in list_releases(lake) if not whole(lake, kept)] == []
    found = {item.key: hashlib.sha256(lake.get(item.key)).hexdigest() for item in lake.list("current/")}
    found.pop(MARKER)
    assert found == {current_key(file): file.sha256 for file in manifest.files}
    assert complete_current(lake) == 0


STOPPED = """
import os, signal, sys
from pipeline.errors import Failed
from pipeline.lake.locate import open_store
from tests.publish.faults import Paused
from tests.publish.scenes import second
from tests.publish.test_fencing import at
stopped = lambda: os.kill(os.getpid(), signal.SIGSTOP)
try:
    second(Paused(open_store(sys.argv[1]), at(sys.argv[2]), stopped))
except Failed as lost:
    sys.exit(str(lost))
"""


@pytest.mark.slow
@pytest.mark.parametrize("store", ["folder", "ministack"])
def test_a_process_stopped_by_signal(
    store: str, s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    with s3_server.client() as client:
        root = str(tmp_path) if store == "folder" else f"s3://{s3_server.new_bucket(client)}"
    for number, point in enumerate([*POINTS][::2] if store == "folder" else [*POINTS][1::2]):
        lake = begun(open_store(f"{root}/{number}"))
        command = [sys.executable, "-c", STOPPED, lake.url, point]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as writer:
            assert os.WIFSTOPPED(os.waitpid(writer.pid, os.WUNTRACED)[1]), point
            overtake(lake)
            writer.send_signal(signal.SIGCONT)
            _, said = writer.communicate(timeout=60)
        assert (writer.returncode == 0) == ("current/" in point), said
        assert (said.count("\n"), "rel-4" in said) == ((1, True) if writer.returncode else (0, False)), said
        assert_sound(lake, "rel-4")


@pytest.mark.parametrize("point", ["before the swap"])
def test_a_writer_whose_release_somebody_went_back_from_loses(tmp_path: Path, point: str) -> None:
    """Readers have again what they had when it began, and yet something happened."""
    lake = begun(FolderStore(str(tmp_path)))

    def meanwhile() -> None:
        publish(lake, THIRD, "rel-3", replaces=WHOLE)
        rollback(lake, "rel-1")
        collect(lake)

    with pytest.raises(Failed, match="another release was published and gone back from"):
        second(Paused(lake, at(point), meanwhile))
    assert_sound(lake, "rel-1")


@pytest.mark.parametrize("point", ["before a file is reopened", "before the swap"])
def test_old_releases_may_be_dropped_while_a_writer_stands_still(tmp_path: Path, point: str) -> None:
    lake = FolderStore(str(tmp_path))
    for release, world in {"rel-00": THIRD, "rel-0": FOURTH, "rel-1": BEFORE}.items():
        place(lake, release)
        publish(lake, world, release, replaces=WHOLE)
    place(lake, "rel-2")
    second(Paused(lake, at(point), lambda: collect(lake)))
    kept = ["rel-1", "rel-2"] if "current/" in point else ["rel-0", "rel-1", "rel-2"]
    assert [manifest.release for manifest in list_releases(lake)] == kept
    assert_sound(lake, "rel-2")


@pytest.mark.parametrize("point", ["before the manifest", "before the swap"])
def test_a_twin_that_stood_still_does_not_take_the_release_back(tmp_path: Path, point: str) -> None:
    """The scheduler took the writer for dead and started it again; that one came out, and one after it."""
    lake = begun(FolderStore(str(tmp_path)))

    def meanwhile() -> None:
        second(lake)
        publish(lake, THIRD, "rel-3", replaces=WHOLE)

    second(Paused(lake, at(point), meanwhile))
    assert [manifest.release for manifest in list_releases(lake)] == ["rel-1", "rel-2", "rel-3"]
    assert_sound(lake, "rel-3")


def test_a_rerun_does_not_bring_a_dropped_release_back(tmp_path: Path) -> None:
    lake = begun(FolderStore(str(tmp_path)))
    second(lake)
    with pytest.raises(Failed, match="rel-2 was dropped since this run began"):
        second(Paused(lake, at("before the manifest"), lambda: overtake(lake)))
    assert_sound(lake, "rel-4")


@pytest.mark.parametrize(("wanted", "went"), [("rel-1", {True, False}), ("rel-2", {True})])
def test_going_back_while_old_releases_are_dropped(tmp_path: Path, wanted: str, went: set[bool]) -> None:
    """Before each of its calls: a release that goes is refused, and one that was gone back to stays whole."""
    lake = begun(FolderStore(str(tmp_path / "lake")))
    second(lake)
    publish(lake, THIRD, "rel-3", replaces=WHOLE)
    copytree(tmp_path / "lake", tmp_path / "again")
    counting: Any = Every(lake, 0)
    collect(counting)
    assert not lake.exists("releases/rel-1/manifest.json")
    found = set()
    for call in (*range(1, 12, 2), *range(16, counting.calls, 9)):
        lake = FolderStore(str(copytree(tmp_path / "again", tmp_path / f"{call}")))
        found.add(goes_back(lake, wanted, call))
        newest = read_manifest(lake)
        assert newest is not None
        assert_sound(lake, newest.release)
    assert found == went


def goes_back(lake: Store, wanted: str, call: int) -> bool:
    """Whether somebody could go back to the release at the moment of garbage collection's n-th call."""
    went: list[bool] = []

    def meanwhile() -> None:
        if not went:
            with suppress(BadInput, Conflict):
                went.append(False)
                went[0] = rollback(lake, wanted).release == wanted

    collect(Every(lake, call, meanwhile))  # type: ignore[arg-type]
    newest = read_manifest(lake)
    assert newest is not None
    assert newest.release == (wanted if went[0] else "rel-3")
    return went[0]


def test_a_reader_between_the_newest_release_and_its_manifest_gets_the_next(tmp_path: Path) -> None:
    lake = begun(FolderStore(str(tmp_path)))
    reader: Any = Paused(lake, lambda name, key: "rel-1" in key, lambda: overtake(lake))
    manifest = read_manifest(reader)
    assert manifest is not None
    assert manifest.release == "rel-4"
    assert reader.stopped
