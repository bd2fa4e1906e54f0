"""Verdicts on texts that lie in files: only those that a batch of pairs needs are fetched, each once, in the
order in which they lie; the verdicts are the same as on all texts in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.match.figures import Articles
from pipeline.match.frequencies import MOST_ASKED, Asked
from pipeline.match.verify import Verdicts, Verifier
from pipeline.match.words import Words
from pipeline.matching.shelf import Shelf

_PAIRS = 1 << 15  # are looked at when a batch is made
_ASKED = 20  # bytes of memory for a shingle that a pair asks for
# asking has the memory of all eight (spilled) but one to itself, since each batch takes a pass over all texts
_SHARES = 7


@dataclass(frozen=True, slots=True)
class Fetching(Verifier):
    """Verifies pairs of articles on a shelf; `memory` in bytes is what it may hold of them."""

    shelf: Shelf
    memory: int

    def verify(self, pairs: NDArray[np.int64]) -> Verdicts:
        return Verdicts.concat([self._verify(pairs[:0]), *map(self._verify, self._batches(pairs))])

    def with_rarity(self, verdicts: Verdicts, groups: NDArray[np.int64]) -> Verdicts:
        """As many pairs at once as what they ask for may be held of."""
        sizes, rare = _ASKED * np.minimum(verdicts.shared, MOST_ASKED), super(Fetching, self).with_rarity
        parts = _parts(sizes, _SHARES * self.memory)
        return Verdicts.concat([rare(verdicts.take(some), groups) for some in parts])

    def asked(self, verdicts: Verdicts) -> Asked:
        of, parts = super(Fetching, self).asked, _parts(self._bytes_of(verdicts.pairs), self.memory)
        return Asked.concat([of(verdicts.take(some)) for some in parts])

    def spans(self, pairs: NDArray[np.int64]) -> NDArray[np.int32]:
        of = super(Fetching, self).spans
        return np.concatenate([of(pairs[:0]), *map(of, self._batches(pairs))])

    def texts_of(self, pairs: NDArray[np.int64]) -> tuple[Words, NDArray[np.int64]]:
        docs, places = _named(pairs)
        return self.take(docs), places

    def take(self, docs: NDArray[np.int64]) -> Words:
        return self.shelf.gathered(self.articles.words, docs)

    def headlines(self, docs: NDArray[np.int64]) -> Words:
        return self.shelf.gathered(self.articles.headlines, docs)

    def _verify(self, pairs: NDArray[np.int64]) -> Verdicts:
        docs, places = _named(pairs)
        narrow = self.articles.urls[docs], self.articles.times[docs]
        some = Articles(self.take(docs), self.headlines(docs), *narrow)
        return replace(Verifier(some, self.scorecard, self.params).verify(places), pairs=pairs)

    def _batches(self, pairs: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        """The pairs in batches whose texts, each counted as often as it is named, fit the memory, but for
        one pair that does not."""
        for some in np.split(pairs, np.arange(_PAIRS, len(pairs), _PAIRS)):
            yield from (some[part] for part in _parts(self._bytes_of(some), self.memory))

    def _bytes_of(self, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
        """Bytes of both texts and headlines of each pair."""
        words = self.articles.words.lengths[pairs] + self.articles.headlines.lengths[pairs]
        return np.asarray(4 * words.sum(axis=1), np.int64)


def _named(pairs: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The documents of the pairs, ascending, and the pairs by their places there."""
    docs, places = np.unique(pairs, return_inverse=True)
    return docs, places.reshape(pairs.shape)


def _parts(sizes: NDArray[np.int64], most: int) -> list[NDArray[np.int64]]:
    """What has these sizes, by number, in parts of about `most` each."""
    cuts = np.flatnonzero(np.diff(np.cumsum(sizes) // most)) + 1
    return np.split(np.arange(len(sizes)), cuts)
