"""Which stories of the index some texts could belong to: found by the same keys as among new texts.

A text asks for its bands, its anchors, its address and itself. Of a bucket with many documents only some are
taken, each of another story, since the copies of one story share nearly every band.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.index import kernels
from pipeline.index.keys import TEXT, URL, keys_of, text_keys
from pipeline.index.standing import Edges, Index
from pipeline.match.candidates import far_apart
from pipeline.match.kernels.tokens import FINISH
from pipeline.match.words import Words
from pipeline.params import Params

_BUCKET = 64  # documents that are read of a bucket
_PER_GROUP = 4  # of those that are surely copies
_PER_STORY = 8  # documents of one story that a text is held against
_BY_BAND, _BY_ANCHOR, _BY_URL, _BY_TEXT = range(4)


@dataclass(frozen=True, slots=True)
class Asked:
    """n texts that ask: `words`, `digests` uint64[n], `urls` int64[n]; `spans` int64[n, 2]: from when to when
    each text was published, in microseconds."""

    words: Words
    digests: NDArray[np.uint64]
    urls: NDArray[np.int64]
    spans: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Reached:
    """m candidate pairs: `owners` int64[m], the number of the text that asked, `docs` int64[m], a document of
    the index; `found_by` int8[m]: what found them, an index into match.clusters.FOUND_BY; `same` bool[m]: the
    two are word for word the same."""

    owners: NDArray[np.int64]
    docs: NDArray[np.int64]
    found_by: NDArray[np.int8]
    same: NDArray[np.bool_]

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> Reached:
        return Reached(self.owners[rows], self.docs[rows], self.found_by[rows], self.same[rows])


def reach(index: Index, asked: Asked, but: NDArray[np.int64], params: Params) -> Reached:
    """The candidates of the texts among all documents of the index but `but` (int64, ascending)."""
    _, firsts = np.unique(asked.digests, return_index=True)
    firsts = firsts[asked.words.lengths[firsts] > 0]
    keys = text_keys(asked.words.take(firsts), params)
    named = np.flatnonzero(asked.urls >= 0)
    parts = [
        (_BY_BAND, keys.bands, firsts[keys.of_bands]),
        (_BY_ANCHOR, keys.anchors, firsts[keys.of_anchors]),
        (_BY_URL, keys_of(URL, asked.urls[named].astype(np.uint64)), named),
        (_BY_TEXT, keys_of(TEXT, asked.digests[firsts]), firsts),
    ]
    kinds = np.repeat([kind for kind, _, _ in parts], [len(own) for _, _, own in parts])
    owners = np.concatenate([own for _, _, own in parts])
    entries, docs = _look_up(index, np.concatenate([key for _, key, _ in parts]), but, params)
    held = np.zeros(len(asked.digests), np.int32)
    held[firsts] = keys.held
    return _candidates(index, asked, held, owners[entries], docs, kinds[entries], params)


def _look_up(
    index: Index, keys: NDArray[np.uint64], but: NDArray[np.int64], params: Params
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each document under each of the keys (uint64[k], in any order): which key it is (int64[m]), and the
    document (int64[m])."""
    values, inverse = np.unique(keys, return_inverse=True)
    at, docs = index.postings.probe(values, _BUCKET)
    kept = ~np.isin(docs, but) & ~_stale(index, values[at], docs, params)
    at, docs = at[kept], docs[kept]
    # of each bucket some documents of those that are surely copies, the first that were entered, and so many
    # such groups
    labels = index["sure"][docs]
    order = np.lexsort((docs, labels, at))
    at, docs, labels = at[order], docs[order], labels[order]
    new = (np.diff(at, prepend=-1) != 0) | (np.diff(labels, prepend=-1) != 0)
    kept = (_rank(new) < _PER_GROUP) & (_rank(np.diff(at, prepend=-1) != 0, new) < params.bucket_cap)
    at, docs = at[kept], docs[kept]
    # each row once for every entry that asked for its key
    entries = np.argsort(inverse, kind="stable")
    starts = np.searchsorted(inverse[entries], at)
    counts = np.bincount(inverse, minlength=len(values))[at]
    places = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return entries[np.repeat(starts, counts) + places], np.repeat(docs, counts)


def quoting(index: Index, texts: Words, but: NDArray[np.int64], params: Params) -> NDArray[np.int64]:
    """The documents of the index that share an anchor with any of the texts, ascending, whenever they were
    published: it is counted in how many stories the words stand."""
    keys = text_keys(texts, params)
    _, docs = _look_up(index, np.unique(keys.anchors), but, params)
    return np.unique(docs)


def _rank(opens: NDArray[np.bool_], counted: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
    """For each of m rows in runs, each of which begins where `opens` (bool[m]) says, its place in the run, or
    how many of `counted` (bool[m]) came before it there."""
    steps = np.cumsum(np.ones(len(opens), bool) if counted is None else counted, dtype=np.int64)
    starts = np.maximum.accumulate(np.where(opens, np.arange(len(opens)), 0))
    return np.asarray(steps - steps[starts], np.int64)


def _stale(
    index: Index, keys: NDArray[np.uint64], docs: NDArray[np.int64], params: Params
) -> NDArray[np.bool_]:
    """Which documents have no such key any more, since a line of theirs turned out to be chrome: an index
    that is made anew does not hold it."""
    stale = index["changed"][docs].copy()
    rows = np.flatnonzero(stale)
    changed, place = np.unique(docs[rows], return_inverse=True)
    own = text_keys(index.words(changed), params)
    held = [
        (own.bands, own.of_bands),
        (own.anchors, own.of_anchors),
        (keys_of(TEXT, index["digests"][changed]), np.arange(len(changed))),
        (keys_of(URL, index["urls"][changed].astype(np.uint64)), np.arange(len(changed))),
    ]
    valid = np.concatenate([_mixed(key, doc) for key, doc in held])
    stale[rows] = ~np.isin(_mixed(keys[rows], place), valid)
    return np.asarray(stale, np.bool_)


def _mixed(keys: NDArray[np.uint64], docs: NDArray[np.int64]) -> NDArray[np.uint64]:
    return keys ^ (docs.astype(np.uint64) * FINISH)


def _candidates(
    index: Index,
    asked: Asked,
    held: NDArray[np.int32],
    owners: NDArray[np.int64],
    docs: NDArray[np.int64],
    kinds: NDArray[np.int64],
    params: Params,
) -> Reached:
    """Of what was found under the keys the pairs that share enough, and of those with one story the
    likeliest."""
    pairs, at = np.unique(np.stack([owners, docs], axis=1), axis=0, return_inverse=True)
    shared = np.stack([np.bincount(at[kinds == kind], minlength=len(pairs)) for kind in range(4)], axis=1)
    owner, doc = pairs[:, 0], pairs[:, 1]
    few = np.minimum(held[owner], index["anchors"][doc]) < 8
    anchored = (shared[:, _BY_ANCHOR] >= 2) | ((shared[:, _BY_ANCHOR] == 1) & few)
    near = ~far_apart(asked.spans[owner], _spans(index, doc), params)
    known = (shared[:, _BY_URL] > 0) | (shared[:, _BY_TEXT] > 0)
    rows = np.flatnonzero((((shared[:, _BY_BAND] > 0) | anchored) & near) | known)
    owner, doc, shared = owner[rows], _representatives(index, doc[rows]), shared[rows]
    pairs, at = np.unique(np.stack([owner, doc], axis=1), axis=0, return_inverse=True)
    owner, doc = pairs[:, 0], pairs[:, 1]
    shared = np.stack([np.bincount(at, shared[:, kind], len(pairs)) for kind in range(4)], axis=1)
    labels = index["labels"][doc]
    same = shared[:, _BY_TEXT] > 0
    order = np.lexsort((index["digests"][doc], -shared.sum(axis=1), ~same, labels, owner))
    new = (np.diff(owner[order], prepend=-1) != 0) | (np.diff(labels[order], prepend=-1) != 0)
    rows = np.sort(order[_rank(new) < _PER_STORY])
    # bands, anchors, url stand in the order of FOUND_BY; what is the same text has all bands
    found_by = np.argmax(shared[:, : _BY_URL + 1] > 0, axis=1).astype(np.int8)
    return Reached(owner, doc, found_by, same).take(rows)


def _spans(index: Index, docs: NDArray[np.int64]) -> NDArray[np.int64]:
    """From when to when the texts of some documents were published, int64[k, 2]."""
    digests, inverse = np.unique(index["digests"][docs], return_inverse=True)
    owners, copies = index.copies(digests)
    spans = np.tile(np.array([np.iinfo(np.int64).max, np.iinfo(np.int64).min]), (len(digests), 1))
    np.minimum.at(spans[:, 0], owners, index["times"][copies])
    np.maximum.at(spans[:, 1], owners, index["times"][copies])
    return spans[inverse]


def _representatives(index: Index, docs: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each document the first with the same text: which of them is found rests on when chrome was
    learned."""
    digests, inverse = np.unique(index["digests"][docs], return_inverse=True)
    return index.firsts(digests)[inverse]


def neighbourhood(index: Index, docs: NDArray[np.int64]) -> NDArray[np.int64]:
    """The documents of the stories of `docs` (int64[k]), and of all stories that an accepted pair leads to
    from there, ascending: a digest stands in none of its stories, but what it holds decides about it."""
    labels = index["labels"]
    found: set[int] = set()
    members: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    coming = np.unique(labels[docs]).tolist()
    while coming:
        label = coming.pop()
        if label in found:
            continue
        found.add(label)
        story = _ring(index, label)
        members.append(story)
        rows = edges_of(index, story)
        others = np.concatenate([index["edge_a"][rows], index["edge_b"][rows]])
        coming += [other for other in np.unique(labels[others]).tolist() if other not in found]
    return np.sort(np.concatenate(members))


def members(index: Index, docs: NDArray[np.int64]) -> NDArray[np.int64]:
    """All documents of the stories of `docs` (int64[k]), ascending."""
    rings = [_ring(index, label) for label in np.unique(index["labels"][docs]).tolist()]
    return np.sort(np.concatenate([np.zeros(0, np.int64), *rings]))


def edges_of(index: Index, docs: NDArray[np.int64]) -> NDArray[np.int64]:
    """The edges of some documents, each once, as rows of the edges' columns (int64, ascending)."""
    heads, a = index["edge_heads"], index["edge_a"]
    next_a, next_b = index["edge_next_a"], index["edge_next_b"]
    room = np.empty(64, np.int64)
    rows = [np.zeros(0, np.int64)]
    for doc in docs.tolist():
        n = kernels.edges_of(doc, heads, a, next_a, next_b, room)
        if n > len(room):
            room = np.empty(2 * n, np.int64)
            n = kernels.edges_of(doc, heads, a, next_a, next_b, room)
        rows.append(room[:n].copy())
    return np.unique(np.concatenate(rows))


def known_edges(index: Index, docs: NDArray[np.int64]) -> Edges:
    """The accepted pairs of some documents."""
    rows = edges_of(index, docs)
    pairs = np.stack([index["edge_a"][rows], index["edge_b"][rows]], axis=1)
    return Edges(pairs, index["edge_sure"][rows], index["edge_found_by"][rows])


def _ring(index: Index, doc: int) -> NDArray[np.int64]:
    room = np.empty(64, np.int64)
    n = kernels.around(index["ring"], doc, room)
    if n > len(room):
        room = np.empty(n, np.int64)
        kernels.around(index["ring"], doc, room)
    return room[:n].copy()
