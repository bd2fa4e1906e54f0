"""Clusters from accepted pairs only, in a way that does not chain.

Pairs that are alike join freely. A pair in which one text only lies inside the other joins two groups
only if the longest texts of both groups hold up as a pair themselves: a teaser stands in its story
and in a digest, and must not tie the two together. A text that holds two others in different places,
which are not copies of each other, is a digest and holds neither as its copy. Where texts tie, their
digests decide and not their numbers; of 60 generated corpora full of near ties 57 gave the same clusters
in any order, since what is joined first decides which pairs are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pipeline.match.bridges import Bridges, direct, inside
from pipeline.match.candidates import (
    Find,
    Groups,
    Round,
    anchors_of,
    bands_of,
    by_anchors,
    in_bands,
    searches,
)
from pipeline.match.clusters import BY_JUDGEMENT, Clusters
from pipeline.match.judged import Judged, abide
from pipeline.match.kernels import groups as kernel
from pipeline.match.known import Known
from pipeline.match.sign import Signed
from pipeline.match.verify import FLOOR, OPEN, Verdicts, Verifier
from pipeline.match.words import Words
from pipeline.params import Params


def representatives(signed: Signed, words: Words, params: Params) -> NDArray[np.int64]:
    """For each document the first one with the same words, int64[n]; itself if it is unique, or too
    short to prove anything (what is left of pages of which all but a stub was chrome)."""
    return np.where(words.lengths >= params.least_words, signed.same, np.arange(len(signed)))


@dataclass(frozen=True, slots=True)
class Found:
    """Verdicts worth keeping, what found each, and how many pairs and capped buckets there were."""

    verdicts: Verdicts
    found_by: NDArray[np.object_]
    verified: int
    capped: int

    def take(self, rows: NDArray[np.bool_]) -> Found:
        return replace(self, verdicts=self.verdicts.take(rows), found_by=self.found_by[rows])

    def with_pairs(self, pairs: NDArray[np.int64], found_by: str, verifier: Verifier) -> Found:
        """The same and the verdicts on some more pairs (int64[k, 2])."""
        verdicts = Verdicts.concat([self.verdicts, verifier.verify(pairs)])
        by = np.concatenate([self.found_by, np.full(len(pairs), found_by, object)])
        return replace(self, verdicts=verdicts, found_by=by)

    @staticmethod
    def concat(parts: Sequence[Found]) -> Found:
        """What at least one search found, and then the others."""
        return Found(
            Verdicts.concat([part.verdicts for part in parts]),
            np.concatenate([part.found_by for part in parts]),
            sum(part.verified for part in parts),
            sum(part.capped for part in parts),
        )


@dataclass(frozen=True, slots=True)
class Clustering:
    """n documents while they are clustered: `digests` uint64[n] of their words; `same_text` int64[n]: the
    first document with the same words; `chosen` int64[k]: those that pairs are found among, ascending."""

    digests: NDArray[np.uint64]
    same_text: NDArray[np.int64]
    chosen: NDArray[np.int64]
    groups: Groups
    verifier: Verifier
    known: Known

    @classmethod
    def begin(cls, signed: Signed, verifier: Verifier, known: Known | None = None) -> Clustering:
        """Nothing but equal texts is joined."""
        words = verifier.articles.words
        same_text = representatives(signed, words, verifier.params)
        groups = Groups(len(words), known.asked if known else None)
        known = known or Known.nothing(len(words))
        kernel.unite_all(groups.parent, np.arange(len(words)), same_text)
        chosen = np.flatnonzero(
            (same_text == np.arange(len(words))) & (words.lengths > 0) & (known.elsewhere < 0)
        )
        return cls(signed.digests, same_text, chosen, groups, verifier, known)

    def searches(self, by_band: Iterable[Find], by_anchors: Find) -> Iterator[Iterator[Round]]:
        """See `candidates.searches`."""
        given = self.verifier.articles, by_band, by_anchors, self.same_text, self.chosen, self.groups
        return searches(*given, self.verifier.params)

    def again(self) -> Found:
        """The verdicts on what is known from before; what is sure joins."""
        verdicts = self.verifier.verify(self.known.pairs)
        self._enter(verdicts)
        return Found(verdicts, self.known.found_by, 0, 0)

    def verified(self, search: Iterator[Round]) -> Found:
        """The verdicts of a search, round by round; what is sure joins before the next."""
        nothing = self.verifier.verify(np.zeros((0, 2), np.int64))
        kept, found_by = [nothing], list[str]()
        verified = capped = 0
        for one in search:
            verdicts = self.verifier.verify(one.pairs)
            self._enter(verdicts)
            kept.append(
                verdicts.take((verdicts.rule == OPEN) | worth_keeping(verdicts, self.verifier.params))
            )
            found_by += [one.found_by] * len(kept[-1])
            verified, capped = verified + len(verdicts), capped + one.capped
        return Found(Verdicts.concat(kept), np.array(found_by, object), verified, capped)

    def settled(self, found: Found) -> Found:
        """Decide what is still open. What others joined meanwhile needs no count and is dropped."""
        params, parent = self.verifier.params, self.groups.parent
        asked = _likeliest(found.verdicts, kernel.roots(parent), self.digests, params)
        found = found.take((found.verdicts.rule != OPEN) | asked)
        counted = np.where(self.known.elsewhere >= 0, len(parent) + self.known.elsewhere, -1)
        counted[self.chosen] = _sure_groups(found.verdicts, parent)[self.chosen]
        verdicts = self.verifier.settle(found.verdicts, counted)
        return replace(found, verdicts=verdicts).take(worth_keeping(verdicts, params))

    def joined(self, found: Found, judged: Judged | None) -> Clusters:
        """The clusters, of settled verdicts."""
        verifier, parent = self.verifier, self.groups.parent
        _unite(parent, found.verdicts.take(_alike(found.verdicts, verifier.params)))
        if judged:
            found = found.with_pairs(judged.unknown(found.verdicts.pairs), BY_JUDGEMENT, verifier)
        order = np.lexsort((found.verdicts.pairs[:, 1], found.verdicts.pairs[:, 0]))
        verdicts = found.verdicts.take(order)
        bridges = Bridges(verifier, verdicts, parent, self.same_text, self.digests)
        bridges.join()
        n = np.count_nonzero(self.known.elsewhere < 0)
        labels = kernel.roots(parent)[:n]
        by, nothing = found.found_by[order], np.zeros(len(order), np.int8)
        told = found.verified, found.capped
        clusters = Clusters(labels, self.same_text[:n], verdicts, by, bridges.refused_as, nothing, *told)
        return abide(clusters, judged, self.digests[:n]) if judged else clusters

    def _enter(self, verdicts: Verdicts) -> None:
        """Tell the groups what is sure."""
        params = self.verifier.params
        _unite(self.groups.parent, verdicts.take(_alike(verdicts, params)))
        guests, hosts = direct(verdicts.take(inside(verdicts, params)), self.digests)
        self.groups.host[guests] = hosts


def cluster(
    signed: Signed, verifier: Verifier, known: Known | None = None, judged: Judged | None = None
) -> Clusters:
    """Find, verify and cluster the copies among n documents; `known`: what was found before of some;
    `judged`: what a person said.

    Pairs that are sure join as they are found. How rare the words of the doubtful ones are is then counted
    over the groups that these make.
    """
    clustering = Clustering.begin(signed, verifier, known)
    found = [clustering.again()]
    among = clustering.chosen, clustering.groups, verifier.params
    bands = bands_of(signed, clustering.chosen, verifier.params)
    anchored = anchors_of(verifier.articles.words, clustering.chosen, verifier.params)
    searches = clustering.searches(in_bands(bands, *among), partial(by_anchors, anchored, *among))
    found += map(clustering.verified, searches)
    return clustering.joined(clustering.settled(Found.concat(found)), judged)


def _likeliest(
    verdicts: Verdicts, roots: NDArray[np.int64], digests: NDArray[np.uint64], params: Params
) -> NDArray[np.bool_]:
    """Of the open verdicts between the same two groups the likeliest, bool[m].

    Among 200,000 generated documents half of such pairs ask what others ask for the same two groups.
    """
    rows = np.flatnonzero((verdicts.rule == OPEN) & (np.diff(roots[verdicts.pairs])[:, 0] != 0))
    between = np.sort(roots[verdicts.pairs[rows]], axis=1)
    texts = np.sort(digests[verdicts.pairs[rows]], axis=1)  # decide among equals, as numbers may not
    order = np.lexsort((texts[:, 1], texts[:, 0], -verdicts.score[rows], between[:, 1], between[:, 0]))
    opens = np.diff(between[order], axis=0, prepend=-1).any(axis=1)
    firsts = np.maximum.accumulate(np.where(opens, np.arange(len(order)), 0))
    likeliest = np.zeros(len(verdicts), np.bool_)
    likeliest[rows[order[np.arange(len(order)) - firsts < params.doubtful_pairs]]] = True
    return likeliest


def _sure_groups(verdicts: Verdicts, parent: NDArray[np.int64]) -> NDArray[np.int64]:
    """The group of each document when all that was accepted so far is joined, int64[n]."""
    sure = parent.copy()
    _unite(sure, verdicts.take(verdicts.accepted))
    return np.asarray(kernel.roots(sure), np.int64)


def _alike(verdicts: Verdicts, params: Params) -> NDArray[np.bool_]:
    """Accepted pairs of which neither text only lies inside the other."""
    return np.asarray(verdicts.accepted & (verdicts.jaccard >= params.alike_jaccard))


def worth_keeping(verdicts: Verdicts, params: Params) -> NDArray[np.bool_]:
    """Which verdicts accept, or come near the line."""
    near = (verdicts.jaccard >= params.keep_jaccard) | (verdicts.containment >= params.keep_containment)
    return np.asarray(verdicts.accepted | (near & (verdicts.rule != FLOOR)))


def _unite(parent: NDArray[np.int64], verdicts: Verdicts) -> None:
    kernel.unite_all(parent, verdicts.pairs[:, 0], verdicts.pairs[:, 1])
