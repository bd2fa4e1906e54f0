"""What each copy did to its version, line by line, and how far its headline is from the version's."""

from __future__ import annotations

import numpy as np
from numba import njit

from pipeline.match.kernels.shared import SHARED, compare, mark_hits, table_for
from pipeline.match.kernels.shingles import shingles_of
from pipeline.match.kernels.support import SEVERAL, owners_of, place_of

_TEXT = np.uint32(0xFFFFFFFD)  # all bits of a word but LINE
KEPT, GONE, LOCAL = np.uint8(0), np.uint8(1), np.uint8(2)
# a line of which less than this share of the shingles is in the other text is not in it
_SAME = 0.5


@njit(cache=True, nogil=True)
def _occurs(words, start, end, first, last):
    """Whether words[start:end] stand together in words[first:last]."""
    size = end - start
    for i in range(first, last - size + 1):
        k = 0
        while k < size and (words[i + k] ^ words[start + k]) & _TEXT == 0:
            k += 1
        if k == size:
            return True
    return False


@njit(cache=True, nogil=True)
def _lines_in(words, starts, ends, a, b, first, last, found, width, out):
    """To out[i] KEPT or GONE for each line a + i of a text, as words[first:last], the other text, has it.

    `found`: whether each of the text's shingles, in order, is in the other.
    """
    for line in range(a, b):
        begin, size = starts[line] - starts[a], ends[line] - starts[line]
        out[line - a] = KEPT
        if size >= width:
            shared = 0
            for i in range(begin, begin + size - width + 1):
                shared += found[i] & SHARED
            if shared < _SAME * (size - width + 1):
                out[line - a] = GONE
        elif size and not _occurs(words, starts[line], ends[line], first, last):
            out[line - a] = GONE


@njit(cache=True, nogil=True)
def edits_all(words, starts, ends, opens, longest, to, width, figures, added, omitted_opens, omitted):
    """Each of n texts against another, text to[d].

    Text d is the lines opens[d]:opens[d + 1], words[starts[l]:ends[l]] each, one after the other. To
    figures[d] (int64[n, 3]) the different shingles of the text, of the other, and of both; to added[l]
    (uint8) GONE for a line that the other lacks; to omitted[omitted_opens[d] + i] for line i of the other.
    """
    table = table_for(longest + 1)
    hashes, found = np.empty(longest + 1, np.uint32), np.empty(longest + 1, np.uint8)
    for d in range(len(to)):
        a, b, c, e = opens[d], opens[d + 1], opens[to[d]], opens[to[d] + 1]
        first, last, begin, end = starts[a], ends[b - 1], starts[c], ends[e - 1]
        count = shingles_of(words, begin, end, width, table.values)
        own = shingles_of(words, first, last, width, hashes)
        other, mine, both = compare(table, count, hashes, own, found)
        figures[d, 0], figures[d, 1], figures[d, 2] = mine, other, both
        if mine == both and other == both and own == count:
            continue  # the same text, or so near that no line is gone
        _lines_in(words, starts, ends, a, b, begin, end, found, width, added[a:b])
        mark_hits(table, count, found)
        _lines_in(words, starts, ends, c, e, first, last, found, width, omitted[omitted_opens[d] :])


@njit(cache=True, nogil=True)
def local_all(words, starts, ends, opens, longest, order, groups, holders, width, added):
    """Mark LOCAL those of the added lines that no other owner's text has.

    Texts order[groups[g]:groups[g + 1]] are of one story; `holders` int32[n]: whose each is, or SEVERAL.
    """
    hashes = np.empty(longest + 1, np.uint32)
    firsts, lasts = np.empty(len(holders), np.int64), np.empty(len(holders), np.int64)
    for d in range(len(holders)):
        firsts[d], lasts[d] = starts[opens[d]], ends[opens[d + 1] - 1]
    for g in range(len(groups) - 1):
        texts = order[groups[g] : groups[g + 1]]
        asked = False
        for d in texts:
            asked |= added[opens[d] : opens[d + 1]].any()
        if not asked:
            continue
        table, owners = owners_of(words, firsts, lasts, texts, holders, width, hashes)
        for d in texts:
            for line in range(opens[d], opens[d + 1]):
                if added[line] == GONE and ends[line] - starts[line] >= width:
                    count = shingles_of(words, starts[line], ends[line], width, hashes)
                    several = 0
                    for i in range(count):
                        several += owners[place_of(table, owners, hashes[i])] == SEVERAL
                    if several < _SAME * count:
                        added[line] = LOCAL


@njit(cache=True, nogil=True)
def distances(words, starts, ends, to, out):
    """To out[d] (float64[n]) the word edits that make headline to[d] of headline d, as a share of the words
    of the longer one."""
    longest = 1
    for d in range(len(to)):
        longest = max(longest, ends[d] - starts[d])
    row = np.empty(longest + 1, np.int64)
    for d in range(len(to)):
        a, b = words[starts[d] : ends[d]], words[starts[to[d]] : ends[to[d]]]
        for j in range(len(b) + 1):
            row[j] = j
        for i in range(len(a)):
            corner, row[0] = row[0], i + 1
            for j in range(len(b)):
                same = (a[i] ^ b[j]) & _TEXT == 0
                best = min(row[j + 1] + 1, row[j] + 1, corner + (0 if same else 1))
                corner, row[j + 1] = row[j + 1], best
        out[d] = row[len(b)] / max(len(a), len(b), 1)
