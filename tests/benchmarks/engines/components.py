"""Labels from the pairs that an index names: their connected components."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def components(n: int, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """int64[n] from int64[m, 2] of document numbers."""
    ones = np.ones(len(pairs), np.bool_)
    graph = coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    return connected_components(graph, directed=False)[1].astype(np.int64)
