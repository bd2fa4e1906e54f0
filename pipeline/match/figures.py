"""What a pair is judged by: its figures, each with a name, and what it says in words.

The smaller text is the one with fewer words. Shares are between 0 and 1, -1 where there is nothing to
compare; counts are log2(1 + count). Shingles are word 5-grams. `rare` needs to know the other documents
(pipeline.match.frequencies); all others depend on the two texts alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.match.kernels import figures as kernel
from pipeline.match.words import Words, pairs_in_threads
from pipeline.params import Params

FIGURES = {
    "containment": "share of the smaller text's shingles that the larger has",
    "containment_of_larger": "share of the larger text's shingles that the smaller has",
    "shared": "shingles in both, log2",
    "word_containment": "share of the smaller text's different words that the larger has",
    "opening": "share of the smaller text's first 25 shingles that is shared",
    "lead": "share of the smaller text's first 60 shingles that is shared",
    "tail": "share of the smaller text's last 60 shingles that is shared",
    "larger_lead": "share of the larger text's first 60 shingles that is shared",
    "longest_run": "longest run of shared shingles, log2",
    "run_share": "longest run of shared shingles, as a share of the smaller text",
    "spread": "from the first to the last shared shingle, as a share of the smaller text",
    "larger_spread": "the same, as a share of the larger text",
    "larger_left_over": "words of the larger text outside shared shingles, log2",
    "size": "words of the smaller text, log2",
    "rewritten": "share of the smaller text's words outside shared shingles that the larger has there too",
    "numbers": "share of the smaller text's different numbers that the larger has",
    "number_gaps": "gaps of up to four words between shared stretches that hold a number, log2",
    "headline": "share of the shorter headline's different words that the other has",
    "same_url": "1 if both were at one address",
    "rare": "share of the smaller text's shingles that is shared and found in few other stories",
}
CONTAINMENT, RARE = (list(FIGURES).index(name) for name in ("containment", "rare"))


@dataclass(frozen=True, slots=True)
class Articles:
    """What of n articles is compared: the words of the texts without chrome and of the headlines; `urls`
    int64[n], equal for equal addresses, -1 for none; `times` int64[n] in microseconds: when each was
    published."""

    words: Words
    headlines: Words
    urls: NDArray[np.int64]
    times: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.words)

    def take(self, docs: NDArray[np.int64]) -> Articles:
        return Articles(self.words.take(docs), self.headlines.take(docs), self.urls[docs], self.times[docs])

    @staticmethod
    def concat(parts: Sequence[Articles]) -> Articles:
        """The articles of at least one part, one after the other, over copies of their words."""
        return Articles(
            Words.concat([part.words for part in parts]),
            Words.concat([part.headlines for part in parts]),
            np.concatenate([part.urls for part in parts]),
            np.concatenate([part.times for part in parts]),
        )


def measure(
    articles: Articles, pairs: NDArray[np.int64], params: Params
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The figures float32[m, len(FIGURES)] of pairs (int64[m, 2]), and int64[m, 3]: the different shingles of
    the first, of the second, and in both. `rare` is left at -1, unknown; of a pair that shares fewer than
    `min_shared_shingles` all other figures are left at 0."""
    words, heads = articles.words, articles.headlines
    figures = np.zeros((len(pairs), len(FIGURES)), np.float32)
    figures[:, RARE] = -1.0
    sizes = np.zeros((len(pairs), 3), np.int64)
    longest = max(words.longest, heads.longest)
    pairs_in_threads(
        lambda part: kernel.figures_all(
            *(words.words, words.starts, words.ends, heads.words, heads.starts, heads.ends, articles.urls),
            *(pairs[part], params.shingle_words, params.min_shared_shingles, longest),
            *(sizes[part], figures[part]),
        ),
        len(pairs),
    )
    return figures, sizes
