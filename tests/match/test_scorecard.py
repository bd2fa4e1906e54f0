"""A scorecard is data: it adds up, it can be told, and a broken one is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import BadInput
from pipeline.match.figures import CONTAINMENT, FIGURES, RARE
from pipeline.match.scorecard import Look, Scorecard, load_scorecard

NAMES = list(FIGURES)
CURVE = st.lists(st.floats(-1, 2, width=32), unique=True, max_size=6).flatmap(
    lambda edges: st.tuples(
        st.just(sorted(edges)),
        st.lists(st.floats(-4, 4, width=16), min_size=len(edges) + 1, max_size=len(edges) + 1),
    )
)
FLAT = {"edges": [], "values": [0.0]}


def look(curves: dict[str, tuple[list[float], list[float]]], base: float = 0.5) -> Look:
    given_ = {name: {"edges": edges, "values": values} for name, (edges, values) in curves.items()}
    return Look.of(base, {name: given_.get(name, FLAT) for name in NAMES})


def step(curve: tuple[list[float], list[float]], value: float) -> float:
    edges, values = curve
    return values[sum(value > edge for edge in edges)]


@settings(max_examples=100, deadline=None)
@given(CURVE, CURVE, st.floats(-1, 2, width=32), st.floats(-1, 2, width=32))
def test_a_score_is_the_sum_of_its_curves(
    first: tuple[list[float], list[float]], second: tuple[list[float], list[float]], x: float, y: float
) -> None:
    figures = np.zeros((1, len(NAMES)), np.float32)
    figures[0, 3], figures[0, 16] = x, y
    one = look({NAMES[3]: first, NAMES[16]: second})
    assert one.weights(figures)[0, 3] == np.float32(step(first, x))
    assert one.scores(figures)[0] == pytest.approx(0.5 + step(first, x) + step(second, y), abs=1e-3)


@settings(max_examples=200, deadline=None)
@given(CURVE, st.floats(0, 1, width=32), st.floats(0, 1, width=32))
def test_bounds_hold_for_every_rarity_that_can_be(
    curve: tuple[list[float], list[float]], contained: float, share: float
) -> None:
    figures = np.zeros((1, len(NAMES)), np.float32)
    figures[0, CONTAINMENT] = contained
    one = look({NAMES[RARE]: curve})
    lowest, highest = one.bounds(figures, RARE)
    figures[0, RARE] = np.float32(contained) * np.float32(share)
    assert lowest[0] <= one.scores(figures)[0] <= highest[0]
    reached = {step(curve, x) for x in np.linspace(0, contained, 2001).astype(np.float32).tolist()}
    assert lowest[0] <= 0.5 + min(reached) + 1e-3 and highest[0] >= 0.5 + max(reached) - 1e-3


def test_the_packaged_scorecard_tells_what_it_was_fitted_on() -> None:
    card = load_scorecard(None)
    assert Scorecard.from_json(card.to_json()).to_json() == card.to_json()
    assert len(card.fitted["labels_sha256"]) == 64
    assert card.fitted["cross_validated"]["f1"] > 0.9
    assert card.first.weights(np.zeros((1, len(NAMES)), np.float32))[0, RARE] == 0, (
        "the first look is blind to it"
    )


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("{", "Expecting"),
        ("[]", "format 1"),
        ('{"format": 2}', "format 1"),
        ('{"format": 1}', "not a scorecard"),
        (lambda card: card["first"]["curves"].pop("lead"), "in this order"),
        (lambda card: card["second"]["curves"]["lead"]["values"].append(1.0), "lead: ascending edges"),
        (lambda card: card["second"]["curves"]["rare"]["edges"].reverse(), "rare: ascending edges"),
    ],
)
def test_a_broken_scorecard_is_refused(tmp_path: Path, broken: object, told: str) -> None:
    file = tmp_path / "card.json"
    if isinstance(broken, str):
        file.write_text(broken)
    else:
        content = json.loads(load_scorecard(None).to_json())
        broken(content)  # type: ignore[operator]
        file.write_text(json.dumps(content))
    with pytest.raises(BadInput, match=told) as error:
        load_scorecard(file)
    assert str(error.value).startswith(str(file))
