"""What copies of a story confirm of each other: whose each different text is, and how much of it others have.

Copies of one owner confirm nothing to each other, unless the whole story is that owner's: a paragraph that a
group's desk put into the copies of all its stations is not the wire's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.match.kernels import support
from pipeline.match.kernels.support import SEVERAL
from pipeline.match.words import Words
from pipeline.params import Params

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The t different texts of n copies of some stories.

    `text` int64[n]: each copy's; `firsts`, `stories` int64[t]: the first copy of each text, and its story;
    `words`: of the texts; `digests` uint64[t]; `holders` int32[t]: who has each, SEVERAL for more than one;
    `sizes` int64[t]: different shingles; `shares` float64[t]: of them, how many another holder has, too.
    """

    text: Ints
    firsts: Ints
    stories: Ints
    words: Words
    digests: NDArray[np.uint64]
    holders: NDArray[np.int32]
    sizes: Ints
    shares: NDArray[np.float64]

    def score(self) -> NDArray[np.float64]:
        """float64[t]: a point for each shingle that another holder has, less one for each that none has."""
        return np.asarray(self.sizes * (2 * self.shares - 1), np.float64)

    def ordered(self, by: Ints | NDArray[np.float64]) -> tuple[Ints, Ints]:
        """The texts story by story, those with the greatest `by` ([t]) first, and where each story begins."""
        order = np.lexsort((self.digests, -by, self.stories))
        return order, np.flatnonzero(np.diff(self.stories[order], prepend=-1, append=-1))


def confirm(pages: pa.Table, stories: Ints, words: Words, owners: Ints, params: Params) -> Confirmed:
    """The texts of n copies, all of some stories.

    `pages`: outlet_id; `stories`, `owners` int64[n]: the number of each copy's story, from 0, and of the
    group that owns its outlet; `words`: of the bodies as compared.
    """
    digests = words.digests()
    key = np.stack([stories.astype(np.uint64), digests])
    _, firsts, text = np.unique(key, axis=1, return_index=True, return_inverse=True)
    texts, of = words.take(firsts), stories[firsts]
    holders = _holders(text, _independent(pages, stories, owners))
    sizes, shares = np.zeros(len(firsts), np.int64), np.zeros(len(firsts))
    order = np.arange(len(firsts))
    opens = np.flatnonzero(np.diff(of, prepend=-1, append=-1))
    arrays = texts.words, texts.starts, texts.ends, texts.longest
    support.support_all(*arrays, order, opens, holders, params.shingle_words, sizes, shares)
    return Confirmed(text, firsts, of, texts, digests[firsts], holders, sizes, shares)


def _independent(pages: pa.Table, stories: Ints, owners: Ints) -> Ints:
    """Whose each copy is, int64[n]: its owner's or, if its story has one owner only, its outlet's; SEVERAL in
    stories of one outlet, where there is nobody else to confirm anything."""
    outlets = pages["outlet_id"].combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
    many_owners, many_outlets = (different(stories, codes) > 1 for codes in (owners, outlets))
    alone = np.where(many_outlets[stories], outlets, np.int64(SEVERAL))
    return np.where(many_owners[stories], owners, alone)


def different(groups: Ints, codes: Ints) -> Ints:
    """How many different codes each group (from 0) has."""
    pairs = np.unique(np.stack([groups, codes]), axis=1)
    return np.bincount(pairs[0], minlength=int(groups.max(initial=-1)) + 1)


def _holders(texts: Ints, codes: Ints) -> NDArray[np.int32]:
    holders = np.full(int(texts.max(initial=-1)) + 1, np.int64(SEVERAL))
    holders[texts] = codes
    holders[different(texts, codes) > 1] = SEVERAL
    return holders.astype(np.int32)
