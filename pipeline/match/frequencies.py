"""How rare the words are that two texts share, judged by all other documents.

A shared statement, a quoted document or a template stands in many stories; the words of one piece stand
in its copies only. So a shingle's frequency is the number of stories that hold it, not of documents:
documents that are surely copies count once, however many outlets ran them. It is counted over all
documents that are compared, in one pass, for just those shingles on which a doubtful pair depends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.match.kernels import frequencies as kernel
from pipeline.match.words import THREADS, Words, pairs_in_threads

# of a pair that shares more shingles than so many a sample is asked for
_SAMPLED = 128
MOST_ASKED = 3 * _SAMPLED // 2  # by one pair; a sample has as many at most
Take = Callable[[NDArray[np.int64]], Words]  # the documents of some numbers, in their order
_AT_ONCE = 1 << 11  # documents that a thread reads at once


@dataclass(frozen=True, slots=True)
class Index:
    """Values that are looked up, as kernels.frequencies has them; eight bits of the sieve a slot."""

    bits: NDArray[np.uint64]
    slots: NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Asked:
    """Of m pairs the shingles that both texts have, or a sample of them: `held` uint32, `counts` int64[m] of
    them at opens[p] each; `opens` int64[m + 1]."""

    held: NDArray[np.uint32]
    opens: NDArray[np.int64]
    counts: NDArray[np.int64]

    @staticmethod
    def concat(parts: Sequence[Asked]) -> Asked:
        """What the pairs of at least one part ask, one part after the other."""
        held, counts = (
            np.concatenate([getattr(part, name) for part in parts]) for name in ("held", "counts")
        )
        rooms = np.concatenate([np.diff(part.opens) for part in parts])
        return Asked(held, np.append(0, np.cumsum(rooms)), counts)


def asked_of(texts: Words, pairs: NDArray[np.int64], shared: NDArray[np.int64], width: int) -> Asked:
    """What pairs (int64[m, 2]) of the texts ask; `shared` int64[m]: the number of their shared shingles."""
    opens = np.concatenate([[0], np.cumsum(np.minimum(shared, MOST_ASKED))])
    held, counts = np.empty(opens[-1], np.uint32), np.zeros(len(pairs), np.int64)
    own = (texts.words, texts.starts, texts.ends, texts.longest)

    def work(part: slice) -> None:
        bounds = opens[part.start : part.stop + 1]
        kernel.shared_shingles(*own, pairs[part], width, shared[part], _SAMPLED, bounds, held, counts[part])

    pairs_in_threads(work, len(pairs))
    return Asked(held, opens, counts)


def rare_shares(
    asked: Asked, frequencies: Callable[[NDArray[np.uint32]], NDArray[np.uint16]], few: int
) -> NDArray[np.float64]:
    """Of the shingles that each pair asks for, the share that occurs in at most `few` groups, float64[m].

    `frequencies` counts the groups that hold each of some different values, by their slots in the index of
    these values (at least all that are no more than `few`).
    """
    if not asked.counts.any():
        return np.zeros(len(asked.counts))
    each = np.empty(asked.counts.sum(), np.uint64)
    kernel.list_asked(asked.held, asked.opens, asked.counts, each)
    each.sort()
    values = (each >> np.uint64(32)).astype(np.uint32)
    values = values[np.flatnonzero(np.diff(values, prepend=~values[:1]))]
    rare = np.zeros(len(asked.counts), np.int64)
    kernel.count_rare(each, index_of(values).slots, frequencies(values), few, rare)
    return np.asarray(rare / np.maximum(asked.counts, 1))


def index_of(values: NDArray[np.uint32]) -> Index:
    places = max(1 << (2 * len(values)).bit_length(), 64)
    index = Index(np.zeros(places // 8, np.uint64), np.zeros(places, np.uint32))
    kernel.fill(values, index.bits, index.slots)
    return index


def frequencies(
    values: NDArray[np.uint32], take: Take, groups: NDArray[np.int64], width: int
) -> NDArray[np.uint16]:
    """Groups that hold each of the values, uint16 by slots; past 255 a thread stops counting. `groups`
    int64[n]: of each of all documents, -1 for those that do not count; `take`: some of all documents."""
    index = index_of(values)
    counted = np.flatnonzero(groups >= 0)
    counted = counted[np.argsort(groups[counted], kind="stable")]
    changes = np.flatnonzero(np.diff(groups[counted], prepend=-1))  # a group is one thread's
    cuts = [changes[len(changes) * turn // THREADS] for turn in range(1, THREADS) if len(changes)]

    def work(docs: NDArray[np.int64]) -> NDArray[np.uint8]:
        counts, last = np.zeros(len(index.slots), np.uint8), np.full(len(index.slots), -1, np.int32)
        for start in range(0, len(docs), _AT_ONCE):
            some = docs[start : start + _AT_ONCE]
            words = take(some)
            texts = (words.words, words.starts, words.ends, words.longest)
            kernel.count_groups(*texts, groups[some], width, index.bits, index.slots, last, counts)
        return counts

    with ThreadPoolExecutor(THREADS) as pool:
        parts = list(pool.map(work, np.split(counted, cuts)))
    return np.asarray(np.sum(parts, axis=0, dtype=np.uint16))


def groups_holding(
    values: NDArray[np.uint32], texts: Words, groups: NDArray[np.int64], width: int, most: int
) -> NDArray[np.uint64]:
    """Which of the groups of some texts (int64[n], -1: does not count) hold each of the values: once each, as
    slot << 32 | group, at most so many of a value."""
    index = index_of(values)
    counted = np.flatnonzero(groups >= 0)
    counted = counted[np.argsort(groups[counted], kind="stable")]
    some = texts.take(counted)
    out = np.empty(int(some.lengths.sum()) + 1, np.uint64)
    own = some.words, some.starts, some.ends, some.longest, groups[counted]
    return out[: kernel.list_groups(*own, width, index.bits, index.slots, most, out)].copy()
