"""A document is its words: hashed tokens in text order, from which all else is made in scratch memory.

Four bytes a token is all that is kept of a text while it is compared (2.6 KB of 4.6), so a million
documents fit where their shingles and sets would not.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice, pairwise, zip_longest
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import DTypeLike, NDArray

from pipeline.match.kernels import shingles, tokens
from pipeline.match.normalise import folding

NUMBER = 1  # the token begins with a digit
LINE = 2  # the token is the first of its line
THREADS = min(4, os.cpu_count() or 1)
_SLICE = 1 << 19
T = TypeVar("T")
Room = Callable[[int | tuple[int, ...], DTypeLike], NDArray[Any]]  # makes an array: in memory, or in a file


@dataclass(frozen=True, slots=True)
class Words:
    """The words of n documents; document i is words[starts[i]:ends[i]] (both int64[n]).

    `words` uint32: 30 bits of the folded token's hash, and the bits NUMBER and LINE. Documents may lie
    in any order, so that taking some of them, or sorting them, moves none.
    """

    words: NDArray[np.uint32]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Words of each document, int64[n]."""
        return self.ends - self.starts

    @property
    def longest(self) -> int:
        """The most words of a document."""
        return int(self.lengths.max(initial=0))

    def digests(self) -> NDArray[np.uint64]:
        """uint64[n]: equal for documents of the same words in the same order, however lines break."""
        digests = np.empty(len(self), np.uint64)
        text = self.words, self.starts, self.ends
        run_in_threads(lambda first, last: shingles.digest_texts(*text, first, last, digests), self)
        return digests

    def compact(self) -> Words:
        """The same documents with nothing between them and no room left behind them. They are moved in
        place: what shares the words with this may not be used afterwards."""
        order = np.argsort(self.starts, kind="stable")
        starts, ends = self.starts.copy(), self.ends.copy()
        used = shingles.move_together(self.words, order, starts, ends)
        self.words.resize(used, refcheck=False)
        return Words(self.words, starts, ends)

    def take(self, docs: NDArray[np.int64]) -> Words:
        """The documents `docs`, in that order, over the same words."""
        return Words(self.words, self.starts[docs], self.ends[docs])

    def gathered(self, docs: NDArray[np.int64]) -> Words:
        """The documents `docs`, in that order, over a copy of their words and of no others."""
        some = self.take(docs)
        opens = np.append(0, np.cumsum(some.lengths))
        words = np.empty(opens[-1], np.uint32)
        shingles.gather(some.words, some.starts, some.ends, opens, words)
        return Words(words, opens[:-1], opens[1:])

    @staticmethod
    def concat(parts: Sequence[Words]) -> Words:
        """The documents of at least one part, one after the other, over a copy of all their words."""
        bases = np.cumsum([0, *(len(part.words) for part in parts)])
        starts, ends = (
            np.concatenate([getattr(part, name) + base for part, base in zip(parts, bases, strict=False)])
            for name in ("starts", "ends")
        )
        return Words(np.concatenate([part.words for part in parts]), starts, ends)


class WordStore:
    """Words of documents that come in batches, in one array that grows in place."""

    def __init__(self) -> None:
        self._words = np.empty(1 << 16, np.uint32)
        self._used = 0
        self._ends: list[NDArray[np.int64]] = []
        # one a thread, kept: fresh memory costs more than what is written to it (17 against 12 us)
        self._rooms = [np.empty(0, np.uint32)] * THREADS

    def add(self, texts: pa.Array) -> None:
        """Append the documents of a column of strings; a null is an empty text."""
        slices = _slices(texts.cast(pa.large_string()).fill_null(""))
        with ThreadPoolExecutor(THREADS) as pool:
            while group := list(islice(slices, THREADS)):
                self._rooms = [_roomy(room, part) for room, part in zip_longest(self._rooms, group)]
                for ends, room in zip(pool.map(_read, group, self._rooms), self._rooms, strict=False):
                    self._append(room[: ends[-1]], ends)

    def _append(self, words: NDArray[np.uint32], ends: NDArray[np.int64]) -> None:
        start = self._used
        self._used += len(words)
        if self._used > len(self._words):
            # realloc moves pages, not bytes: no second copy of a large array is ever held
            self._words.resize(max(self._used, len(self._words) * 5 // 4), refcheck=False)
        self._words[start : self._used] = words
        self._ends.append(ends + start)

    def words(self) -> Words:
        """All that was added; nothing can be added afterwards."""
        self._words.resize(self._used, refcheck=False)
        ends = np.concatenate([np.zeros(1, np.int64), *self._ends])
        return Words(self._words, ends[:-1], ends[1:])


def read_words(texts: pa.Array) -> Words:
    """The words of a column of n strings."""
    store = WordStore()
    store.add(texts)
    return store.words()


def _slices(texts: pa.Array) -> Iterator[pa.Array]:
    """Slices of about half a megabyte each: what is read from one stays in the cache."""
    _, offsets = buffers(texts)
    cuts = np.searchsorted(offsets, np.arange(offsets[0] + _SLICE, offsets[-1], _SLICE))
    for a, b in pairwise(np.unique([0, *cuts.tolist(), len(texts)]).tolist()):
        yield texts.slice(a, b - a)


def _roomy(room: NDArray[np.uint32], texts: pa.Array | None) -> NDArray[np.uint32]:
    """Room for the words of the texts: two a byte is what the worst expansion makes."""
    needed = 0 if texts is None else 2 * int(np.ptp(buffers(texts)[1])) + 2
    return room if len(room) >= needed else np.empty(needed, np.uint32)


def _read(texts: pa.Array, room: NDArray[np.uint32]) -> NDArray[np.int64]:
    data, offsets = buffers(texts)
    ends = np.zeros(len(texts), np.int64)
    table = folding()
    tokens.read_all(data, offsets, table.kinds, table.folded, table.expansions, room, ends)
    return ends


def in_threads(work: Callable[[int, int], T], words: Words, block: int = 1 << 21) -> Iterator[T]:
    """`work(first, last)` over consecutive documents of some two million words each, in threads; what it
    returned, in order. Memory that the work uses for itself is bounded by the block."""
    done = np.cumsum(words.lengths)
    cuts = np.searchsorted(done, np.arange(block, done[-1] if len(done) else 0, block)) + 1
    bounds = list(pairwise(np.unique([0, *np.minimum(cuts, len(words)).tolist(), len(words)]).tolist()))
    with ThreadPoolExecutor(THREADS) as pool:
        yield from pool.map(lambda bound: work(*bound), bounds)


def run_in_threads(work: Callable[[int, int], None], words: Words) -> None:
    """The same for work that returns nothing."""
    for _ in in_threads(work, words):
        pass


def pairs_in_threads(work: Callable[[slice], None], m: int, block: int = 2048) -> None:
    """`work` over consecutive slices of m pairs, in threads."""
    if m <= block:
        work(slice(0, m))
        return
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda start: work(slice(start, min(start + block, m))), range(0, m, block)))


def buffers(texts: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The UTF-8 bytes and offsets (int64, length + 1) of a `large_string` array, without a copy."""
    if len(texts) == 0:
        return np.zeros(1, np.uint8), np.zeros(1, np.int64)
    _, offsets, data = texts.buffers()
    starts = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    # an all-empty column has no bytes; numba wants an array all the same
    return np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(1, np.uint8), starts
