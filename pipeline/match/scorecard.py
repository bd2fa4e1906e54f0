"""The scorecard: what each figure of a pair is worth, as data, and the sum that decides.

A pair is looked at twice. The first look weighs the figures of the two texts alone and accepts what is
sure. The second weighs in how rare the shared words are among all stories, which takes a pass over all
texts, and is needed only where it could change the verdict. Each look adds up one curve a figure, so a
verdict can be told as a list of contributions. The curves were fitted by `wirefold tune`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import BadInput
from pipeline.match.figures import FIGURES
from pipeline.match.kernels import curves as kernel

FORMAT = 1
Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Look:
    """An additive score above zero where it accepts: `base`, and for figure f the steps edges[opens[f]:
    opens[f + 1]] (float64, ascending) with one value more than edges (float64, in log-odds)."""

    base: float
    opens: NDArray[np.int64]
    edges: NDArray[np.float64]
    values: NDArray[np.float64]

    def weights(self, figures: NDArray[np.float32]) -> NDArray[np.float32]:
        """What each of the figures (float32[m, k]) adds, float32[m, k]."""
        weights = np.empty(figures.shape, np.float32)
        kernel.weights_all(figures, self.opens, self.edges, self.values, weights)
        return weights

    def scores(self, figures: NDArray[np.float32]) -> Scores:
        """float64[m]: to three digits, since below that lies only what another processor rounds otherwise."""
        return np.asarray(np.round(self.base + self.weights(figures).sum(axis=1, dtype=np.float64), 3))

    def bounds(self, figures: NDArray[np.float32], figure: int) -> tuple[Scores, Scores]:
        """The least and greatest scores (float64[m] each) that any value of one figure, from 0 to the pair's
        containment, would give."""
        lowest, highest = np.empty(len(figures)), np.empty(len(figures))
        start, end = self.opens[figure], self.opens[figure + 1]
        values = self.values[start + figure : end + figure + 1]
        kernel.weight_bounds(figures[:, 0], self.edges[start:end], values, lowest, highest)
        weights = self.weights(figures)
        others = self.base + weights.sum(axis=1, dtype=np.float64) - weights[:, figure]
        return np.round(others + lowest, 3), np.round(others + highest, 3)

    def as_dict(self) -> dict[str, Any]:
        curves = {}
        for f, name in enumerate(FIGURES):
            start, end = self.opens[f], self.opens[f + 1]
            values = self.values[start + f : end + f + 1]
            curves[name] = {"edges": self.edges[start:end].tolist(), "values": values.tolist()}
        return {"base": self.base, "curves": curves}

    @classmethod
    def of(cls, base: float, curves: Mapping[str, Mapping[str, list[float]]]) -> Look:
        """Raises `ValueError` if the curves are not those of FIGURES, or one has a wrong shape."""
        if list(curves) != list(FIGURES):
            raise ValueError(f"curves of {', '.join(FIGURES)}, in this order, expected")
        edges = [np.array(curve["edges"], np.float64) for curve in curves.values()]
        values = [np.array(curve["values"], np.float64) for curve in curves.values()]
        for name, x, y in zip(FIGURES, edges, values, strict=True):
            if len(y) != len(x) + 1 or (np.diff(x) <= 0).any() or not np.isfinite([*x, *y]).all():
                raise ValueError(f"{name}: ascending edges and one value more expected")
        opens = np.cumsum([0, *map(len, edges)])
        return cls(float(base), opens, np.concatenate(edges), np.concatenate(values))


@dataclass(frozen=True, slots=True)
class Scorecard:
    """Two looks; a shingle in at most `few_stories` is rare; `fitted`: on what, and how well."""

    first: Look
    second: Look
    few_stories: int
    fitted: Mapping[str, Any]

    def digest(self) -> str:
        """Twelve hex digits."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:12]

    def to_json(self) -> str:
        content = {
            "format": FORMAT,
            "fitted": dict(self.fitted),
            "few_stories": self.few_stories,
            "first": self.first.as_dict(),
            "second": self.second.as_dict(),
        }
        return json.dumps(content, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Scorecard:
        """Raises `ValueError` with what was expected."""
        content = json.loads(text)
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise ValueError(f"a scorecard of format {FORMAT} expected")
        try:
            looks = [Look.of(content[name]["base"], content[name]["curves"]) for name in ("first", "second")]
            return cls(looks[0], looks[1], int(content["few_stories"]), content["fitted"])
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a scorecard: {error!r}") from error


def load_scorecard(path: Path | None) -> Scorecard:
    """The scorecard of a file, or the one that comes with the package. Raises `BadInput`."""
    if path is None:
        return _packaged()
    try:
        return Scorecard.from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: {error}") from error


@cache
def _packaged() -> Scorecard:
    text = resources.files("pipeline.match").joinpath("scorecard.json").read_text(encoding="utf-8")
    return Scorecard.from_json(text)
