"""A person's word binds: clusters in which two documents that are not the same piece meet are taken apart.

Inside such a cluster everything is joined anew, the surest first: what a person said is the same, equal
texts, then accepted pairs by their score; what would bring two documents together that a person told apart is
left out, through whatever chain. Clusters that no such word touches stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.match.clusters import Clusters
from pipeline.match.kernels import groups as kernel

KEPT_APART = "kept_apart"


@dataclass(frozen=True, slots=True)
class Judged:
    """What was said of pairs of documents by number, the smaller first: `same` and `different` int64[k, 2].
    They do not contradict each other."""

    same: NDArray[np.int64]
    different: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.same) + len(self.different)

    def unknown(self, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
        """Of the pairs of which something was said those that are not among `pairs` (int64[m, 2]),
        ascending."""
        said = np.unique(np.concatenate([self.same, self.different]), axis=0)
        return said[~_among(said, pairs)]


def abide(clusters: Clusters, judged: Judged, digests: NDArray[np.uint64]) -> Clusters:
    """The clusters as the judgements want them; `digests` uint64[n] of the texts, which decide among
    equals."""
    parent = np.asarray(clusters.labels, np.int64).copy()
    kernel.unite_all(parent, judged.same[:, 0], judged.same[:, 1])
    labels = kernel.roots(parent)
    torn = np.unique(labels[judged.different[:, 0]][_meet(labels, judged.different)])
    within = np.isin(labels, torn)
    if len(torn):
        labels = labels.copy()
        labels[within] = _joined_anew(clusters, judged, digests, within)[within]
    pairs = clusters.verdicts.pairs
    said = np.select([_among(pairs, judged.same), _among(pairs, judged.different)], [1, -1], 0)
    cut = clusters.joined & ~_meet(labels, pairs)
    refused_as = np.where(cut, KEPT_APART, clusters.refused_as)
    return replace(clusters, labels=labels, refused_as=refused_as, said=said.astype(np.int8))


def _joined_anew(
    clusters: Clusters, judged: Judged, digests: NDArray[np.uint64], within: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """The documents of torn clusters (bool[n]) in new ones: the first document of each one's, int64[n]."""
    parent = np.arange(len(within))
    foes: dict[int, set[int]] = {}
    for a, b in judged.different[within[judged.different[:, 0]]].tolist():
        foes.setdefault(a, set()).add(b)
        foes.setdefault(b, set()).add(a)
    copies = np.flatnonzero(within & (clusters.same_text != np.arange(len(within))))
    equal = np.stack([clusters.same_text[copies], copies], axis=1)
    joined = np.flatnonzero(clusters.joined & within[clusters.verdicts.pairs[:, 0]])
    pairs = clusters.verdicts.pairs[joined]
    texts = np.sort(digests[pairs], axis=1)
    surest = np.lexsort((texts[:, 1], texts[:, 0], -clusters.verdicts.score[joined]))
    said = judged.same[within[judged.same[:, 0]]]
    for a, b in np.concatenate([said, equal, pairs[surest]]).tolist():
        _unite(parent, foes, a, b)
    return np.asarray(kernel.roots(parent), np.int64)


def _unite(parent: NDArray[np.int64], foes: dict[int, set[int]], a: int, b: int) -> None:
    """Join two groups unless one holds a foe of the other; `foes`: by a group's first document."""
    x, y = sorted((int(kernel.find(parent, a)), int(kernel.find(parent, b))))
    if x == y or any(int(kernel.find(parent, foe)) == y for foe in foes.get(x, ())):
        return
    kernel.unite(parent, x, y)
    if y in foes:
        foes[x] = foes.get(x, set()) | foes.pop(y)


def _meet(labels: NDArray[np.int64], pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which pairs lie in one cluster."""
    return np.asarray(labels[pairs[:, 0]] == labels[pairs[:, 1]], np.bool_)


def _among(pairs: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of the pairs (int64[m, 2]) are among others."""
    keys, known = (some[:, 0] << 32 | some[:, 1] for some in (pairs, others))
    return np.asarray(np.isin(keys, known), np.bool_)
