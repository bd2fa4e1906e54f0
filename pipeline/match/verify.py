"""The verdict on a pair: exact figures first, then one rule that decides and is named.

A verdict is a pure function of the two texts and the params. Jaccard and containment are exact, over
the sets of word 5-grams.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from pipeline.match.kernels import overlap
from pipeline.match.words import Words, pairs_in_threads
from pipeline.params import Params

RULES = ("same_text", "jaccard", "containment", "floor", "unlike")
SAME_TEXT, JACCARD, CONTAINMENT, FLOOR, UNLIKE = range(len(RULES))


@dataclass(frozen=True, slots=True)
class Verdicts:
    """m verified pairs, column by column.

    `pairs` int64[m, 2]; `shared` int64[m] shingles; `jaccard`, `containment_ab` (share of a's shingles
    in b), `containment_ba` float64[m]; `rule` int8[m], an index into RULES.
    """

    pairs: NDArray[np.int64]
    shared: NDArray[np.int64]
    jaccard: NDArray[np.float64]
    containment_ab: NDArray[np.float64]
    containment_ba: NDArray[np.float64]
    rule: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.pairs)

    @property
    def accepted(self) -> NDArray[np.bool_]:
        return self.rule <= CONTAINMENT

    @property
    def containment(self) -> NDArray[np.float64]:
        """Of the text with fewer shingles in the other."""
        return np.maximum(self.containment_ab, self.containment_ba)

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> Verdicts:
        return Verdicts(*(getattr(self, field.name)[rows] for field in fields(self)))

    @staticmethod
    def concat(parts: Sequence[Verdicts]) -> Verdicts:
        """The verdicts of at least one part, one after the other."""
        columns = ([getattr(part, field.name) for part in parts] for field in fields(Verdicts))
        return Verdicts(*map(np.concatenate, columns))


class Verifier:
    """Verifies pairs of n documents; each document's size is counted once."""

    def __init__(self, words: Words, params: Params) -> None:
        self.words, self.params, self.longest = words, params, words.longest
        self.sizes = np.full(len(words), -1, np.int64)

    def verify(self, pairs: NDArray[np.int64]) -> Verdicts:
        """The verdicts on pairs (int64[m, 2]), ascending for speed."""
        words, width = self.words, self.params.shingle_words
        missing = np.unique(pairs[self.sizes[pairs] < 0])
        pairs_in_threads(
            lambda part: overlap.sizes_all(
                words.words, words.starts, words.ends, self.longest, missing[part], width, self.sizes
            ),
            len(missing),
        )
        shared = np.zeros(len(pairs), np.int64)
        pairs_in_threads(
            lambda part: overlap.shared_all(
                words.words, words.starts, words.ends, self.longest, pairs[part], width, shared[part]
            ),
            len(pairs),
        )
        size_a, size_b = self.sizes[pairs[:, 0]], self.sizes[pairs[:, 1]]
        jaccard = shared / np.maximum(size_a + size_b - shared, 1)
        containment_ab, containment_ba = shared / np.maximum(size_a, 1), shared / np.maximum(size_b, 1)
        rule = self._decide(shared, jaccard, np.maximum(containment_ab, containment_ba))
        return Verdicts(pairs, shared, jaccard, containment_ab, containment_ba, rule)

    def _decide(
        self, shared: NDArray[np.int64], jaccard: NDArray[np.float64], containment: NDArray[np.float64]
    ) -> NDArray[np.int8]:
        params = self.params
        alike, inside = jaccard >= params.accept_jaccard, containment >= params.accept_containment
        floor = shared < params.min_shared_shingles
        return np.select([floor, alike, inside], [FLOOR, JACCARD, CONTAINMENT], UNLIKE).astype(np.int8)
