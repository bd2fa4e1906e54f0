"""A lake that is made anew from raw/ has the same stories, under the same ids."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from typer.testing import CliRunner

from pipeline import cli
from pipeline.errors import BadInput, Failed
from pipeline.ingest.registry import load_outlets
from pipeline.judge import judge
from pipeline.lake import ledger, order
from pipeline.lake.folder import FolderStore
from pipeline.lake.store import Store
from pipeline.publish.manifest import list_releases, read_manifest
from pipeline.publish.reader import read_files
from pipeline.publish.release import read_table
from pipeline.rebuild import rebuild
from pipeline.schema import TABLES
from pipeline.takedown import take_down
from tests.e2e.network import EVENING, Site, site

pytestmark = pytest.mark.slow

_MOMENTS = (EVENING.replace(hour=15), EVENING, EVENING.replace(hour=18))  # a late one comes last


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Three runs, and a judgement after the first that tells two copies of a story apart."""
    with site(tmp_path_factory.mktemp("network")) as network:
        for number, moment in enumerate(_MOMENTS):
            network.run(moment)
            if number == 0:
                stories = network.rows("stories")
                story = max(stories, key=lambda row: (row["n_outlets"], row["story_id"]))["story_id"]
                copies = [row["doc_id"] for row in network.rows("republications") if row["story_id"] == story]
                a, b, *_ = sorted(copies)
                at = moment + timedelta(minutes=5)
                judge(network.lake(), a, b, "different", by="petra", at=at, why="two hearings on one day")
        yield network


def _events(lake: Store) -> list[dict[str, object]]:
    runs = [place.run_id for place in order.places(lake)]
    return list(ledger.history(lake, runs).to_pylist())


def test_all_that_followed_from_the_raw_zone_follows_again(network: Site, tmp_path: Path) -> None:
    lake = FolderStore(str(tmp_path / "anew"))
    outlets = load_outlets(network.config.outlets)
    found = rebuild(network.lake(), lake, replace(network.config, lake=lake.url), outlets)

    assert (found.runs, found.left_out) == (3, ())
    assert order.places(lake) == order.places(network.lake())
    assert [place.judgements for place in order.places(lake)] == [0, 1, 1]
    assert _events(lake) == _events(network.lake())
    for table in TABLES:
        assert read_table(lake, table.name).equals(read_table(network.lake(), table.name)), table.name
    one, other = (read_manifest(store) for store in (lake, network.lake()))
    assert one and other
    assert {name: files.files for name, files in one.tables.items()} == {
        name: files.files for name, files in other.tables.items()
    }, "byte for byte"


def test_no_release_shows_again_what_was_taken_down(network: Site, tmp_path: Path) -> None:
    raw = FolderStore(str(shutil.copytree(network.lake().url, tmp_path / "raw")))
    [first, *_] = sorted(network.rows("republications"), key=lambda row: (row["run_id"], row["doc_id"]))
    take_down(raw, "document", first["doc_id"], by="petra", at=EVENING, why="they asked")
    lake = FolderStore(str(tmp_path / "anew"))
    outlets = load_outlets(network.config.outlets)
    rebuild(raw, lake, replace(network.config, lake=lake.url), outlets)
    releases = list_releases(lake)
    assert [manifest.takedowns for manifest in releases] == [1, 1, 1]
    for manifest in releases:
        files = manifest.tables["republications"].files
        rows = read_files(lake, "republications", files, ["doc_id", "body"]).to_pylist()
        assert [row["body"] for row in rows if row["doc_id"] == first["doc_id"]] == [""]
    take_down(raw, "document", sorted(row["doc_id"] for row in rows)[0], by="petra", at=EVENING, why="too")
    assert rebuild(raw, lake, replace(network.config, lake=lake.url), outlets).runs == 3, "gone on with"


def test_raw_files_alone_are_enough_and_a_rebuild_goes_on_where_it_was_cut_short(
    network: Site, tmp_path: Path
) -> None:
    shutil.copytree(Path(network.lake().url, "raw"), tmp_path / "kept" / "raw")
    path = tmp_path / "wirefold.toml"
    path.write_text(f"""lake = "not-used"
outlets = "{network.config.outlets}"
wires = {json.dumps([str(wire) for wire in network.config.wires])}
""")
    out = str(tmp_path / "anew")
    command = ["rebuild", "--from-raw", str(tmp_path / "kept"), "--out", out, "--config", str(path), "--json"]

    def dies(*_: object) -> None:
        raise Failed("killed")

    with patch("pipeline.steps.publish", dies):
        assert isinstance(CliRunner().invoke(cli.app, command).exception, Failed)
    done = CliRunner().invoke(cli.app, command)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["runs"] == 3
    lake = FolderStore(out)
    clocks = [place.run_id for place in order.places(lake)]
    assert clocks == sorted(clocks), "who was taken up first is in no raw file"
    pages = {row["doc_id"]: row["body"] for row in network.rows("republications")}
    assert {row["doc_id"]: row["body"] for row in read_table(lake, "republications").to_pylist()} == pages


def test_what_cannot_be_rebuilt_is_one_line(network: Site, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for raw, said in (
        (FolderStore(str(tmp_path / "empty")), "no run in raw/"),
        (network.lake(), "another lake"),
    ):
        with pytest.raises(BadInput, match=said):
            rebuild(raw, network.lake(), network.config)
