"""Clusters from accepted pairs only, in a way that does not chain.

Pairs that are alike join freely. A pair in which one text only lies inside the other joins two groups
only if the longest texts of both groups hold up as a pair themselves: a teaser stands in its story
and in a digest, and must not tie the two together. A text that holds two others in different places,
which are not copies of each other, is a digest and holds neither as its copy. Where texts tie, their
digests decide and not their numbers; of 60 generated corpora full of near ties 57 gave the same clusters
in any order, since what is joined first decides which pairs are looked at.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.match.candidates import Groups, rounds
from pipeline.match.kernels import groups as kernel
from pipeline.match.kernels import overlap
from pipeline.match.sign import Signed
from pipeline.match.verify import FLOOR, OPEN, Verdicts, Verifier
from pipeline.match.words import Words
from pipeline.params import Params

DIGEST, WEAK_BRIDGE = "digest", "weak_bridge"
# two guests lie in different places of their host if less than this share of the shorter overlaps
_OVERLAP = 0.2


@dataclass(frozen=True, slots=True)
class Clusters:
    """`labels` int64[n]: the number of each document's cluster, which is its first document's.

    `same_text` int64[n]: the first document with the same text. `verdicts` on the pairs that were asked and
    accepted or came near the line, ascending, `found_by` what found each; `refused_as`: for each, why
    an accepted verdict still joined nothing, or "". `candidates`, `capped`: pairs verified, and buckets
    too large to multiply out.
    """

    labels: NDArray[np.int64]
    same_text: NDArray[np.int64]
    verdicts: Verdicts
    found_by: NDArray[np.object_]
    refused_as: NDArray[np.object_]
    candidates: int
    capped: int

    @property
    def joined(self) -> NDArray[np.bool_]:
        """Which of the verdicts put their two documents into one cluster."""
        return np.asarray(self.verdicts.accepted & (self.refused_as == ""), np.bool_)


def representatives(signed: Signed, words: Words, params: Params) -> NDArray[np.int64]:
    """For each document the first one with the same words, int64[n]; itself if it is unique, or too
    short to prove anything (what is left of pages of which all but a stub was chrome)."""
    enough = words.lengths >= params.min_shared_shingles + params.shingle_words - 1
    return np.where(enough, signed.same, np.arange(len(signed)))


@dataclass(frozen=True, slots=True)
class _Found:
    """Verdicts worth keeping, what found each, and how many pairs and capped buckets there were."""

    verdicts: Verdicts
    found_by: NDArray[np.object_]
    verified: int
    capped: int

    def take(self, rows: NDArray[np.bool_]) -> _Found:
        return replace(self, verdicts=self.verdicts.take(rows), found_by=self.found_by[rows])


def cluster(signed: Signed, verifier: Verifier) -> Clusters:
    """Find, verify and cluster the copies among n documents.

    Pairs that are sure join as they are found. How rare the words of the doubtful ones are is then counted
    over the groups that these make.
    """
    words, params = verifier.articles.words, verifier.params
    same_text = representatives(signed, words, params)
    groups = Groups(len(words))
    kernel.unite_all(groups.parent, np.arange(len(words)), same_text)
    chosen = np.flatnonzero((same_text == np.arange(len(words))) & (words.lengths > 0))
    found = _settled(_verified(signed, chosen, groups, verifier), signed, chosen, groups, verifier)
    _unite(groups.parent, found.verdicts.take(_alike(found.verdicts, params)))
    bridges = _Bridges(verifier, found, groups.parent, same_text, signed.digests)
    bridges.join()
    return bridges.clusters(kernel.roots(groups.parent))


def _verified(signed: Signed, chosen: NDArray[np.int64], groups: Groups, verifier: Verifier) -> _Found:
    """Verify candidates round by round; what is sure joins `groups` before the next."""
    params = verifier.params
    kept = [verifier.verify(np.zeros((0, 2), np.int64))]
    found_by: list[str] = []
    verified = capped = 0
    for one in rounds(verifier.articles.words, signed, chosen, groups, params):
        verdicts = verifier.verify(one.pairs)
        _unite(groups.parent, verdicts.take(_alike(verdicts, params)))
        guests, hosts = _direct(verdicts.take(_inside(verdicts, params)), signed.digests)
        groups.host[guests] = hosts
        kept.append(verdicts.take((verdicts.rule == OPEN) | _worth_keeping(verdicts, params)))
        found_by += [one.found_by] * len(kept[-1])
        verified, capped = verified + len(verdicts), capped + one.capped
    return _Found(Verdicts.concat(kept), np.array(found_by, object), verified, capped)


def _settled(
    found: _Found, signed: Signed, chosen: NDArray[np.int64], groups: Groups, verifier: Verifier
) -> _Found:
    """Decide what is still open. What others joined meanwhile needs no count and is dropped."""
    asked = _likeliest(found.verdicts, kernel.roots(groups.parent), signed.digests, verifier.params)
    found = found.take((found.verdicts.rule != OPEN) | asked)
    counted = np.full(len(groups.parent), -1)
    counted[chosen] = _sure_groups(found.verdicts, groups.parent)[chosen]
    verdicts = verifier.settle(found.verdicts, counted)
    return replace(found, verdicts=verdicts).take(_worth_keeping(verdicts, verifier.params))


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


def _inside(verdicts: Verdicts, params: Params) -> NDArray[np.bool_]:
    return np.asarray(verdicts.accepted & (verdicts.jaccard < params.alike_jaccard))


def _worth_keeping(verdicts: Verdicts, params: Params) -> NDArray[np.bool_]:
    near = (verdicts.jaccard >= params.keep_jaccard) | (verdicts.containment >= params.keep_containment)
    return np.asarray(verdicts.accepted | (near & (verdicts.rule != FLOOR)))


def _unite(parent: NDArray[np.int64], verdicts: Verdicts) -> None:
    kernel.unite_all(parent, verdicts.pairs[:, 0], verdicts.pairs[:, 1])


def _direct(verdicts: Verdicts, digests: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Guest and host of containment pairs; of texts that hold as much of each other their digests decide."""
    a, b = verdicts.pairs[:, 0], verdicts.pairs[:, 1]
    ab, ba = verdicts.containment_ab, verdicts.containment_ba
    a_inside = (ab > ba) | ((ab == ba) & (digests[a] < digests[b]))
    return np.where(a_inside, a, b), np.where(a_inside, b, a)


class _Bridges:
    """Joins groups over containment pairs, or refuses to."""

    def __init__(
        self,
        verifier: Verifier,
        found: _Found,
        parent: NDArray[np.int64],
        same_text: NDArray[np.int64],
        digests: NDArray[np.uint64],
    ) -> None:
        self.verifier, self.words, self.params = verifier, verifier.articles.words, verifier.params
        self.lengths = self.words.lengths
        self.parent, self.same_text = parent, same_text
        order = np.lexsort((found.verdicts.pairs[:, 1], found.verdicts.pairs[:, 0]))
        self.found, self.verdicts, self.order = found, found.verdicts.take(order), order
        self.refused_as = np.full(len(order), "", object)
        self.roots = kernel.roots(parent).copy()
        inside = np.flatnonzero(_inside(self.verdicts, self.params))
        guests, hosts = _direct(self.verdicts.take(inside), digests)
        still_open = self.roots[guests] != self.roots[hosts]
        self.inside, self.guests, self.hosts = inside[still_open], guests[still_open], hosts[still_open]
        # for each root the longest text of its group, of equally long ones that with the least digest
        self.digests, self.longest = digests, np.empty_like(self.roots)
        kernel.longest_members(self.roots, self.lengths, digests, same_text, self.longest)
        # of pairs of texts, whether they are copies, or so much of the shorter lies in the other
        self.held = dict.fromkeys(map(tuple, self.verdicts.pairs[inside].tolist()), True)

    def join(self) -> None:
        """The hosts with most copies first."""
        self._refuse_digests()
        first = np.stack([self._longest_of(self.guests), self._longest_of(self.hosts)], axis=1)
        self._hold(np.unique(np.sort(first, axis=1), axis=0).tolist())
        copies = np.bincount(self.roots, minlength=len(self.roots))[self.roots[self.hosts]]
        for row in np.lexsort(
            (self.hosts, self.guests, -self.verdicts.jaccard[self.inside], -copies)
        ).tolist():
            if not self.refused_as[self.inside[row]]:
                self._join(row)

    def _join(self, row: int) -> None:
        x = int(kernel.find(self.parent, self.guests[row]))
        y = int(kernel.find(self.parent, self.hosts[row]))
        if x == y:
            return
        a, b = sorted((int(self.longest[x]), int(self.longest[y])))
        self._hold([[a, b]])
        if a != b and not self.held[a, b]:
            self.refused_as[self.inside[row]] = WEAK_BRIDGE
            return
        low, high = min(x, y), max(x, y)
        self.parent[high] = low
        self.longest[low] = max((a, b), key=lambda text: (self.lengths[text], ~self.digests[text]))

    def _longest_of(self, docs: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.asarray(self.longest[self.roots[docs]], np.int64)

    def _hold(self, pairs: list[list[int]]) -> None:
        """Find out of pairs of texts whether they hold, unless that is known."""
        asked = [(a, b) for a, b in pairs if a != b and (a, b) not in self.held]
        if asked:
            verdicts = self.verifier.verify(np.array(asked))
            holds = verdicts.accepted | (verdicts.containment >= self.params.bridge_containment)
            self.held.update(zip(asked, holds.tolist(), strict=True))

    def _refuse_digests(self) -> None:
        """Refuse pairs whose host holds two guests in different places that are not copies of each other."""
        guest_groups = np.unique(np.stack([self.hosts, self.roots[self.guests]], axis=1), axis=0)
        hosts, groups = np.unique(guest_groups[:, 0], return_counts=True)
        many = np.flatnonzero(np.isin(self.hosts, hosts[groups > 1]))
        pairs = np.stack([self.hosts[many], self.guests[many]], axis=1)
        spans = np.empty((len(many), 2), np.int32)
        words, width = self.words, self.params.shingle_words
        overlap.spans_all(words.words, words.starts, words.ends, words.longest, pairs, width, spans)
        by_host: dict[int, list[int]] = {}
        for at, host in enumerate(pairs[:, 0].tolist()):
            by_host.setdefault(host, []).append(at)
        for rows in by_host.values():
            if self._is_digest(pairs[rows, 1], spans[rows]):
                self.refused_as[self.inside[many[rows]]] = DIGEST

    def _is_digest(self, guests: NDArray[np.int64], spans: NDArray[np.int32]) -> bool:
        apart = [
            (min(guest, other), max(guest, other))
            for i, (x, guest) in enumerate(zip(spans, guests.tolist(), strict=True))
            for y, other in zip(spans[:i], guests[:i].tolist(), strict=True)
            if self.roots[guest] != self.roots[other] and _apart(x, y)
        ]
        return bool(apart) and not self.verifier.verify(np.array(apart)).accepted.all()

    def clusters(self, labels: NDArray[np.int64]) -> Clusters:
        found = self.found
        by = found.found_by[self.order]
        return Clusters(
            labels, self.same_text, self.verdicts, by, self.refused_as, found.verified, found.capped
        )


def _apart(x: NDArray[np.int32], y: NDArray[np.int32]) -> bool:
    shorter = min(x[1] - x[0], y[1] - y[0]) + 1
    return bool(min(x[1], y[1]) - max(x[0], y[0]) + 1 < _OVERLAP * shorter)
