"""Open-addressing tables: of 32-bit hashes, cleared by a new tag at no cost, and sets of 64-bit keys.

An entry of the first is uint64: tag << 32 | hash. What carries another tag is free, so a table serves one
pair of texts after the other, and one load a probe tells what stands there. In a set (uint64[2^k], at
least twice as large as what it holds) zero is free, and no key is zero.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pipeline.match.kernels.tokens import FINISH

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
