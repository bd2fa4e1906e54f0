"""Clusters from accepted pairs only, in a way that does not chain.

Pairs that are alike (Jaccard) join freely. A pair in which one text only lies inside the other joins
two groups only if the longest texts of both groups hold up as a pair themselves: a teaser stands in
its story and in a digest, and must not tie the two together. A text that holds two others in
different places, which are not copies of each other, is a digest and holds neither as its copy.
The result does not depend on the order of documents but for the numbering.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.match import kernel
from pipeline.match.sign import Shingled
from pipeline.match.verify import CONTAINMENT, JACCARD, Verdicts
from pipeline.params import Params

DIGEST, WEAK_BRIDGE = "digest", "weak_bridge"
# two guests lie in different places of their host if less than this share of the shorter overlaps
_OVERLAP = 0.2


@dataclass(frozen=True, slots=True)
class Clusters:
    """`labels` int64[n]: the number of each document's cluster, which is its first document's.

    `refused_as`: for each pair, why an accepted verdict still joined nothing, or "".
    """

    labels: NDArray[np.int64]
    refused_as: list[str]


def cluster(docs: Shingled, same_text: NDArray[np.int64], verdicts: Verdicts, params: Params) -> Clusters:
    """Cluster n documents; `same_text` int64[n] is the first document with the same text."""
    n = len(docs)
    parent = np.arange(n)
    kernel.unite_all(parent, np.arange(n), same_text)
    alike = verdicts.rule == JACCARD
    kernel.unite_all(parent, verdicts.pairs[alike, 0], verdicts.pairs[alike, 1])
    refused_as = [""] * len(verdicts.pairs)
    inside = np.flatnonzero(verdicts.rule == CONTAINMENT)
    guests, hosts, spans = _direct(verdicts, inside)
    for row in _in_digests(verdicts, guests, hosts, spans):
        refused_as[inside[row]] = DIGEST
    held_up = verdicts.accepted | (verdicts.containment >= params.bridge_containment)
    held_up &= np.array(refused_as) != DIGEST
    bridges = {(int(a), int(b)) for a, b in verdicts.pairs[held_up]}
    _join_inside(docs, same_text, parent, verdicts, inside, guests, hosts, bridges, refused_as)
    labels = np.array([kernel.find(parent, i) for i in range(n)], np.int64)
    return Clusters(labels, refused_as)


def _direct(
    verdicts: Verdicts, rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
    """Guest, host and the guest's span in the host (int32[k, 2]) of containment pairs."""
    a_inside = verdicts.containment_ab[rows] >= verdicts.containment_ba[rows]
    pairs, spans = verdicts.pairs[rows], verdicts.spans[rows]
    guests = np.where(a_inside, pairs[:, 0], pairs[:, 1])
    hosts = np.where(a_inside, pairs[:, 1], pairs[:, 0])
    return guests, hosts, np.where(a_inside[:, None], spans[:, 2:], spans[:, :2])


def _in_digests(
    verdicts: Verdicts, guests: NDArray[np.int64], hosts: NDArray[np.int64], spans: NDArray[np.int32]
) -> list[int]:
    """Rows whose host holds two guests in different places that are not copies of each other."""
    accepted = {(int(a), int(b)) for a, b in verdicts.pairs[verdicts.accepted]}
    by_host: dict[int, list[int]] = {}
    for row, host in enumerate(hosts.tolist()):
        by_host.setdefault(host, []).append(row)
    found: list[int] = []
    for rows in by_host.values():
        if any(
            _apart(spans[x], spans[y])
            and (min(guests[x], guests[y]), max(guests[x], guests[y])) not in accepted
            for i, x in enumerate(rows)
            for y in rows[:i]
        ):
            found += rows
    return found


def _apart(x: NDArray[np.int32], y: NDArray[np.int32]) -> bool:
    shorter = min(x[1] - x[0], y[1] - y[0]) + 1
    return bool(min(x[1], y[1]) - max(x[0], y[0]) + 1 < _OVERLAP * shorter)


def _join_inside(
    docs: Shingled,
    same_text: NDArray[np.int64],
    parent: NDArray[np.int64],
    verdicts: Verdicts,
    inside: NDArray[np.int64],
    guests: NDArray[np.int64],
    hosts: NDArray[np.int64],
    bridges: set[tuple[int, int]],
    refused_as: list[str],
) -> None:
    """Join groups over containment pairs, the hosts with most copies first, where the pair of their
    longest texts is among `bridges`."""
    sizes = docs.sizes
    roots = [kernel.find(parent, i) for i in range(len(parent))]
    members = np.bincount(roots, minlength=len(parent))
    longest: dict[int, int] = {}
    for i, root in enumerate(roots):
        if root not in longest or sizes[i] > sizes[longest[root]]:
            longest[root] = i
    copies = members[np.array(roots, np.int64)[hosts]] if len(hosts) else hosts
    for row in np.lexsort((hosts, guests, -verdicts.jaccard[inside], -copies)).tolist():
        if refused_as[inside[row]]:
            continue
        x, y = kernel.find(parent, guests[row]), kernel.find(parent, hosts[row])
        if x == y:
            continue
        a, b = (int(same_text[longest[root]]) for root in (x, y))
        if a != b and (min(a, b), max(a, b)) not in bridges:
            refused_as[inside[row]] = WEAK_BRIDGE
            continue
        low, high = min(x, y), max(x, y)
        parent[high] = low
        longest[low] = max(longest[x], longest[y], key=lambda i: (sizes[i], -i))
