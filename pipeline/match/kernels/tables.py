"""Sets of 64-bit keys by open addressing: uint64[2^k], at least twice as large as what it holds. Zero is
free, and no key is zero.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pipeline.match.kernels.tokens import FINISH


@njit(cache=True, nogil=True, inline="always")
def key_place(table, key):
    """Where the key stands in the set, or would."""
    mask = np.uint64(len(table) - 1)
    at = ((key * FINISH) >> np.uint64(20)) & mask
    while table[at] != 0 and table[at] != key:
        at = (at + np.uint64(1)) & mask
    return at


@njit(cache=True, nogil=True)
def add(table, key):
    """Add a key to the set; false if it is there."""
    at = key_place(table, key)
    new = table[at] == 0
    table[at] = key
    return new


@njit(cache=True, nogil=True)
def add_all(table, keys):
    """Add keys to the set."""
    for i in range(len(keys)):
        add(table, keys[i])
