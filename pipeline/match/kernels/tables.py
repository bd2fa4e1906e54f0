"""Open-addressing tables of 32-bit hashes that are cleared by a new tag, at no cost.

An entry is uint64: tag << 32 | hash. What carries another tag is free, so a table serves one pair of
texts after the other, and one load a probe tells what stands there.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_SPREAD = np.uint32(0x9E3779B1)  # 2^32 / golden ratio: neighbouring hashes lie apart


@njit(cache=True, nogil=True, inline="always")
def tag_of(number):
    """The tag with that number, from 1 to 2^32 - 1."""
    return np.uint64(number) << np.uint64(32)


@njit(cache=True, nogil=True)
def shift_of(entries):
    """By how much a hash is shifted so as to point into a table of 2^(32 - shift) >= entries places."""
    shift = np.uint32(26)
    while shift > 0 and np.int64(1) << (32 - shift) < entries:
        shift -= np.uint32(1)
    return shift


@njit(cache=True, nogil=True, inline="always")
def place_of(table, tag, value, shift, mask):
    """Where value stands under the tag, or the free place where it belongs."""
    at = np.uint32(value * _SPREAD) >> shift
    wanted = tag | np.uint64(value)
    # "another value under this tag" as one comparison: half the words of a text are repeated, and a branch
    # on whether the value is there would be mispredicted as often
    while (table[at] ^ wanted) - np.uint64(1) < np.uint64(0xFFFFFFFF):
        at = (at + np.uint32(1)) & mask
    return at
