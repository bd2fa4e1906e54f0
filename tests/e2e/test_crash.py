"""Killed at any write, the lake still serves its last release, and the rerun gives the same bytes."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline import intake, steps
from pipeline.config import Config
from pipeline.lake.locate import open_store
from pipeline.lake.store import Store
from pipeline.model import Run
from pipeline.publish.release import read_manifest, read_table
from tests.e2e.test_cli import articles, prose
from tests.publish.faults import Killed, Mortal, contents

FIRST, SECOND = (Run.at(datetime(2026, 3, day, 20, tzinfo=UTC)) for day in (5, 6))


def fold(lake: Store, run: Run, path: Path) -> None:
    config = Config.for_files(lake.url, ())
    intake.take_in(lake, run, config, [path])
    steps.match(lake, run, config)
    steps.story(lake, run, config)
    steps.publish(lake, run, config, ())


@pytest.mark.slow
def test_killed_at_any_write_the_rerun_gives_the_same_bytes(tmp_path: Path) -> None:
    early, late, base = articles(tmp_path), tmp_path / "late.jsonl", tmp_path / "base"
    rows = [
        {"doc_id": "a0", "url": "http://four.example/x", "text": f"{prose(1, 60)}\n{prose(2, 80)}"},
        {"doc_id": "c0", "url": "http://four.example/y", "text": prose(30, 90)},
        {"doc_id": "c1", "url": "http://four.example/z", "text": "too short"},
    ]
    late.write_text("".join(json.dumps(row) + "\n" for row in rows))
    fold(open_store(str(base)), FIRST, early)
    shutil.copytree(base, tmp_path / "whole")
    counted = Mortal(open_store(str(tmp_path / "whole")), 0)
    fold(counted, SECOND, late)
    whole = contents(open_store(str(tmp_path / "whole")))
    before = read_table(open_store(str(base)), "stories")
    assert counted.writes > 20
    for at in range(1, counted.writes + 1):
        folder = tmp_path / f"killed{at}"
        shutil.copytree(base, folder)
        with pytest.raises(Killed):
            fold(Mortal(open_store(str(folder)), at), SECOND, late)
        lake = open_store(str(folder))
        manifest = read_manifest(lake)
        assert manifest is not None
        if manifest.release == FIRST.run_id:
            assert read_table(lake, "stories").equals(before)
        fold(lake, SECOND, late)
        assert contents(lake) == whole
        shutil.rmtree(folder)
