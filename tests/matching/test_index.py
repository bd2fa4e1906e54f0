"""The index is made from the lake alone: without it, or with one cut short, a run writes the same bytes."""

from __future__ import annotations

import random
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import steps
from pipeline.errors import BadInput
from pipeline.index.standing import Index
from pipeline.lake.segment import read_segment, write_segment
from pipeline.lake.store import Store
from pipeline.matching.result import done
from pipeline.params import Params
from pipeline.segments import segment_key
from tests.match.texts import prose
from tests.matching.desk import Desk, Page, pages_of


def bytes_of(lake: Store) -> dict[str, bytes]:
    return {stored.key: lake.get(stored.key) for stored in lake.list("")}


def batches_of(seed: int, stories: int, batches: int) -> list[list[Page]]:
    pages, pick = pages_of(seed, stories), random.Random(seed)
    pick.shuffle(pages)
    return [pages[batch::batches] for batch in range(batches)]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1 << 20), st.integers(2, 8), st.integers(2, 5))
def test_a_cold_index_finds_what_a_warm_one_does(seed: int, stories: int, batches: int) -> None:
    found = []
    for cold in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            desk = Desk(Path(folder))
            for pages in batches_of(seed, stories, batches):
                desk.take(pages)
                if cold:
                    shutil.rmtree(desk.config.cache, ignore_errors=True)
            found.append(bytes_of(desk.lake))
    assert found[0] == found[1]


def test_a_change_that_was_cut_short_is_forgotten(tmp_path: Path) -> None:
    first, second, third = batches_of(7, 6, 3)
    desk = Desk(tmp_path)
    desk.take(first)
    desk.take(second)
    [place] = [path.parent for path in desk.config.cache.rglob("state.json")]
    with Index(place) as index:
        index.change()
        index["labels"][:] = 0
    before = desk.partition()
    desk.take(third)
    with Index(place) as index:
        assert index.runs == tuple(run.run_id for run in desk.runs[:2])
        assert len(set(index["labels"].tolist())) == len(before)


def test_what_was_added_but_not_saved_is_dropped(tmp_path: Path) -> None:
    first, second, third = batches_of(8, 6, 3)
    desk = Desk(tmp_path)
    desk.take(first)
    desk.take(second)
    [place] = [path.parent for path in desk.config.cache.rglob("state.json")]
    with (place / "words.column").open("ab") as file:
        file.write(b"half a ")
    (place / "level-000099.keys").write_bytes(b"of another time")
    desk.take(third)
    whole = Desk(tmp_path / "whole")
    whole.take([*first, *second, *third])
    assert desk.partition() == whole.partition()
    assert not (place / "level-000099.keys").exists()


def test_another_lake_at_the_same_place_is_noticed(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for pages in batches_of(9, 6, 3):
        desk.take(pages)
    shutil.rmtree(tmp_path / "lake")
    again = Desk(tmp_path)
    for pages in batches_of(10, 6, 3):
        again.take(pages)
    whole = Desk(tmp_path / "whole")
    whole.take(pages_of(10, 6))
    assert again.partition() == whole.partition()


def test_a_rerun_finds_its_result(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for number, pages in enumerate(batches_of(11, 6, 3)):
        desk.take(pages, hour=number)
    before = bytes_of(desk.lake)
    for run in desk.runs:
        steps.match(desk.lake, run, desk.config)
        steps.story(desk.lake, run, desk.config)
    assert bytes_of(desk.lake) == before


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_runs_out_of_the_order_of_their_clocks(tmp_path: Path, order: tuple[int, ...]) -> None:
    batches = batches_of(12, 6, 3)
    desk = Desk(tmp_path)
    for number in order:
        desk.take(batches[number], hour=number)
    whole = Desk(tmp_path / "whole")
    whole.take([page for pages in batches for page in pages])
    assert desk.partition() == whole.partition()


def test_other_params_start_anew_and_ids_stay(tmp_path: Path) -> None:
    first, second, third = batches_of(13, 6, 3)
    desk = Desk(tmp_path)
    desk.take(first)
    desk.take(second)
    before = desk.stories()
    desk.config = replace(desk.config, params=Params(bands=40))
    desk.take(third)
    after = desk.stories()
    kept = [doc for doc, story in before.items() if after[doc] == story]
    assert len(kept) >= 0.9 * len(before)
    assert len(list((tmp_path / "lake" / "index").iterdir())) == 2


def test_a_run_that_does_not_say_how_it_was_matched_is_folded_anew(tmp_path: Path) -> None:
    batches = batches_of(14, 6, 4)
    desk = Desk(tmp_path)
    first = desk.take(batches[0])
    key = segment_key("clusters", first.run_id, "all")
    write_segment(desk.lake, key, read_segment(desk.lake, key).replace_schema_metadata(None))
    for pages in batches[1:]:
        desk.take(pages)
    assert [done(desk.lake, run.run_id) is None for run in desk.runs] == [True, False, False, False]
    whole = Desk(tmp_path / "whole")
    whole.take([page for pages in batches for page in pages])
    assert desk.partition() == whole.partition()


@pytest.mark.parametrize("harm", ["state.json", "words.column", "labels.column", "level-*.keys"])
def test_an_index_with_a_damaged_file_is_made_anew(tmp_path: Path, harm: str) -> None:
    batches = batches_of(15, 6, 4)
    desk = Desk(tmp_path)
    for pages in batches[:3]:
        desk.take(pages)
    [place] = [path.parent for path in desk.config.cache.rglob("state.json")]
    for path in place.glob(harm):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    desk.take(batches[3])
    whole = Desk(tmp_path / "whole")
    whole.take([page for pages in batches for page in pages])
    assert desk.partition() == whole.partition()


def test_all_pages_are_matched_anew_by_a_new_run_only(tmp_path: Path) -> None:
    first, second = batches_of(16, 6, 2)
    desk = Desk(tmp_path)
    desk.take(first)
    with pytest.raises(BadInput, match="is matched already"):
        steps.match(desk.lake, desk.runs[0], desk.config, whole=True)
    run = desk.take(second, whole=True)
    before = desk.lake.get(segment_key("clusters", run.run_id, "all"))
    desk.lake.delete(segment_key("clusters", run.run_id, "all"))
    steps.match(desk.lake, run, desk.config)  # whoever completes it does what was wished
    assert desk.lake.get(segment_key("clusters", run.run_id, "all")) == before


def test_an_older_fetch_of_a_known_page_changes_no_text(tmp_path: Path) -> None:
    """A backfill that brings another text under a known id: the first run that had it decides."""
    one, two = prose(1, 200), prose(2, 200)
    batches = [
        [Page("doc", "harrow", "h", one)],
        [Page("one", "bellmoor", "h", f"{one} {prose(3, 10)}"), Page("two", "bellmoor", "h", two)],
        [Page("doc", "harrow", "h", two)],
        [Page("late", "northgate", "h", f"{one} {prose(4, 10)}")],
    ]
    for cold in (False, True):
        desk = Desk(tmp_path / str(cold))
        for hour, pages in zip((5, 6, 2, 7), batches, strict=True):
            desk.take(pages, hour=hour)
            if cold:
                shutil.rmtree(desk.config.cache, ignore_errors=True)
        assert desk.partition() == {frozenset({"doc", "one", "late"}), frozenset({"two"})}
