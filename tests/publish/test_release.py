"""The protocol between writers: one wins, the other is told; what is unchanged is not written again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline import schema
from pipeline.errors import BadInput, CheckFailed, Failed
from pipeline.lake.folder import FolderStore
from pipeline.lake.order import place
from pipeline.lake.store import Conflict, Store
from pipeline.model import Run
from pipeline.publish.release import (
    Candidate,
    Manifest,
    collect_garbage,
    complete_current,
    list_releases,
    read_manifest,
    read_table,
    rollback,
)
from tests.publish.faults import Forgetful, Mortal, contents
from tests.publish.sample import (
    BRIDGE,
    FERRY,
    FIRST,
    MONDAY,
    SECOND,
    TUESDAY,
    Tables,
    World,
    check,
    publish,
    table,
    tables,
)


@pytest.fixture
def lake(tmp_path: Path) -> FolderStore:
    return FolderStore(str(tmp_path / "lake"))


def latest(lake: Store) -> str | None:
    manifest = read_manifest(lake)
    return manifest.release if manifest else None


def test_a_release_says_what_it_holds(lake: FolderStore) -> None:
    assert read_manifest(lake) is None
    assert read_table(lake, "stories").schema.equals(schema.STORIES.schema)
    manifest = publish(lake, FIRST, "rel-1")
    assert read_manifest(lake) == Manifest.from_json(manifest.to_json()) == manifest
    assert set(manifest.tables) == {table.name for table in schema.TABLES}
    assert manifest.tables["republications"].rows == 4
    (file,) = manifest.tables["stories"].files
    assert (file.sort_min, file.sort_max) == (("s-ferry",), ("s-orchard",))
    assert file.key == f"tables/stories/schema=1/seen_day=2031-04-07/rel-1-{file.sha256[:12]}.parquet"
    assert (manifest.changed_stories, manifest.previous, manifest.data_runs) == (2, None, ("r1",))
    assert all(result.ok for result in manifest.checks)


def test_partitions_not_given_are_carried_and_equal_ones_not_written_again(lake: FolderStore) -> None:
    before = publish(lake, FIRST, "rel-1")
    given = {
        name: {day: rows for day, rows in by_day.items() if day == TUESDAY or name == "stories"}
        for name, by_day in tables(SECOND).items()
    }
    after = publish(lake, SECOND, "rel-2", given)
    old = {file.partition: file for file in before.files}
    new = {file.partition: file for file in after.files}
    assert new["stories", MONDAY] == old["stories", MONDAY]
    assert new["republications", MONDAY] == old["republications", MONDAY]
    assert new["stories", TUESDAY].key.rpartition("/")[2].startswith("rel-2-")
    assert after.changed_stories == 1
    ids = read_table(lake, "stories")["story_id"].to_pylist()
    assert ids == ["s-ferry", "s-orchard", "s-bridge"]
    assert read_table(lake, "stories", "rel-1")["story_id"].to_pylist() == ids[:2]
    tuesday = read_table(lake, "stories", days=[TUESDAY], columns=["body", "story_id"])
    assert tuesday.to_pylist() == [{"body": BRIDGE.copies[0].body, "story_id": "s-bridge"}]


def test_tables_given_whole_lose_the_partitions_that_are_not_given(lake: FolderStore) -> None:
    publish(lake, SECOND, "rel-1")
    only = World((replace(FERRY, day=MONDAY),), run_id="r2")
    after = publish(
        lake,
        only,
        "rel-2",
        replaces=("stories", "republications", "versions", "pickups", "edges", "changes", "registry"),
    )
    assert [file.seen_day for file in after.tables["stories"].files] == [MONDAY]
    assert after.changed_stories == 2
    assert not lake.exists("current/stories/seen_day=2031-04-08/part-0.parquet")


def test_a_partition_without_rows_goes_and_a_table_without_rows_keeps_one_empty_file(
    lake: FolderStore,
) -> None:
    alone = replace(FIRST, stories=FIRST.stories[1:], quarantined=())
    first = publish(lake, alone, "rel-1")
    assert [file.rows for file in first.tables["edges"].files] == [0]
    again = publish(lake, replace(alone, stories=(*alone.stories, FERRY)), "rel-2")
    assert [file.rows for file in again.tables["edges"].files] == [2]
    gone = {
        name: {day: rows.slice(0, 0) for day, rows in by_day.items()}
        for name, by_day in tables(SECOND).items()
        if name != "outlets"
    }
    last = publish(lake, World((), run_id="r2"), "rel-3", gone)
    assert {name: table.rows for name, table in last.tables.items() if name != "checks"} == {
        "stories": 0, "republications": 0, "versions": 0, "pickups": 0, "edges": 0, "changes": 0,
        "registry": 0, "outlets": 3, "boilerplate": 0, "wire_rules": 0, "templates": 0,
        "runs": 0, "quarantine": 0, "takedowns": 0,
    }  # fmt: skip
    assert all(len(table.files) == 1 for table in last.tables.values())


def test_a_failed_check_releases_nothing_and_keeps_the_evidence(lake: FolderStore) -> None:
    publish(lake, FIRST, "rel-1")
    before = contents(lake)
    headless = {name: by_day for name, by_day in tables(SECOND).items() if name != "stories"}
    with pytest.raises(CheckFailed, match="republications_without_story is 1, must be == 0"):
        publish(lake, SECOND, "rel-2", headless)
    after = contents(lake)
    assert {key: after[key] for key in before} == before
    added = {key.split("/")[0] for key in after.keys() - before.keys()}
    assert added == {"tables", "failed"}
    with lake.open("failed/rel-2/checks.parquet") as file:
        evidence = pq.read_table(file)
    broken = {row["check"]: row["value"] for row in evidence.to_pylist() if not row["ok"]}
    assert broken["republications_without_story"] == 1
    publish(lake, SECOND, "rel-2")
    assert latest(lake) == "rel-2"


def test_the_second_writer_loses_says_so_and_may_try_again(lake: FolderStore) -> None:
    publish(lake, FIRST, "rel-1")
    quicker = replace(SECOND, stories=FIRST.stories, run_id="r2")

    def interrupted(candidate: Candidate) -> Any:
        publish(lake, quicker, "rel-2a")
        return check(SECOND)(candidate)

    with pytest.raises(Conflict, match=r"rel-2a was published since .* from rel-1; rel-2b was not released"):
        publish(lake, SECOND, "rel-2b", check=interrupted)
    assert latest(lake) == "rel-2a"
    retried = publish(lake, SECOND, "rel-2b")
    assert (latest(lake), retried.previous) == ("rel-2b", "rel-2a")


def test_twins_of_one_run_make_one_release(lake: FolderStore) -> None:
    publish(lake, FIRST, "rel-1")
    barrier = Barrier(6)

    def twin(_: int) -> Manifest:
        barrier.wait()
        return publish(lake, SECOND, "rel-2")

    with ThreadPoolExecutor(6) as pool:
        manifests = list(pool.map(twin, range(6)))
    assert all(manifest == manifests[0] for manifest in manifests)
    assert [manifest.release for manifest in list_releases(lake)] == ["rel-1", "rel-2"]
    assert complete_current(lake) == 0


def test_an_id_is_used_once(lake: FolderStore) -> None:
    publish(lake, FIRST, "rel-1")
    with pytest.raises(Conflict, match="rel-1 exists with other content"):
        publish(lake, SECOND, "rel-1")
    assert read_table(lake, "stories").num_rows == 2
    with pytest.raises(BadInput, match="release id"):
        publish(lake, FIRST, "../rel")


def test_running_an_old_release_again_does_not_bring_it_back(lake: FolderStore) -> None:
    publish(lake, FIRST, "rel-1")
    publish(lake, SECOND, "rel-2")
    before = contents(lake)
    publish(lake, FIRST, "rel-1")
    assert contents(lake) == before


def test_rolled_back_releases_stay_rolled_back(lake: FolderStore) -> None:
    publish(lake, FIRST, "rel-1")
    expected = {key: data for key, data in contents(lake).items() if key.startswith("current/")}
    publish(lake, SECOND, "rel-2")
    rollback(lake, "rel-1")
    assert latest(lake) == "rel-1"
    assert {key: data for key, data in contents(lake).items() if key.startswith("current/")} == expected
    with pytest.raises(Conflict, match="rel-2 was rolled back"):
        publish(lake, SECOND, "rel-2")
    publish(lake, FIRST, "rel-1")
    assert latest(lake) == "rel-1"
    assert publish(lake, SECOND, "rel-3").previous == "rel-1"
    with pytest.raises(BadInput, match="no release 'rel-9'"):
        rollback(lake, "rel-9")


def test_what_the_store_spoils_is_noticed_before_the_release(lake: FolderStore) -> None:
    publish(lake, FIRST, "rel-1")
    with pytest.raises(Failed, match="other bytes than were written"):
        publish(Forgetful(lake, lambda data: data[:-1] + b"?"), SECOND, "rel-2")  # type: ignore[arg-type]
    assert latest(lake) == "rel-1"


def test_rows_of_another_schema_are_refused(lake: FolderStore) -> None:
    wrong = {"stories": {MONDAY: tables(FIRST)["stories"][MONDAY].drop_columns("headline")}}
    with pytest.raises(ValueError, match="stories: rows are not of the declared schema"):
        publish(lake, FIRST, "rel-1", wrong)


def test_current_is_mended_by_hand_or_by_the_next_run(lake: FolderStore) -> None:
    publish(lake, FIRST, "rel-1")
    before = contents(lake)
    lake.delete("current/stories/seen_day=2031-04-07/part-0.parquet")
    lake.put("current/outlets/part-0.parquet", b"cut")
    lake.put("current/stories/seen_day=1999-01-01/part-0.parquet", b"stray")
    assert complete_current(lake) == 3
    assert contents(lake) == before


def test_a_late_refresh_of_current_does_not_bury_a_newer_release(lake: FolderStore) -> None:
    """rel-3 comes out whole while rel-2 refreshes current/; files of equal length hide nothing."""

    def named(name: str) -> Tables:
        row = {"outlet_id": "channel-40", "name": name}
        outlets = [row, *({"outlet_id": other} for other in ("harbor-post", "valley-news"))]
        return {"outlets": {None: table(schema.OUTLETS, outlets)}}

    world = replace(FIRST, stories=FIRST.stories[1:], quarantined=())
    publish(lake, world, "rel-1")
    later: list[Manifest] = []

    def interrupt() -> None:
        if not later and latest(lake) == "rel-2" and b'"complete": false' in lake.get("current/.release"):
            later.append(publish(lake, world, "rel-3", named("Bay")))

    slow: Any = Mortal(lake, 1, interrupt)
    second = publish(slow, world, "rel-2", named("Cay"))
    old, new = (manifest.tables["outlets"].files[0] for manifest in (second, later[0]))
    assert old.bytes == new.bytes
    assert latest(lake) == "rel-3"
    assert lake.get("current/outlets/part-0.parquet") == lake.get(new.key)
    assert complete_current(lake) == 0


def test_garbage_is_what_no_kept_release_names(lake: FolderStore) -> None:
    worlds = [FIRST, SECOND, FIRST, SECOND, FIRST]
    manifests = []
    for number, world in enumerate(worlds, start=1):
        later = {run: day + timedelta(days=number) for run, day in world.days.items()}
        manifests.append(publish(lake, replace(world, days=later), f"rel-{number}", replaces=schema.BY_NAME))
    lake.put("tables/stories/schema=1/seen_day=2031-04-07/rel-2-litter.parquet", b"of a killed writer")
    lake.put("tables/stories/schema=1/seen_day=2031-04-07/rel-6-coming.parquet", b"of a living writer")
    now = Run("m", manifests[-1].created_at + timedelta(days=30))
    assert collect_garbage(lake, now, keep_releases=5, keep_days=0) == 0
    # rel-4 and rel-5 are the newest; nothing else is young enough
    removed = collect_garbage(lake, now, keep_releases=2, keep_days=1)
    assert removed >= 3 + 1
    assert [manifest.release for manifest in list_releases(lake)] == ["rel-4", "rel-5"]
    assert not lake.exists("tables/stories/schema=1/seen_day=2031-04-07/rel-2-litter.parquet")
    assert lake.exists("tables/stories/schema=1/seen_day=2031-04-07/rel-6-coming.parquet")
    named = {file.key for manifest in manifests[3:] for file in manifest.files}
    assert named <= contents(lake).keys()
    assert read_table(lake, "stories", "rel-4").num_rows == 3
    assert collect_garbage(lake, now, keep_releases=2, keep_days=1) == 0


def test_a_backfill_that_is_being_published_is_no_garbage(lake: FolderStore) -> None:
    for number in (1, 2):
        place(lake, f"rel-{number}")
        publish(lake, SECOND, f"rel-{number}")
    place(lake, "rel-0")  # an earlier clock, taken up later
    for release in ("rel-0", "rel-00"):
        lake.put(f"tables/stories/schema=1/seen_day=2031-04-07/{release}-part.parquet", b"unnamed")
    collect_garbage(lake, Run("m", SECOND.run.now + timedelta(days=99)), keep_releases=0, keep_days=0)
    assert lake.exists("tables/stories/schema=1/seen_day=2031-04-07/rel-0-part.parquet")
    assert not lake.exists("tables/stories/schema=1/seen_day=2031-04-07/rel-00-part.parquet")
    publish(lake, FIRST, "rel-0")
    assert [manifest.release for manifest in list_releases(lake)] == ["rel-1", "rel-2", "rel-0"]


def test_a_run_taken_up_before_the_newest_release_is_in_it(lake: FolderStore) -> None:
    for release in ("rel-2", "rel-1"):
        place(lake, release)
    publish(lake, FIRST, "rel-1")
    before = contents(lake)
    with pytest.raises(Conflict, match="rel-2 was taken up before rel-1, which has its pages already"):
        publish(lake, SECOND, "rel-2")
    assert contents(lake) == before


def test_garbage_spares_the_release_that_was_gone_back_to(lake: FolderStore) -> None:
    for number, world in enumerate([FIRST, SECOND, FIRST], start=1):
        manifest = publish(lake, world, f"rel-{number}")
    rollback(lake, "rel-1")
    collect_garbage(lake, Run("m", manifest.created_at + timedelta(days=99)), keep_releases=0, keep_days=0)
    assert latest(lake) == "rel-1"
    assert [manifest.release for manifest in list_releases(lake)] == ["rel-1", "rel-3"]
    assert read_table(lake, "republications").num_rows == 4
