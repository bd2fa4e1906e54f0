"""Candidate pairs: loose on purpose, so that the exact verdict sees every pair that could be true.

Three ways find a pair. Bands of MinHash rows find texts that are alike (42 bands of 3 rows: J = .5 with
probability .996). Anchors, a sample of the shingles themselves, find short copies inside long ones, which
Jaccard cannot see. Pages of one address are held against each other whatever is left of the text, and however
long ago it was; the others only within `window_days`. Pairs come in rounds, and what earlier rounds have
joined is not made again: of sixty copies of a story 1,770 pairs would be, and 59 verdicts are enough.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pipeline.match.clusters import BY_ANCHORS, BY_BANDS, BY_URL
from pipeline.match.figures import Articles
from pipeline.match.kernels import buckets, shingles, tables
from pipeline.match.kernels.tokens import FINISH
from pipeline.match.sign import Signed, anchors
from pipeline.match.words import Words
from pipeline.params import Params

_DAY = 86_400_000_000  # microseconds
_LOW, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
_EIGHTHS = np.arange(1, 8, dtype=np.uint64) << np.uint64(61)
_BANDS = 4  # made at once, as their rows lie side by side: one at a time is three times the memory traffic
_SPARING = 3  # passes; what two groups of many copies still ask after so many was mostly refused before
_PASSES = 4  # of eleven bits: 44 bits tell all but a few of a hundred million documents apart
# looks, when its search begins, for open pairs that share a key; and how many buckets are not multiplied out
Find = Callable[[], tuple[NDArray[np.uint64], int]]


@dataclass(frozen=True, slots=True)
class Round:
    """New pairs to verify: int64[m, 2] of document numbers, the smaller first, ascending.

    `capped` counts buckets too large to multiply out.
    """

    found_by: str
    pairs: NDArray[np.int64]
    capped: int


def far_apart(x: NDArray[np.int64], y: NDArray[np.int64], params: Params) -> NDArray[np.bool_]:
    """Of pairs of spans of time (int64[m, 2] each, microseconds) which lie further apart than the window."""
    if not params.window_days:
        return np.zeros(len(x), np.bool_)
    gaps = np.maximum(x[:, 0] - y[:, 1], y[:, 0] - x[:, 1])
    return np.asarray(gaps > params.window_days * _DAY, np.bool_)


class Groups:
    """What is joined so far, and what need not be asked again.

    `parent` int64[n] is a union-find; `host` int64[n] a document whose text holds this one's, or -1. Only
    pairs with a document that is `asked` for (bool[n]; None: all are) are made.
    """

    def __init__(self, n: int, asked: NDArray[np.bool_] | None = None) -> None:
        self.parent = np.arange(n)
        self._asked = asked
        self.host = np.full(n, -1)
        self._known = np.zeros(1 << 16, np.uint64)
        self._trial = np.empty(n, np.int64)
        self._used = 0

    @property
    def known(self) -> NDArray[np.uint64]:
        """The pairs that were asked so far, in no order."""
        return np.asarray(self._known[self._known != 0], np.uint64)

    def remember(self, pairs: NDArray[np.uint64]) -> None:
        """Take some pairs for asked."""
        self._make_room(len(pairs))
        tables.add_all(self._known, pairs)
        self._used += len(pairs)

    def sharing(
        self, keys: NDArray[np.uint64], docs: NDArray[np.uint32], whole: int
    ) -> tuple[NDArray[np.uint64], int]:
        """Open pairs of documents that share a key, once for each; buckets that were not multiplied out."""
        room = np.empty(4 * len(self.parent) + 1024, np.uint64)
        count, capped = buckets.bucket_pairs(keys, docs, self.parent, self.host, whole, room)
        if count > len(room):
            room = np.empty(count, np.uint64)
            buckets.bucket_pairs(keys, docs, self.parent, self.host, whole, room)
        pairs = room[:count]
        if self._asked is not None:
            pairs = pairs[self._asked[pairs >> _HALF] | self._asked[pairs & _LOW]]
        return pairs, int(capped)

    def passes(self, pairs: NDArray[np.uint64]) -> Iterator[NDArray[np.int64]]:
        """Those of the pairs whose verdict may join two groups, int64[m, 2], ascending, pass by pass."""
        turn = 0
        while len(pairs):
            self._make_room(len(pairs))
            room = np.empty(len(pairs), np.uint64)
            turn += 1
            # only what the pairs touch: copying all parents cost more than asking for most passes' pairs
            count, left = buckets.new_pairs(
                pairs, self.parent, self._trial, self.host, self._known, room, turn <= _SPARING
            )
            self._used, pairs = self._used + count, pairs[:left]
            if not count:
                return
            taken = np.sort(room[:count])
            yield np.stack([taken >> _HALF, taken & _LOW], axis=1).astype(np.int64)

    def _make_room(self, more: int) -> None:
        if 2 * (self._used + more) > len(self._known):
            kept = self.known
            self._known = np.zeros(1 << (3 * (self._used + more)).bit_length(), np.uint64)
            tables.add_all(self._known, kept)


def searches(
    articles: Articles,
    by_band: Iterable[Find],
    by_anchors: Find,
    same_text: NDArray[np.int64],
    chosen: NDArray[np.int64],
    groups: Groups,
    params: Params,
) -> Iterator[Iterator[Round]]:
    """Searches for pairs among the documents `chosen` (int64[k], ascending), each as its rounds: one for each
    band, then by anchors, then by addresses. `same_text` int64[n]: the first document with the same words.

    Whoever takes a round enters its verdicts into `groups` before the next. A search that is not begun costs
    nothing.
    """
    spans = spans_of(articles.times, same_text)
    for find in by_band:
        yield _rounds(BY_BANDS, find, spans, groups, params)
    yield _rounds(BY_ANCHORS, by_anchors, spans, groups, params)
    yield _by_address(articles, chosen, groups, params)


def bands_of(signed: Signed, chosen: NDArray[np.int64], params: Params) -> Iterator[NDArray[np.uint64]]:
    """The keys of each band of the documents `chosen`, uint64[k], in memory that the next ones take over.
    Drops the signatures at the end."""
    keys = np.empty((_BANDS, len(chosen)), np.uint64)
    for first in range(0, params.bands, _BANDS):
        some = keys[: params.bands - first]
        shingles.band_keys(signed.signatures, chosen, first, params.rows, some)
        yield from some
    signed.drop_signatures()


def anchors_of(words: Words, chosen: NDArray[np.int64], params: Params) -> Iterator[NDArray[np.uint64]]:
    """The anchors of the documents `chosen`, by their places there (`sign.anchors`), in parts: those of one
    shingle lie in one part, and a part is ascending."""
    anchored = anchors(words.take(chosen), params)
    yield from np.split(anchored, np.searchsorted(anchored, _EIGHTHS))


def in_bands(
    bands: Iterable[NDArray[np.uint64]],
    chosen: NDArray[np.int64],
    groups: Groups,
    params: Params,
    parts: int = 1,
) -> Iterator[Find]:
    """Looks among the documents `chosen` in each of the bands (uint64[k], scratch: it is sorted). `parts`, a
    power of two: a band is sorted in so many."""
    for keys in bands:
        yield partial(_in_band, keys, chosen, groups, params, parts)


def _in_band(
    keys: NDArray[np.uint64], chosen: NDArray[np.int64], groups: Groups, params: Params, parts: int
) -> tuple[NDArray[np.uint64], int]:
    found, capped = [np.zeros(0, np.uint64)], 0
    for own, docs in _parts(keys, chosen, parts):
        pairs, over = in_part(own, docs, groups, params)
        found, capped = [*found, pairs.copy()], capped + over
    return np.concatenate(found), capped


def in_part(
    keys: NDArray[np.uint64], docs: NDArray[np.uint32], groups: Groups, params: Params
) -> tuple[NDArray[np.uint64], int]:
    """What is found in a part of a band, its documents ascending; both arrays are sorted by the keys."""
    buckets.sort_by_key(keys, docs, np.empty_like(keys), np.empty_like(docs), _PASSES)
    return groups.sharing(keys, docs, params.bucket_cap)


def _parts(
    keys: NDArray[np.uint64], chosen: NDArray[np.int64], parts: int
) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.uint32]]]:
    """The keys by their upper bits, in as many parts, with their documents: what is found in one part after
    the other is what is found in all of them sorted."""
    if parts == 1:
        yield keys, chosen.astype(np.uint32)
        return
    sizes = np.zeros(parts, np.int64)
    buckets.count_parts(keys, sizes)
    for part, size in enumerate(sizes.tolist()):
        own, docs = np.empty(size, np.uint64), np.empty(size, np.uint32)
        buckets.take_part(keys, chosen, part, parts, own, docs)
        yield own, docs


def _rounds(
    found_by: str, find: Find, spans: NDArray[np.int64], groups: Groups, params: Params
) -> Iterator[Round]:
    pairs, capped = find()
    for taken in groups.passes(_near(pairs, spans, params)):
        yield Round(found_by, taken, capped)
        capped = 0


def _by_address(
    articles: Articles, chosen: NDArray[np.int64], groups: Groups, params: Params
) -> Iterator[Round]:
    for taken in groups.passes(_url_pairs(articles, chosen, groups, params)):
        yield Round(BY_URL, taken, 0)


def spans_of(times: NDArray[np.int64], same_text: NDArray[np.int64]) -> NDArray[np.int64]:
    """From when to when each text was published, int64[n, 2], in the rows of the first document that has
    it."""
    spans = np.stack([times, times], axis=1)
    np.minimum.at(spans[:, 0], same_text, times)
    np.maximum.at(spans[:, 1], same_text, times)
    return spans


def _near(pairs: NDArray[np.uint64], spans: NDArray[np.int64], params: Params) -> NDArray[np.uint64]:
    """Those of the pairs that lie within the window."""
    if not params.window_days:
        return pairs
    return pairs[~far_apart(spans[pairs >> _HALF], spans[pairs & _LOW], params)]


def _url_pairs(
    articles: Articles, chosen: NDArray[np.int64], groups: Groups, params: Params
) -> NDArray[np.uint64]:
    """Pairs of one address."""
    docs = chosen[articles.urls[chosen] >= 0].astype(np.uint32)
    keys = (articles.urls[docs].astype(np.uint64) + np.uint64(1)) * FINISH
    buckets.sort_by_key(keys, docs, np.empty_like(keys), np.empty_like(docs), _PASSES)
    return groups.sharing(keys, docs, params.bucket_cap)[0]


def by_anchors(
    anchored: Iterable[NDArray[np.uint64]], chosen: NDArray[np.int64], groups: Groups, params: Params
) -> tuple[NDArray[np.uint64], int]:
    """Pairs that share enough anchors; `anchored`: see `anchors_of`.

    An eighth of the anchors is looked at at a time: copies of all were 800 MB for a million documents.
    """
    n = len(groups.parent)
    held = np.zeros(n, np.int32)
    found, capped = [np.zeros(0, np.uint64)], 0
    for part in anchored:
        owners = chosen[part & _LOW]
        held += np.bincount(owners, minlength=n).astype(np.int32)
        sharing, over = by_anchors_in_part(part, owners.astype(np.uint32), groups, params)
        found, capped = [*found, sharing.copy()], capped + over
    return enough_shared(found, held), capped


def by_anchors_in_part(
    anchored: NDArray[np.uint64], owners: NDArray[np.uint32], groups: Groups, params: Params
) -> tuple[NDArray[np.uint64], int]:
    """The pairs that share anchors of a part, ascending, once for each."""
    return groups.sharing(anchored & ~_LOW, owners, params.bucket_cap)


def enough_shared(found: list[NDArray[np.uint64]], held: NDArray[np.int32]) -> NDArray[np.uint64]:
    """Of the pairs that share anchors, once for each, those that share two, or one where the shorter text has
    fewer than eight; `held` int32[n]: how many each document has."""
    pairs = np.concatenate(found)
    found.clear()
    pairs.sort()
    return pairs[: buckets.enough_shared(pairs, held)]
