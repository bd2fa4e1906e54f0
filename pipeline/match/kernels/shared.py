"""Which values two texts share, exactly, and in which runs: copies agree over long stretches, so a value is
looked for behind the last one that was found before it is looked up.
"""

from __future__ import annotations

from collections import namedtuple

import numpy as np
from numba import njit

from pipeline.match.kernels.scan import list_bounds, pack_flags

SHARED, FIRST = np.uint8(1), np.uint8(2)  # in both texts; and for the first time in this one
SPREAD = np.uint32(0x9E3779B1)  # 2^32 / golden ratio: neighbouring hashes lie apart
_NONE = np.int32(-1)

# A chained hash table over values[:count] (uint32): `heads` (int32) the last place for each hash,
# `following` (int32) the place before it, `firsts` (int32) where the same value stood first, and
# `hits` (uint8) for a value's first place whether the other text has it.
Table = namedtuple("Table", "values heads following firsts hits")

# Stretches of a text: `flags` (uint8) for each place, `bits` to pack them, and `bounds` (int64) where the
# stretches begin and end, in turns.
Stretches = namedtuple("Stretches", "flags bits bounds")


@njit(cache=True, nogil=True)
def table_for(longest):
    """A table for two texts of at most so many values."""
    places = np.int64(1) << (32 - shift_of(longest))
    return Table(
        np.empty(2 * longest + 2, np.uint32),
        np.empty(places, np.int32),
        np.empty(2 * longest + 2, np.int32),
        np.empty(longest + 1, np.int32),
        np.empty(longest + 1, np.uint8),
    )


@njit(cache=True, nogil=True)
def stretches_for(longest):
    """Room for the stretches of a text of at most so many values."""
    room = 64 * (longest // 64 + 1)
    return Stretches(
        np.empty(room, np.uint8), np.empty(room // 8, np.uint8), np.empty(longest + 66, np.int64)
    )


@njit(cache=True, nogil=True)
def shift_to(places):
    """By how much a hash is shifted to point to one of so many places, or of the next power of two; of at
    least 64."""
    shift = np.uint32(26)
    while shift > 0 and np.int64(1) << (32 - shift) < places:
        shift -= np.uint32(1)
    return shift


@njit(cache=True, nogil=True, inline="always")
def shift_of(count):
    """The same for eight times as many places as values: most are alone."""
    return shift_to(8 * count)


@njit(cache=True, nogil=True, inline="always")
def _place(value, shift):
    return np.uint32(value * SPREAD) >> shift


@njit(cache=True, nogil=True)
def _fill(table, count, shift):
    """Enter values[:count]; how many are different."""
    table.heads[: np.int64(1) << (32 - shift)] = _NONE
    different = 0
    for i in range(np.uint32(count)):
        value = table.values[i]
        at = _place(value, shift)
        place = table.heads[at]
        table.following[i] = place
        table.heads[at] = i
        while place >= 0 and table.values[np.uint32(place)] != value:
            place = table.following[np.uint32(place)]
        table.firsts[i] = i if place < 0 else table.firsts[place]
        table.hits[i] = 0
        different += place < 0
    return different


@njit(cache=True, nogil=True)
def compare(table, count, own, count_own, found):
    """Compare own[:count_own] (uint32) with the table's values[:count]: different values of the table, of the
    text, and in both. To `found` (uint8) for each place of the text SHARED and FIRST.

    What the table lacks is entered behind its values, so that it is counted once.
    """
    shift = shift_of(max(count, 1))
    different = _fill(table, count, shift)
    end = np.int64(count)  # of what was entered
    only = 0
    both = 0
    place = end
    for i in range(np.uint32(count_own)):
        value = own[i]
        place += 1
        if place >= count or table.values[np.uint32(place)] != value:
            at = _place(value, shift)
            place = np.int64(table.heads[at])
            while place >= 0 and table.values[np.uint32(place)] != value:
                place = np.int64(table.following[np.uint32(place)])
            if place < 0 or place >= count:
                found[i] = 0
                if place < 0:
                    table.values[np.uint32(end)] = value
                    table.following[np.uint32(end)] = table.heads[at]
                    table.heads[at] = end
                    end += 1
                    only += 1
                place = np.int64(count)
                continue
        first = np.uint32(table.firsts[np.uint32(place)])
        new = table.hits[first] ^ np.uint8(1)
        table.hits[first] = 1
        both += new
        found[i] = SHARED | (new << np.uint8(1))
    return different, both + only, both


@njit(cache=True, nogil=True)
def mark_hits(table, count, found):
    """For each place of the table whether the other text has its value (SHARED)."""
    for i in range(np.uint32(count)):
        found[i] = table.hits[np.uint32(table.firsts[i])]


@njit(cache=True, nogil=True)
def runs_of(stretches, count):
    """The runs of SHARED places among flags[:count] to `bounds`; how many bounds, two a run."""
    lanes = 8 * (count // 64 + 1)
    stretches.flags[count : 8 * lanes] = 0
    pack_flags(stretches.flags.view(np.uint64), lanes, stretches.bits)
    return list_bounds(stretches.bits[:lanes].view(np.uint64), stretches.bounds)


@njit(cache=True, nogil=True)
def within(bounds, many, start, end):
    """Places of start:end that lie in stretches."""
    n = np.int64(0)
    for b in range(0, many, 2):
        n += max(min(bounds[b + 1], end) - max(bounds[b], start), 0)
    return n


@njit(cache=True, nogil=True)
def cover(bounds, many, width, length):
    """Make of runs of shared n-grams the stretches of words, of `length`, that they cover: how many bounds
    are left, and how many words lie in them."""
    left = 0
    covered = np.int64(0)
    for b in range(0, many, 2):
        start, end = bounds[b], min(bounds[b + 1] + width - 1, length)
        if left and start <= bounds[left - 1]:
            covered += end - bounds[left - 1]
            bounds[left - 1] = end
        else:
            covered += end - start
            bounds[left] = start
            bounds[left + 1] = end
            left += 2
    return left, covered
