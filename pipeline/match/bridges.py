"""Groups that only a shorter text ties together are joined if they hold up themselves, or stay apart.

A teaser stands in its story and in a digest, and must not tie the two together: the longest texts of both
groups must be copies, or much of the shorter one lie in the other. A text that holds two others in
different places, which are not copies of each other, is a digest and holds neither as its copy.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.match.kernels import groups as kernel
from pipeline.match.verify import Verdicts, Verifier
from pipeline.params import Params

DIGEST, WEAK_BRIDGE = "digest", "weak_bridge"
# two guests lie in different places of their host if less than this share of the shorter overlaps
_OVERLAP = 0.2


def inside(verdicts: Verdicts, params: Params) -> NDArray[np.bool_]:
    return np.asarray(verdicts.accepted & (verdicts.jaccard < params.alike_jaccard))


def direct(verdicts: Verdicts, digests: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Guest and host of containment pairs; of texts that hold as much of each other their digests decide."""
    a, b = verdicts.pairs[:, 0], verdicts.pairs[:, 1]
    ab, ba = verdicts.containment_ab, verdicts.containment_ba
    a_inside = (ab > ba) | ((ab == ba) & (digests[a] < digests[b]))
    return np.where(a_inside, a, b), np.where(a_inside, b, a)


class Bridges:
    """Joins groups over containment pairs, or refuses to."""

    def __init__(
        self,
        verifier: Verifier,
        verdicts: Verdicts,
        parent: NDArray[np.int64],
        same_text: NDArray[np.int64],
        digests: NDArray[np.uint64],
    ) -> None:
        self.verifier, self.params = verifier, verifier.params
        self.lengths = verifier.articles.words.lengths
        self.parent, self.same_text = parent, same_text
        self.verdicts = verdicts
        self.refused_as = np.full(len(verdicts), "", object)
        self.roots = kernel.roots(parent).copy()
        rows = np.flatnonzero(inside(self.verdicts, self.params))
        guests, hosts = direct(self.verdicts.take(rows), digests)
        still_open = self.roots[guests] != self.roots[hosts]
        self.inside, self.guests, self.hosts = rows[still_open], guests[still_open], hosts[still_open]
        # for each root the longest text of its group, of equally long ones that with the least digest
        self.digests, self.longest = digests, np.empty_like(self.roots)
        kernel.longest_members(self.roots, self.lengths, digests, same_text, self.longest)
        # of pairs of texts, whether they are copies, or so much of the shorter lies in the other
        self.held = dict.fromkeys(map(tuple, self.verdicts.pairs[rows].tolist()), True)

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
        spans = self.verifier.spans(pairs)
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


def _apart(x: NDArray[np.int32], y: NDArray[np.int32]) -> bool:
    shorter = min(x[1] - x[0], y[1] - y[0]) + 1
    return bool(min(x[1], y[1]) - max(x[0], y[0]) + 1 < _OVERLAP * shorter)
