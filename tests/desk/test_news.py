"""What is told of a release as soon as it is out."""

from __future__ import annotations

from dataclasses import replace

from pipeline.desk.shelf import Desk, files_of
from pipeline.news import news
from pipeline.publish.manifest import CheckResult
from pipeline.publish.reader import read_files


def test_a_story_that_is_called_off_is_told_once(full: Desk) -> None:
    newest = full.newest()
    rows = read_files(full.lake, "stories", files_of(newest, "stories")).to_pylist()
    [killed] = [row["story_id"] for row in rows if row["pub_status"] == "canceled"]
    assert news(full.lake, replace(newest, previous=None)) == (f"called off by its wire: {killed}",)
    assert news(full.lake, replace(newest, previous=newest.release)) == ()


def test_a_check_that_warns_is_a_line(full: Desk) -> None:
    warned = CheckResult("outlets_silent", 2.0, 0.0, "<=", "warn", False, "kvlt, krvf")
    quiet = replace(full.newest(), previous=full.newest().release, checks=(warned,))
    [line] = news(full.lake, quiet)
    assert line.startswith("check outlets_silent") and "kvlt, krvf" in line
