"""The verdict on a pair: exact figures first, then one rule that decides and is named.

A verdict is a pure function of the two texts and the params. Jaccard and containment are exact, over
the sets of word 5-grams. Rules, in order: `floor` (too little is shared to tell), `template_numbers`
(same words, other numbers: market reports), `jaccard`, `containment`, else `unlike`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.match import kernel
from pipeline.match.sign import Shingled
from pipeline.params import Params

RULES = ("same_text", "jaccard", "containment", "floor", "template_numbers", "unlike")
SAME_TEXT, JACCARD, CONTAINMENT, FLOOR, TEMPLATE_NUMBERS, UNLIKE = range(len(RULES))


@dataclass(frozen=True, slots=True)
class Verdicts:
    """m verified pairs, column by column.

    `pairs` int64[m, 2]; `shared` int64[m] shingles; `jaccard`, `containment_ab` (share of a's shingles
    in b), `containment_ba`, `numbers_overlap` float64[m]; `spans` int32[m, 4], first and last shingle
    position of the shared text in a and in b (-1: nowhere); `rule` int8[m], an index into RULES.
    """

    pairs: NDArray[np.int64]
    shared: NDArray[np.int64]
    jaccard: NDArray[np.float64]
    containment_ab: NDArray[np.float64]
    containment_ba: NDArray[np.float64]
    numbers_overlap: NDArray[np.float64]
    spans: NDArray[np.int32]
    rule: NDArray[np.int8]

    @property
    def accepted(self) -> NDArray[np.bool_]:
        return self.rule <= CONTAINMENT

    @property
    def containment(self) -> NDArray[np.float64]:
        """Of the text with fewer shingles in the other."""
        return np.maximum(self.containment_ab, self.containment_ba)


def verify(docs: Shingled, pairs: NDArray[np.int64], params: Params) -> Verdicts:
    """Verify pairs (int64[m, 2]) of documents."""
    m = len(pairs)
    shared, same_numbers = np.zeros(m, np.int64), np.zeros(m, np.int64)
    spans = np.empty((m, 4), np.int32)
    kernel.verify_all(
        pairs,
        docs.shingles,
        docs.ends,
        docs.sets,
        docs.set_ends,
        docs.numbers,
        docs.number_ends,
        shared,
        same_numbers,
        spans,
    )
    size_a, size_b = docs.sizes[pairs[:, 0]], docs.sizes[pairs[:, 1]]
    fewer_numbers = np.minimum(docs.number_counts[pairs[:, 0]], docs.number_counts[pairs[:, 1]])
    jaccard = shared / np.maximum(size_a + size_b - shared, 1)
    containment_ab, containment_ba = shared / np.maximum(size_a, 1), shared / np.maximum(size_b, 1)
    overlap = np.where(fewer_numbers > 0, same_numbers / np.maximum(fewer_numbers, 1), 1.0)
    # a template fills the whole of both texts: a teaser that lost some figures is not one
    one_length = np.minimum(size_a, size_b) >= params.template_similar_size * np.maximum(size_a, size_b)
    template = one_length & (fewer_numbers >= params.template_min_numbers)
    template &= overlap < params.template_numbers_overlap
    rule = _decide(shared, jaccard, np.maximum(containment_ab, containment_ba), template, params)
    return Verdicts(pairs, shared, jaccard, containment_ab, containment_ba, overlap, spans, rule)


def _decide(
    shared: NDArray[np.int64],
    jaccard: NDArray[np.float64],
    containment: NDArray[np.float64],
    template: NDArray[np.bool_],
    params: Params,
) -> NDArray[np.int8]:
    alike, inside = jaccard >= params.accept_jaccard, containment >= params.accept_containment
    return np.select(
        [shared < params.min_shared_shingles, (alike | inside) & template, alike, inside],
        [FLOOR, TEMPLATE_NUMBERS, JACCARD, CONTAINMENT],
        UNLIKE,
    ).astype(np.int8)
