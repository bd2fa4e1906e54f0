"""Runs come late, out of order and cut short; nothing is lost, and nothing that was said is unsaid."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from pipeline import intake, steps
from pipeline.config import Config
from pipeline.lake import ledger, order
from pipeline.lake.locate import open_store
from pipeline.lake.segment import read_segment, write_segment
from pipeline.lake.store import Store
from pipeline.model import Run
from pipeline.publish.reader import read_files
from pipeline.publish.release import read_manifest, read_table
from pipeline.schema import REGISTRY
from tests.e2e.test_cli import articles, prose
from tests.publish.faults import contents
from tests.story.test_registry import replayed

FIRST, BACKFILL, LAST = (Run.at(datetime(year, 3, 5, 20, tzinfo=UTC)) for year in (2026, 2025, 2027))


def fold(lake: Store, run: Run, config: Config) -> None:
    steps.match(lake, run, config)
    steps.story(lake, run, config)


def inputs(folder: Path) -> list[Path]:
    """Three files, of which the second and the third bring copies of a story of the first."""
    copies = [
        [("a0", f"{prose(1, 60)}\n{prose(2, 80)}"), ("c0", prose(30, 90))],
        [("d0", f"{prose(2, 80)}\n{prose(3, 70)}\n{prose(4, 90)}"), ("c1", prose(30, 90))],
    ]
    paths = [articles(folder)]
    for n, rows in enumerate(copies):
        path = folder / f"more{n}.jsonl"
        lines = [{"doc_id": d, "url": f"http://{d}.example/", "text": text} for d, text in rows]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        paths.append(path)
    return paths


def test_a_run_that_was_cut_short_is_completed_by_the_next(tmp_path: Path) -> None:
    paths = inputs(tmp_path)
    lakes = [open_store(str(tmp_path / name)) for name in ("whole", "cut")]
    for lake, cut in zip(lakes, (False, True), strict=True):
        config = Config.for_files("lake", ())
        for run, path in zip((FIRST, BACKFILL, LAST), paths, strict=True):
            intake.take_in(lake, run, config, [path])
            order.place(lake, run.run_id)
            if not cut or run == LAST:
                fold(lake, run, config)
        steps.publish(lake, LAST, config, ())
    whole, cut_short = map(contents, lakes)
    assert whole == cut_short
    assert order.runs_told(lakes[1]) == (FIRST.run_id, BACKFILL.run_id, LAST.run_id)
    assert len(ledger.told(lakes[1])) == 3


def test_an_older_copy_joins_a_story_that_was_seen_later(tmp_path: Path) -> None:
    lake, config = open_store(str(tmp_path / "lake")), Config.for_files("lake", ())
    for run, path in zip((FIRST, BACKFILL), inputs(tmp_path), strict=False):
        intake.take_in(lake, run, config, [path])
        fold(lake, run, config)
        steps.publish(lake, run, config, ())
    copies = {row["doc_id"]: row for row in read_table(lake, "republications").to_pylist()}
    assert copies["a0"]["story_id"] == copies["a1"]["story_id"] != copies["c0"]["story_id"]
    assert (copies["a0"]["first_seen_at"], copies["a0"]["run_id"]) == (BACKFILL.now, BACKFILL.run_id)
    seen = {row["story_id"]: row["first_seen_at"] for row in read_table(lake, "stories").to_pylist()}
    assert seen[copies["a0"]["story_id"]] == BACKFILL.now
    manifest = read_manifest(lake)
    assert manifest is not None
    days = {}
    for file in manifest.tables["stories"].files:
        days |= dict.fromkeys(read_files(lake, "stories", [file])["story_id"].to_pylist(), file.seen_day)
    assert days[copies["a0"]["story_id"]] == FIRST.now.date(), "the story stays where it was"
    assert days[copies["c0"]["story_id"]] == BACKFILL.now.date()


def test_changes_of_all_releases_give_the_registry_and_name_the_runs_that_came_in(tmp_path: Path) -> None:
    lake, config = open_store(str(tmp_path / "lake")), Config.for_files("lake", ())
    for run, path in zip((FIRST, BACKFILL, LAST), inputs(tmp_path), strict=True):
        intake.take_in(lake, run, config, [path])
        fold(lake, run, config)
        if run != BACKFILL:
            steps.publish(lake, run, config, ())
    told = read_table(lake, "changes").sort_by("seq")
    assert told["seq"].to_pylist() == list(range(told.num_rows))
    rows = told.to_pylist()
    assert {(row["release"], row["run_id"]) for row in rows} == {
        (FIRST.run_id, FIRST.run_id),
        (LAST.run_id, BACKFILL.run_id),
        (LAST.run_id, LAST.run_id),
    }
    expected = replayed(rows)
    registry = read_table(lake, "registry").to_pylist()
    assert {row["story_id"]: row for row in registry} == {
        story: {name: row[name] for name in REGISTRY.schema.names} for story, row in expected.items()
    }
    manifest = read_manifest(lake)
    assert manifest is not None
    assert manifest.data_runs == (BACKFILL.run_id, LAST.run_id)
    before = contents(lake)
    steps.publish(lake, FIRST, config, ())
    steps.publish(lake, LAST, config, ())
    assert contents(lake) == before


def test_a_lake_of_an_older_version_goes_on_in_the_order_of_its_ids(tmp_path: Path) -> None:
    """No order/, no days in the ledger, no registry: what such a lake looks like."""
    paths = inputs(tmp_path)
    lake, config = open_store(str(tmp_path / "lake")), Config.for_files("lake", ())
    for run, path in ((FIRST, paths[0]), (LAST, paths[1])):
        intake.take_in(lake, run, config, [path])
        fold(lake, run, config)
        key = ledger.ledger_key(run.run_id)
        write_segment(lake, key, read_segment(lake, key).drop_columns("seen_day"))
    for stored in list(lake.list("order/")):
        lake.delete(stored.key)
    intake.take_in(lake, BACKFILL, config, [paths[2]])
    fold(lake, BACKFILL, config)
    steps.publish(lake, BACKFILL, config, ())
    assert order.runs_told(lake) == (FIRST.run_id, LAST.run_id, BACKFILL.run_id)
    manifest = read_manifest(lake)
    assert manifest is not None
    days = {file.seen_day for file in manifest.tables["stories"].files}
    assert days == {FIRST.now.date(), LAST.now.date()}
