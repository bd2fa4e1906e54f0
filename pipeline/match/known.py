"""What is known of some documents from earlier runs, so that only new pairs are asked."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.match.figures import RARE
from pipeline.match.verify import OPEN, SECOND_LOOK, Verdicts, Verifier


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of some of n documents from before.

    `asked` bool[n]: the documents whose pairs are to be found. `elsewhere` int64[n]: a number for the story of
    those that are not clustered, but of whose words it is counted how rare they are; else -1. They come last. `pairs`
    int64[m, 2]: accepted ones of documents that are not asked for, the smaller number first; `score`
    float64[m], `rare` float32[m] and `found_by` of each.
    """

    asked: NDArray[np.bool_]
    elsewhere: NDArray[np.int64]
    pairs: NDArray[np.int64]
    score: NDArray[np.float64]
    rare: NDArray[np.float32]
    found_by: NDArray[np.object_]

    @classmethod
    def nothing(cls, n: int) -> Known:
        none = np.zeros(0)
        no_pairs = np.zeros((0, 2), np.int64)
        return cls(
            np.ones(n, bool), np.full(n, -1), no_pairs, none, none.astype(np.float32), none.astype(object)
        )

    def verdicts(self, verifier: Verifier) -> Verdicts:
        """The verdicts on its pairs; what hung on how rare the words were is not asked again."""
        verdicts = verifier.verify(self.pairs)
        was_open = verdicts.rule == OPEN
        figures = verdicts.figures.copy()
        figures[was_open, RARE] = self.rare[was_open]
        return replace(
            verdicts,
            figures=figures,
            score=np.where(was_open, self.score, verdicts.score),
            rule=np.where(was_open, SECOND_LOOK, verdicts.rule).astype(np.int8),
        )
