"""The verdict on a pair: exact figures, then the scorecard; hard rules only for what is certain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pipeline.match.figures import CONTAINMENT, RARE, Articles, measure
from pipeline.match.frequencies import Asked, asked_of, frequencies, rare_shares
from pipeline.match.kernels import overlap
from pipeline.match.scorecard import Scorecard
from pipeline.match.words import Words
from pipeline.params import Params

RULES = ("same_text", "floor", "first_look", "second_look", "open")
SAME_TEXT, FLOOR, FIRST_LOOK, SECOND_LOOK, OPEN = range(len(RULES))


@dataclass(frozen=True, slots=True)
class Verdicts:
    """m verified pairs, column by column.

    `pairs` int64[m, 2]; `sizes` int64[m, 3]: different shingles of the first, the second, and in both;
    `figures` float32[m, len(FIGURES)]; `score` float64[m] in log-odds, above 0 where accepted; `rule`
    int8[m], an index into RULES. A verdict that hangs on how rare the shared words are is OPEN, and
    counts as refused, until it is settled.
    """

    pairs: NDArray[np.int64]
    sizes: NDArray[np.int64]
    figures: NDArray[np.float32]
    score: NDArray[np.float64]
    rule: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.pairs)

    @property
    def accepted(self) -> NDArray[np.bool_]:
        weighed = (self.rule == FIRST_LOOK) | (self.rule == SECOND_LOOK)
        return np.asarray(weighed & (self.score > 0), np.bool_)

    @property
    def shared(self) -> NDArray[np.int64]:
        """Different shingles in both texts."""
        return self.sizes[:, 2]

    @property
    def jaccard(self) -> NDArray[np.float64]:
        return np.asarray(self.shared / np.maximum(self.sizes[:, 0] + self.sizes[:, 1] - self.shared, 1))

    @property
    def containment_ab(self) -> NDArray[np.float64]:
        """Share of the first text's shingles in the second."""
        return np.asarray(self.shared / np.maximum(self.sizes[:, 0], 1))

    @property
    def containment_ba(self) -> NDArray[np.float64]:
        return np.asarray(self.shared / np.maximum(self.sizes[:, 1], 1))

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


@dataclass(frozen=True, slots=True)
class Verifier:
    """Verifies pairs of n articles by a scorecard."""

    articles: Articles
    scorecard: Scorecard
    params: Params

    def verify(self, pairs: NDArray[np.int64]) -> Verdicts:
        """The verdicts on pairs (int64[m, 2]) from the two texts alone.

        Accepted by the first look: sure. Where no rarity of the shared words could turn the second
        look's verdict, that one holds. The rest is OPEN, with the score it has at best.
        """
        figures, sizes = measure(self.articles, pairs, self.params)
        first = self.scorecard.first.scores(figures)
        lowest, highest = self.scorecard.second.bounds(figures, RARE)
        floor = sizes[:, 2] < self.params.min_shared_shingles
        rules = [(floor, FLOOR), (first > 0, FIRST_LOOK), ((lowest > 0) | (highest <= 0), SECOND_LOOK)]
        rule = np.select([at for at, _ in rules], [rule for _, rule in rules], OPEN).astype(np.int8)
        score = np.where(floor, 0.0, np.where(first > 0, first, np.where(lowest > 0, lowest, highest)))
        return Verdicts(pairs, sizes, figures, score, rule)

    def settle(self, verdicts: Verdicts, groups: NDArray[np.int64]) -> Verdicts:
        """Decide what is OPEN; `groups` int64[n]: documents that surely are copies (-1: uncounted)."""
        rows = np.flatnonzero(verdicts.rule == OPEN)
        some = self.with_rarity(verdicts.take(rows), groups)
        figures, score, rule = verdicts.figures.copy(), verdicts.score.copy(), verdicts.rule.copy()
        figures[rows], rule[rows] = some.figures, SECOND_LOOK
        score[rows] = self.scorecard.second.scores(some.figures)
        return replace(verdicts, figures=figures, score=score, rule=rule)

    def spans(self, pairs: NDArray[np.int64]) -> NDArray[np.int32]:
        """Where the first text of each pair (int64[m, 2]) shares runs of shingles with the second: from and
        to which place, int32[m, 2], -1 if nowhere."""
        texts, pairs = self.texts_of(pairs)
        spans = np.empty((len(pairs), 2), np.int32)
        width = self.params.shingle_words
        overlap.spans_all(texts.words, texts.starts, texts.ends, texts.longest, pairs, width, spans)
        return spans

    def texts_of(self, pairs: NDArray[np.int64]) -> tuple[Words, NDArray[np.int64]]:
        """Words among which those of the pairs are, and the pairs by their places there."""
        return self.articles.words, pairs

    def take(self, docs: NDArray[np.int64]) -> Words:
        """Some documents, in that order."""
        return self.articles.words.take(docs)

    def with_rarity(self, verdicts: Verdicts, groups: NDArray[np.int64]) -> Verdicts:
        """The verdicts with how rare the shared words are among their figures, scores unchanged."""
        rare = rare_shares(
            self.asked(verdicts), partial(self.frequencies, groups), self.scorecard.few_stories
        )
        figures = verdicts.figures.copy()
        figures[:, RARE] = figures[:, CONTAINMENT] * rare
        return replace(verdicts, figures=figures)

    def asked(self, verdicts: Verdicts) -> Asked:
        """The shared shingles of each pair of which it is asked how rare they are."""
        texts, pairs = self.texts_of(verdicts.pairs)
        return asked_of(texts, pairs, verdicts.shared, self.params.shingle_words)

    def frequencies(self, groups: NDArray[np.int64], values: NDArray[np.uint32]) -> NDArray[np.uint16]:
        """In how many groups each of the values occurs."""
        return frequencies(values, self.take, groups, self.params.shingle_words)
