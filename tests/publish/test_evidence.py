"""A release that fails leaves the rows for which it did; one that was published can be checked again."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline import cli
from pipeline.audit import audit
from pipeline.errors import CheckFailed, Failed
from pipeline.lake.folder import FolderStore
from pipeline.publish import evidence
from tests.publish.sample import FIRST, MONDAY, PARAMS, SECOND, Copy, publish, tables


@pytest.fixture
def lake(tmp_path: Path) -> FolderStore:
    return FolderStore(str(tmp_path / "lake"))


def test_what_failed_is_told_with_its_rows(lake: FolderStore) -> None:
    publish(lake, FIRST, "rel-1")
    given = tables(SECOND)
    given["republications"][MONDAY] = given["republications"][MONDAY].slice(1)
    with pytest.raises(CheckFailed, match="see failed/rel-2/"):
        publish(lake, SECOND, "rel-2", given)
    summary = json.loads(lake.get("failed/rel-2/summary.json"))
    assert (summary["base"], summary["run_id"]) == ("rel-1", "r2")
    assert summary["params_digest"] == PARAMS.digest()
    assert summary["counts"]["fetched"] == SECOND.counts.fetched
    failed = {one["check"]: one for one in summary["failed"]}
    assert failed.keys() >= {"edges_without_republication", "n_republications_wrong", "pickups_wrong"}
    ends = [
        json.loads(line) for line in lake.get("failed/rel-2/edges_without_republication.jsonl").splitlines()
    ]
    assert {row["table"] for row in ends} == {"edges"}
    assert {row["doc_id_a"] for row in ends} == {"d-ferry-0"}
    counted = json.loads(lake.get("failed/rel-2/n_republications_wrong.jsonl"))
    assert counted == {"table": "stories", "story_id": "s-ferry", "n_republications": 3, "republications": 2}
    stored = {item.key.rpartition("/")[2] for item in lake.list("failed/rel-2/")}
    named = {one["file"] for one in summary["failed"] if "file" in one}
    assert stored == named | {"checks.parquet", "summary.json"}


def test_each_failing_check_shows_rows_or_is_a_sum(lake: FolderStore) -> None:
    """A checks' value is of rows that can be looked at, but for few."""
    given = {name: by_day for name, by_day in tables(FIRST).items() if name not in ("stories", "quarantine")}
    with pytest.raises(CheckFailed):
        publish(lake, FIRST, "rel-1", given)
    failed = json.loads(lake.get("failed/rel-1/summary.json"))["failed"]
    assert {one["check"] for one in failed if "file" not in one} == {"pages_in_quarantine"}


def test_not_all_rows_are_kept(lake: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "SHOWN", 2)
    given = {name: by_day for name, by_day in tables(FIRST).items() if name != "stories"}
    with pytest.raises(CheckFailed):
        publish(lake, FIRST, "rel-1", given)
    failed = json.loads(lake.get("failed/rel-1/summary.json"))["failed"]
    [one] = [one for one in failed if one["check"] == "republications_without_story"]
    assert (one["rows"], one["shown"], one["value"]) == (4, 2, 4.0)
    assert len(lake.get("failed/rel-1/republications_without_story.jsonl").splitlines()) == 2


def told(*args: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli.app, ["check", *args])
    return result.exit_code, result.stdout


def test_a_published_release_is_checked_again(lake: FolderStore) -> None:
    publish(lake, FIRST, "rel-1")
    late = replace(SECOND.stories[0], copies=(*SECOND.stories[0].copies, Copy("channel-40", "Late.", "r2")))
    world = replace(SECOND, stories=(late, *SECOND.stories[1:]))
    publish(lake, world, "rel-2")
    for release in ("rel-1", "rel-2"):
        code, printed = told(lake.url, "--release", release, "--json")
        assert (code, json.loads(printed)["failed"]) == (0, [])
    assert json.loads(told(lake.url, "--json")[1])["release"] == "rel-2"
    code, printed = told(lake.url)
    assert "0 errors, 0 warnings" in printed


def test_a_release_that_does_not_add_up_is_found(lake: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {name: by_day for name, by_day in tables(FIRST).items() if name != "pickups"}
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.publish.release.failing", lambda _: [])
        publish(lake, FIRST, "rel-1", given)
    code, printed = told(lake.url)
    assert code == 1
    first = next(line for line in printed.splitlines() if line.startswith("no"))
    assert "pickups_wrong" in first
    assert audit(lake).failed == ["pickups_wrong is 8, must be == 0"]


def test_bytes_that_changed_are_found(lake: FolderStore, tmp_path: Path) -> None:
    manifest = publish(lake, FIRST, "rel-1")
    file = manifest.tables["stories"].files[0]
    data = bytearray(lake.get(file.key))
    data[len(data) // 2] ^= 1
    lake.put(file.key, bytes(data))
    with pytest.raises(Failed, match="other bytes than were written"):
        audit(lake)


def test_the_docs_show_how_to_read_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = FolderStore(str(tmp_path / "lake"))
    given = {name: by_day for name, by_day in tables(FIRST).items() if name != "stories"}
    with pytest.raises(CheckFailed):
        publish(lake, FIRST, "20260305T200000Z", given)
    page = (Path(__file__).parents[2] / "docs" / "operating.md").read_text()
    [shown] = re.findall(r"^```python\n(import json.*?)^```$", page, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(shown, {})
    printed = capsys.readouterr().out
    assert "republications_without_story 4.0" in printed
    assert '"doc_id": "d-ferry-0"' in printed
