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
from pipeline.index.standing import Index
from pipeline.lake.store import Store
from pipeline.params import Params
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
