"""What goes wrong between a writer and its store, and writers against each other."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.lake.folder import FolderStore
from pipeline.lake.s3 import S3Store
from pipeline.lake.store import Conflict, Store
from pipeline.publish.release import begin, read_manifest
from tests.publish.http_faults import FAULTS, Plan, cases, faulty_store, outcomes
from tests.publish.sample import publish
from tests.publish.scenes import AFTER, WHOLE, first, whole
from tests.servers import S3Server

_WRITERS = 16
_HARMLESS = ("500", "503 SlowDown", "409", "cut before", "answer lost", "body cut")


@pytest.mark.slow
def test_a_fault_that_happens_once_is_tried_again_and_never_leaves_a_mix(s3_server: S3Server) -> None:
    """`python -m tests.publish.http_faults` has the faults that stay, too."""
    with s3_server.client() as client:
        bucket = s3_server.new_bucket(client)
    found = list(outcomes(s3_server, bucket, hits=(False,)))
    assert len(found) > 30
    assert [one for one in found if not one.good] == []
    assert [one for one in found if one.fault in _HARMLESS and one.told != "well"] == []


@pytest.mark.slow
def test_a_body_that_broke_off_is_read_again(s3_server: S3Server) -> None:
    with s3_server.client() as client:
        bucket = s3_server.new_bucket(client)
        S3Store(f"s3://{bucket}", client=client).put("a", b"0123456789" * 1_000)
    plan = Plan("get", "body cut")
    with faulty_store(f"s3://{bucket}", s3_server, plan) as lake:
        assert lake.get("a") == b"0123456789" * 1_000
    assert plan.hits == 1


def test_the_page_counts_the_faults_that_are_tried() -> None:
    page = Path("docs/durability.md").read_text().partition("## Faults between")[2].partition("\n## ")[0]
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    assert len(rows) == 1 + len(FAULTS)
    assert f"\n{sum(1 for _ in cases((False, True)))} cases," in page


def race(lake: Store) -> None:
    """Many writers publish from one base: one wins, and the others say so."""
    first(lake)
    together = threading.Barrier(_WRITERS)

    def write(number: int) -> str:
        release = f"rel-{number + 2:02d}"
        start = begin(lake, release)
        together.wait()
        try:
            return publish(lake, AFTER, release, replaces=WHOLE, start=start).release
        except Conflict as lost:
            assert "was published since this run began" in str(lost)
            return ""

    with ThreadPoolExecutor(_WRITERS) as pool:
        won = [release for release in pool.map(write, range(_WRITERS)) if release]
    manifest = read_manifest(lake)
    assert manifest is not None
    assert won == [manifest.release]
    assert whole(lake, manifest)


def test_of_sixteen_writers_one_wins(tmp_path: Path) -> None:
    race(FolderStore(str(tmp_path)))


@pytest.mark.slow
@pytest.mark.parametrize("store", ["folder", "ministack"])
def test_of_sixteen_writers_one_wins_ten_times(store: str, s3_server: S3Server, tmp_path: Path) -> None:
    with s3_server.client() as client:
        bucket = s3_server.new_bucket(client)
        for number in range(10):
            race(
                FolderStore(str(tmp_path / f"{number}"))
                if store == "folder"
                else S3Store(f"s3://{bucket}/{number}", client=client)
            )
