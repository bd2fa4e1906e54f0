"""Scorecards evaluated: one curve a figure, each a table of steps, added up."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def weights_all(figures, opens, edges, values, out):
    """out[p, f] (float32) = the weight that figures[p, f] (float32[m, k]) has.

    The steps of figure f are edges[opens[f]:opens[f + 1]], ascending; a figure of at most the first edge
    has the first of the values values[opens[f] + f:opens[f + 1] + f + 1].
    """
    for p in range(len(figures)):
        for f in range(len(opens) - 1):
            low, high = opens[f], opens[f + 1]
            while low < high:
                middle = (low + high) // 2
                if figures[p, f] <= edges[middle]:
                    high = middle
                else:
                    low = middle + 1
            out[p, f] = values[low + f]


@njit(cache=True, nogil=True)
def weight_bounds(most, edges, values, lowest, highest):
    """The least and greatest weight of a figure of which is known only that it lies in 0..most[p]."""
    for p in range(len(most)):
        lowest[p] = np.inf
        highest[p] = -np.inf
        for step in range(len(values)):
            reached = step == 0 or most[p] > edges[step - 1]
            passed = step < len(edges) and edges[step] < 0.0
            if reached and not passed:
                lowest[p] = min(lowest[p], values[step])
                highest[p] = max(highest[p], values[step])
