"""What stands around the engines counts right, and the rivals are measured by nothing of ours."""

from __future__ import annotations

import ast
import time
from dataclasses import replace
from importlib import import_module
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.benchmarks import report
from tests.benchmarks.corpus import SEED, block
from tests.benchmarks.engines import OURS, RIVALS, wirefold
from tests.benchmarks.engines.components import components
from tests.benchmarks.engines.shingles import shingles
from tests.benchmarks.measure import Figures, score
from tests.benchmarks.release import Release
from tests.benchmarks.stages import READ, Stages

LABELS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=12)
OUR_FIGURES = Figures(OURS, 1_000, {"words": 0.01, "sign": 0.01}, 0.1, 1.0, 1 << 30, 1.0, 0.97)


@pytest.mark.parametrize("rival", RIVALS)
def test_a_rival_is_importable_without_itself_and_knows_nothing_of_wirefold(rival: str) -> None:
    module = import_module(f"tests.benchmarks.engines.{rival}")
    assert callable(module.cluster)
    tree = ast.parse(Path(module.__file__).read_text())
    imported = {node.module.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert rival in imported
    assert "pipeline" not in imported


def test_wirefold_takes_the_same_batches_and_finds_the_stories() -> None:
    table, stages = block(SEED, 5, 400), Stages()
    batches = [table.slice(start, 100) for start in range(0, 400, 100)]
    labels = wirefold.cluster(stages.reading(batches), stages)
    stories = np.unique(np.array(table["story_id"].to_pylist()), return_inverse=True)[1]
    assert min(score(labels, stories)) > 0.85
    assert {READ, "words", "chrome", "sign"} <= set(stages.seconds)


@given(LABELS)
def test_score_counts_pairs(documents: list[tuple[int, int]]) -> None:
    pairs = list(combinations(documents, 2))
    both = sum(a == b for a, b in pairs)
    found, true = (sum(a[side] == b[side] for a, b in pairs) for side in (0, 1))
    columns = np.array(documents, np.int64).reshape(-1, 2)
    assert score(columns[:, 0], columns[:, 1]) == (both / max(found, 1), both / max(true, 1))


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12))
def test_components_join_what_pairs_join(pairs: list[tuple[int, int]]) -> None:
    labels = components(10, np.array(pairs, np.int64).reshape(-1, 2))
    expected = list(range(10))
    for _ in range(10):
        for a, b in pairs:
            expected[a] = expected[b] = min(expected[a], expected[b])
    for a, b in combinations(range(10), 2):
        assert (labels[a] == labels[b]) == (expected[a] == expected[b])


def test_shingles_are_the_word_5_grams() -> None:
    assert shingles("A ferry left Osprey Bay at six") == {
        "a ferry left osprey bay",
        "ferry left osprey bay at",
        "left osprey bay at six",
    }
    assert shingles("Too short") == {"too short"}


def burn(seconds: float) -> None:
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


def test_reading_is_told_apart_from_the_stage_that_asks_for_it() -> None:
    def slow() -> object:
        for number in range(3):
            burn(0.02)
            yield pa.table({"number": [number]})

    stages = Stages()
    stages.enter("words")
    read = sum(batch["number"][0].as_py() for batch in stages.reading(slow()))
    stages.enter("sign")
    burn(0.01)
    stages.enter("done")
    assert read == 3
    assert stages.seconds[READ] >= 0.05
    assert stages.seconds["sign"] >= 0.009
    assert stages.seconds["words"] < stages.seconds[READ]


def test_a_claim_is_held_broken_or_not_measured() -> None:
    slow_rival = replace(OUR_FIGURES, engine="rensa", stages={"sign": 0.3})
    fast_rival = replace(OUR_FIGURES, engine="daft", stages={"sign": 0.05})
    claims = report.claims_of([OUR_FIGURES, slow_rival, fast_rival])
    assert [(claim.measured, claim.held) for claim in claims] == [
        ("20.0", True),
        ("0.9848", True),
        ("not measured", None),
        ("15.0", True),
        ("2.5", False),
    ]


def test_growth_is_measured_from_the_least_to_the_most() -> None:
    large = replace(OUR_FIGURES, documents=2_000, stages={"words": 0.05, "sign": 0.0}, peak=5 << 30)
    assert [claim.held for claim in report.growth_claims([OUR_FIGURES, large])] == [False, False]
    assert [claim.held for claim in report.growth_claims([OUR_FIGURES, OUR_FIGURES])] == [True, True]


def test_a_release_is_told_by_step_and_in_all() -> None:
    told = report.released(Release(1_000, 400, 4.0, 5.0, {"read": 2.0, "match": 1.0}, 1 << 30))
    assert told.rows == [("read", "2.0", "500"), ("match", "1.0", "1,000"), ("in all", "4.0", "250")]


def test_tables_are_markdown() -> None:
    told = report.markdown([report.verdict([report.Claim("as fast", "2", False)])])
    assert told == "## Claims\n\n| claim | measured |  |\n| --- | --- | --- |\n| as fast | 2 | NOT HELD |\n"
