"""Union-find over document numbers: the smaller root stays, so a group's root is its first member."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def find(parent, x):
    """The root of x, halving the path on the way."""
    while parent[x] != x:
        parent[x] = parent[parent[x]]
        x = parent[x]
    return x


@njit(cache=True, nogil=True)
def unite(parent, x, y):
    """Join the groups of x and y."""
    x = find(parent, x)
    y = find(parent, y)
    if x < y:
        parent[y] = x
    elif y < x:
        parent[x] = y


@njit(cache=True, nogil=True)
def unite_all(parent, a, b):
    """Join a[i] with b[i] for all i."""
    for i in range(len(a)):
        unite(parent, a[i], b[i])


@njit(cache=True, nogil=True)
def roots(parent):
    """The root of each document, int64[n]; paths are shortened for good."""
    for i in range(len(parent)):
        parent[i] = find(parent, i)
    return parent


@njit(cache=True, nogil=True)
def longest_members(roots, lengths, digests, texts, out):
    """To out[r] (int64[n]), for each root r, the text of its group's longest document, of equally long ones
    that with the least digest; for other documents their own number."""
    out[:] = np.arange(len(out))
    held = np.full(len(out), -1)
    for d in range(len(roots)):
        root = roots[d]
        if lengths[d] > held[root] or (lengths[d] == held[root] and digests[d] < digests[out[root]]):
            held[root] = lengths[d]
            out[root] = texts[d]
