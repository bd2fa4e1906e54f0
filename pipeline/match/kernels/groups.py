"""Union-find over document numbers: the smaller root stays, so a group's root is its first member."""

from __future__ import annotations

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
