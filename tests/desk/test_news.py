"""What is told of a release as soon as it is out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pipeline.desk.shelf import Desk, files_of
from pipeline.lake.folder import FolderStore
from pipeline.news import news
from pipeline.publish.manifest import CheckResult, manifest_key
from pipeline.publish.reader import read_files


def test_a_story_that_is_called_off_is_told_once(full: Desk) -> None:
    newest = full.newest()
    rows = read_files(full.lake, "stories", files_of(newest, "stories")).to_pylist()
    [killed] = [row["story_id"] for row in rows if row["pub_status"] == "canceled"]
    assert news(full.lake, replace(newest, previous=None)) == (f"called off by its wire: {killed}",)
    assert news(full.lake, replace(newest, previous=newest.release)) == ()


def test_a_check_that_warns_is_told_until_it_warns_of_the_same(full: Desk, tmp_path: Path) -> None:
    silent = CheckResult("outlets_silent", 2.0, 0.0, "<=", "warn", False, "kvlt, krvf")
    lake = FolderStore(str(tmp_path))
    before = replace(full.newest(), release="before", checks=(silent,))
    lake.put_if_absent(manifest_key("before"), before.to_json())
    now = replace(before, release="now", previous="before")
    assert news(lake, now) == ()
    more = replace(silent, value=3.0, detail="kvlt, krvf, kcsj")
    [line] = news(lake, replace(now, checks=(silent, more)))
    assert line.startswith("check outlets_silent is 3") and "kcsj" in line
