"""Templates go from run to run; killed at any write, a rerun learns the same bytes; a change is told."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline import intake, steps
from pipeline.config import Config
from pipeline.extract.reader import BY_TEMPLATE, EVIDENT
from pipeline.lake.folder import FolderStore
from pipeline.lake.store import Store
from pipeline.model import Run
from pipeline.publish.release import read_table
from tests.extract.outlet import OUTLET, page
from tests.publish.faults import Killed, Mortal, contents

FIRST, SECOND = (Run.at(datetime(2026, 3, day, 20, tzinfo=UTC)) for day in (5, 6))


def folder_of(where: Path, numbers: range, layout: str = "story") -> Path:
    where.mkdir()
    for number in numbers:
        (where / f"{number:03}.html").write_text(page(number, layout))
    return where


def take_in(lake: Store, run: Run, pages: Path) -> None:
    intake.take_in(lake, run, Config.for_files(lake.url, ()), [pages])


def fold(lake: Store, run: Run, pages: Path) -> None:
    config = Config.for_files(lake.url, ())
    intake.take_in(lake, run, config, [pages])
    steps.match(lake, run, config)
    steps.story(lake, run, config)
    steps.publish(lake, run, config, ())


def extractors(lake: Store, run: Run) -> list[str]:
    rows = read_table(lake, "republications")
    own = [row for row in rows.to_pylist() if row["run_id"] == run.run_id]
    return [row["extractor"] for row in sorted(own, key=lambda row: row["doc_id"])]


def test_a_run_begins_with_what_the_one_before_it_learned(tmp_path: Path) -> None:
    lake = FolderStore(str(tmp_path / "lake"))
    fold(lake, FIRST, folder_of(tmp_path / "one", range(8)))
    fold(lake, SECOND, folder_of(tmp_path / "two", range(8, 12)))
    assert extractors(lake, FIRST) == [EVIDENT] * 2 + [BY_TEMPLATE] * 6
    assert extractors(lake, SECOND) == [BY_TEMPLATE] * 4
    [row] = read_table(lake, "templates").to_pylist()
    assert (row["outlet_id"], row["layout"], row["version"]) == (OUTLET, "div.copy<article.story", 1)
    assert (row["state"], row["pages"], row["learned_at"]) == ("trusted", 12, FIRST.now)
    assert (row["changed_at"], row["checked"], row["agreement"]) == (None, 0, None)


def test_killed_at_any_write_a_rerun_learns_the_same(tmp_path: Path) -> None:
    early, late = folder_of(tmp_path / "one", range(4)), folder_of(tmp_path / "two", range(4, 8))
    take_in(FolderStore(str(tmp_path / "base")), FIRST, early)
    shutil.copytree(tmp_path / "base", tmp_path / "whole")
    counted = Mortal(FolderStore(str(tmp_path / "whole")), 0)
    take_in(counted, SECOND, late)
    whole = contents(FolderStore(str(tmp_path / "whole")))
    assert f"templates/run={SECOND.run_id}/all.parquet" in whole
    for at in range(1, counted.writes + 1):
        copy = tmp_path / f"killed{at}"
        shutil.copytree(tmp_path / "base", copy)
        with pytest.raises(Killed):
            take_in(Mortal(FolderStore(str(copy)), at), SECOND, late)
        take_in(FolderStore(str(copy)), SECOND, late)
        assert contents(FolderStore(str(copy))) == whole


def test_a_rerun_after_a_later_run_learns_what_it_learned_before(tmp_path: Path) -> None:
    early, late = folder_of(tmp_path / "one", range(6)), folder_of(tmp_path / "two", range(6, 12))
    lake = FolderStore(str(tmp_path / "lake"))
    take_in(lake, FIRST, early)
    before = contents(lake)
    take_in(lake, SECOND, late)
    for kind in ("templates", "sites"):
        lake.delete(f"{kind}/run={FIRST.run_id}/all.parquet")
    take_in(lake, FIRST, early)
    assert {key: data for key, data in contents(lake).items() if FIRST.run_id in key} == before


def test_a_layout_that_is_gone_is_a_warning_with_its_outlet(tmp_path: Path) -> None:
    lake = FolderStore(str(tmp_path / "lake"))
    fold(lake, FIRST, folder_of(tmp_path / "one", range(8)))
    assert told(lake)["ok"]
    fold(lake, SECOND, folder_of(tmp_path / "two", range(8, 20), "feature"))
    assert told(lake) | {"value": 1.0, "ok": False, "level": "warn"} == told(lake)
    assert told(lake)["detail"] == OUTLET
    rows = {row["layout"]: row for row in read_table(lake, "templates").to_pylist()}
    assert (rows["div.copy<article.story"]["state"], rows["div.copy<article.story"]["changed_at"]) == (
        "changed",
        SECOND.now,
    )
    assert rows["div.long-read<section.feature.wide"]["state"] == "trusted"
    assert extractors(lake, SECOND)[2:] == [BY_TEMPLATE] * 10


def told(lake: Store) -> dict[str, object]:
    return next(row for row in read_table(lake, "checks").to_pylist() if row["check"] == "template_relearned")
