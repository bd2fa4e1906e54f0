"""Killed at any write, a release leaves the last one whole, and the rerun gives the same bytes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree

import pytest

from pipeline.errors import Failed
from pipeline.lake.folder import FolderStore
from pipeline.lake.locate import open_store
from pipeline.lake.s3 import S3Store
from pipeline.publish.release import complete_current, read_manifest, read_table, rollback
from tests.publish.crash_matrix import roots, run_matrix
from tests.publish.faults import Killed, Mortal, contents
from tests.publish.scenes import first, second, whole
from tests.servers import S3Server, ministack


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """A lake after the first release, what it holds after the second, and how many writes that took."""

    folder: Path
    after: dict[str, bytes]
    writes: int

    def again(self, folder: Path) -> FolderStore:
        """The lake after the first release, somewhere else."""
        return FolderStore(str(copytree(self.folder, folder)))

    def current(self) -> dict[str, bytes]:
        return in_current(self.after)


def in_current(objects: dict[str, bytes]) -> dict[str, bytes]:
    return {key: data for key, data in objects.items() if key.startswith("current/")}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    folder = tmp_path_factory.mktemp("undisturbed")
    lake = FolderStore(str(folder / "both"))
    first(lake)
    copytree(folder / "both", folder / "first")
    counting = Mortal(lake, at=0)
    second(counting)
    return Undisturbed(folder / "first", contents(lake), counting.writes)


def test_killed_at_every_write(undisturbed: Undisturbed, tmp_path: Path) -> None:
    assert undisturbed.writes > 15
    seen = set()
    for at in range(1, undisturbed.writes + 1):
        lake = undisturbed.again(tmp_path / f"{at}")
        with pytest.raises(Killed):
            second(Mortal(lake, at))
        manifest = read_manifest(lake)
        assert manifest is not None
        seen.add(manifest.release)
        assert whole(lake, manifest)
        stories = {"rel-1": {"s-ferry", "s-orchard"}, "rel-2": {"s-ferry", "s-bridge"}}[manifest.release]
        assert set(read_table(lake, "stories")["story_id"].to_pylist()) == stories
        second(lake)
        assert contents(lake) == undisturbed.after, f"killed at write {at}"
    assert seen == {"rel-1", "rel-2"}


def test_any_later_run_completes_current(undisturbed: Undisturbed, tmp_path: Path) -> None:
    completed = 0
    for at in range(1, undisturbed.writes + 1):
        lake = undisturbed.again(tmp_path / f"{at}")
        before = in_current(contents(lake))
        with pytest.raises(Killed):
            second(Mortal(lake, at))
        completed += bool(complete_current(lake))
        manifest = read_manifest(lake)
        assert manifest is not None
        wanted = before if manifest.release == "rel-1" else undisturbed.current()
        assert in_current(contents(lake)) == wanted
        assert complete_current(lake) == 0
    assert completed


def test_a_kill_in_current_is_not_forgotten_by_a_rollback(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """What rel-2 had already put into current/ when it died must go again with rel-2."""
    lake = undisturbed.again(tmp_path / "lake")
    expected = in_current(contents(lake))
    with pytest.raises(Killed):
        second(Mortal(lake, undisturbed.writes - 2))
    assert lake.get("current/.release") != expected["current/.release"]
    rollback(lake, "rel-1")
    assert in_current(contents(lake)) == expected


KILLED = """
import os, signal, sys
from pipeline.lake.locate import open_store
from tests.publish.faults import Mortal
from tests.publish.scenes import second
second(Mortal(open_store(sys.argv[1]), int(sys.argv[2]), lambda: os.kill(os.getpid(), signal.SIGKILL)))
"""


@pytest.fixture(params=["folder", "ministack"])
def lake_url(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    if request.param == "folder":
        yield str(tmp_path / "lake")
        return
    server: S3Server = request.getfixturevalue("s3_server")
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    with server.client() as client:
        yield f"s3://{server.new_bucket(client)}/lake"


@pytest.mark.slow
def test_a_process_killed_by_signal(lake_url: str, undisturbed: Undisturbed) -> None:
    """The same with a real SIGKILL, and on a real server."""
    expected, writes = undisturbed.after, undisturbed.writes
    for at in (4, writes // 2, writes - 2):
        lake = open_store(f"{lake_url}/{at}")
        first(lake)
        process = subprocess.run([sys.executable, "-c", KILLED, lake.url, str(at)], capture_output=True)
        assert process.returncode == -signal.SIGKILL, process.stderr.decode()
        manifest = read_manifest(lake)
        assert manifest is not None
        assert whole(lake, manifest)
        second(lake)
        assert contents(lake) == expected


@pytest.mark.slow
def test_a_server_killed_under_the_writer(tmp_path: Path, undisturbed: Undisturbed) -> None:
    expected, writes = undisturbed.after, undisturbed.writes
    for at in (3, writes - 3):
        with ministack(tmp_path / f"{at}") as server, server.client() as client:
            client.create_bucket(Bucket="lake")
            lake = S3Store("s3://lake", client=client)
            first(lake)
            pid = server.pid
            with pytest.raises(Failed, match="no answer from"):
                second(Mortal(lake, at, lambda pid=pid: os.kill(pid, signal.SIGKILL)))  # type: ignore[misc]
        with ministack(tmp_path / f"{at}") as server, server.client() as client:
            lake = S3Store("s3://lake", client=client)
            manifest = read_manifest(lake)
            assert manifest is not None
            assert whole(lake, manifest)
            second(lake)
            assert contents(lake) == expected


@pytest.mark.parametrize("store", ["folder", pytest.param("ministack", marks=pytest.mark.slow)])
def test_killed_at_calls_and_at_moments(store: str) -> None:
    """A part of what `python -m tests.publish.crash_matrix` does whole."""
    with roots([store]) as places:
        matrix = run_matrix(places[store], calls=range(1, 100, 9), moments=8)
    assert matrix.wrong == []
    assert {release for how, release in matrix.found if how == "at a call"} == {"rel-1", "rel-2"}
    assert sum(trials for (how, _), trials in matrix.found.items() if how == "at a moment") == 8
