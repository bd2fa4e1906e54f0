"""The same pages make the same stories, in whatever batches and order they come."""

from __future__ import annotations

import random
import tempfile
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.matching.desk import Desk, Page, pages_of


def in_batches(pages: list[Page], cuts: list[int]) -> set[frozenset[str]]:
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder))
        for a, b in pairwise([0, *sorted(cuts), len(pages)]):
            desk.take(pages[a:b])
        return desk.partition()


def batching_changes_nothing(seed: int, stories: int, batches: int) -> None:
    pages = pages_of(seed, stories)
    pick = random.Random(seed)
    at_once = in_batches(pages, [])
    pick.shuffle(pages)
    assert in_batches(pages, [pick.randrange(len(pages) + 1) for _ in range(batches - 1)]) == at_once


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1 << 20), st.integers(1, 8), st.integers(2, 6))
def test_batches_and_order_change_no_story(seed: int, stories: int, batches: int) -> None:
    batching_changes_nothing(seed, stories, batches)


@pytest.mark.slow
@settings(max_examples=500, deadline=None)
@given(st.integers(0, 1 << 20), st.integers(1, 8), st.integers(2, 6))
def test_batches_and_order_change_no_story_of_five_hundred_corpora(
    seed: int, stories: int, batches: int
) -> None:
    batching_changes_nothing(seed, stories, batches)
