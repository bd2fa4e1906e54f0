"""What other outlets' copies of a story confirm of each one, shingle by shingle.

Memory goes with the different shingles of one story, not with its copies: ten thousand copies of a text
need the table of one.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pipeline.match.kernels.shared import SPREAD
from pipeline.match.kernels.shingles import shingles_of

FREE, SEVERAL = np.int32(-1), np.int32(-2)  # in place of an owner


@njit(cache=True, nogil=True)
def place_of(table, owners, value):
    """Where value stands in the open-addressing table, or the free place where it belongs."""
    mask = np.uint32(len(table) - 1)
    h = np.uint32(value * SPREAD)
    at = (h ^ (h >> np.uint32(15))) & mask
    while owners[at] != FREE and table[at] != value:
        at = (at + np.uint32(1)) & mask
    return at


@njit(cache=True, nogil=True)
def _doubled(table, owners):
    """The same entries in a table of twice the size."""
    larger = np.empty(2 * len(table), np.uint32)
    kept = np.full(2 * len(table), FREE)
    for i in range(len(table)):
        if owners[i] != FREE:
            at = place_of(larger, kept, table[i])
            larger[at] = table[i]
            kept[at] = owners[i]
    return larger, kept


@njit(cache=True, nogil=True)
def owners_of(words, starts, ends, docs, outlets, width, hashes):
    """A table of the shingles of `docs`, and for each the outlet (int32) that has it, or SEVERAL."""
    table = np.empty(2048, np.uint32)
    owners = np.full(2048, FREE)
    used = 0
    for d in docs:
        for i in range(shingles_of(words, starts[d], ends[d], width, hashes)):
            at = place_of(table, owners, hashes[i])
            if owners[at] == FREE:
                table[at] = hashes[i]
                owners[at] = outlets[d]
                used += 1
                if 2 * used > len(table):
                    table, owners = _doubled(table, owners)
            elif owners[at] != outlets[d]:
                owners[at] = SEVERAL
    return table, owners


@njit(cache=True, nogil=True)
def support_all(words, starts, ends, longest, order, opens, outlets, width, sizes, out):
    """Different shingles of each document (int64[n]), and the share of them that another outlet's document
    of its group has too (float64[n]).

    Documents order[opens[g]:opens[g + 1]] form group g; `outlets` int32[n] from 0; `longest` is the most
    words of any document.
    """
    hashes = np.empty(longest + 1, np.uint32)
    for g in range(len(opens) - 1):
        docs = order[opens[g] : opens[g + 1]]
        table, owners = owners_of(words, starts, ends, docs, outlets, width, hashes)
        counted = np.full(len(table), np.int64(-1))  # the last document that counted the shingle
        for d in docs:
            confirmed = 0
            for i in range(shingles_of(words, starts[d], ends[d], width, hashes)):
                at = place_of(table, owners, hashes[i])
                if counted[at] != d:
                    counted[at] = d
                    sizes[d] += 1
                    confirmed += owners[at] == SEVERAL
            out[d] = confirmed / sizes[d] if sizes[d] else 0.0
