"""Whatever a page is, it ends in one row, and the parent goes on. `WIREFOLD_FUZZ=100000` for more pages."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from pipeline.params import Params
from tests.extract.fuzz import fuzz
from tests.extract.mutate import mutated

PAGES = int(os.environ.get("WIREFOLD_FUZZ", "2000"))
BOUNDED = replace(Params(), extract_workers=2, extract_seconds=4.0)


@pytest.mark.slow
def test_broken_pages_end_in_one_row_each() -> None:
    survey = fuzz(PAGES, params=BOUNDED)
    assert survey.rows["published"] > PAGES // 3, "most broken pages can still be read"
    assert {"too_short", "charset", "parse", "impossible_date", "too_large"} <= survey.rows.keys()
    assert survey.parent_growth < 500


def test_a_page_has_its_bound() -> None:
    survey = fuzz(120, 1_950, replace(BOUNDED, extract_workers=1))
    assert survey.killed and survey.longest_wait >= BOUNDED.extract_seconds, "one that hangs is among them"


def test_a_page_of_the_fuzz_is_always_the_same() -> None:
    assert mutated(17) == mutated(17) != mutated(18)
