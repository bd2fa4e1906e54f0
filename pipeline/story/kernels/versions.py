"""Which texts of a story are different versions of it, by the runs of shingles that the one has alone.

Only words that several independent copies carry (a confirmed shingle) can make a version. A replaced word
leaves a run of `width` shingles in each text; a paragraph that was taken out leaves the seam, a run of
`width` - 1, in the one and all of its words in the other; a cut copy, or one with a local paragraph, has no
confirmed run of its own.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pipeline.match.kernels.shingles import shingles_of
from pipeline.match.kernels.support import SEVERAL, owners_of, place_of

MOST = 64  # versions of a story: one bit each
# shingles: words follow on a difference if so many of both texts do; a phrase of it may return in a cut text
_FOLLOWED = 8
# of the fewest words that make a version so many make one if they stand at the end, where others cut
_ENDING = 5
_OTHER = 1 << 40  # words: a version that a text differs from is not its own if another is possible
_NONE = np.uint64(0)
_ONE = np.uint64(1)


@njit(cache=True, nogil=True)
def _runs(places, count, owners, held, bit, width):
    """What a text has alone: new words between or before shared ones, new words in all, whether a seam or
    more is among them.

    The text's shingles stand at places[:count] of the table; the other text has those whose `held` has `bit`.
    """
    inner = whole = run = shared = 0
    open_inner, open_seam = 0, False  # not yet followed by enough of what both have
    seam = False
    for i in range(count):
        at = places[i]
        if held[at] & bit:
            if run >= width - 1:
                open_seam = True
                open_inner += run - (width - 1)
            run = 0
            shared += 1
            if shared == _FOLLOWED:
                inner += open_inner
                seam |= open_seam
                open_inner, open_seam = 0, False
        else:
            shared = 0
            run = run + 1 if owners[at] == SEVERAL else 0
            whole += run >= width
    return inner, whole, seam


@njit(cache=True, nogil=True)
def _differ(a, b, least, a_held, b_held):
    """Whether two texts, by what each has alone, are different versions; `a_held`: several have a as is."""
    if a[0] and b[0]:  # words were replaced
        return True
    if a[1] >= _ENDING * least and b[1] >= _ENDING * least:
        return True
    # a paragraph was added or taken out: two desks that cut the same one by chance seldom cut no other
    return a[2] and b[2] and ((a[0] >= least and b_held) or (b[0] >= least and a_held))


@njit(cache=True, nogil=True)
def _locate(words, start, end, width, table, owners, hashes, places):
    """The places of a text's shingles in the table; how many."""
    count = shingles_of(words, start, end, width, hashes)
    for i in range(count):
        places[i] = place_of(table, owners, hashes[i])
    return count


@njit(cache=True, nogil=True)
def versions_all(words, starts, ends, longest, order, opens, holders, width, least, candidates):
    """The versions of each story, and which of them each text may be a copy of.

    Texts order[opens[g]:opens[g + 1]] are those of story g, those first that are to stand for versions;
    `holders` int32[n]: who has each text, SEVERAL for more than one. To candidates[t] (uint64[n]) a bit for
    each version that text t differs from least.
    """
    hashes, places = np.empty(longest + 1, np.uint32), np.empty(longest + 1, np.uint32)
    others, firsts = np.empty(longest + 1, np.uint32), np.empty(MOST, np.int64)
    for g in range(len(opens) - 1):
        texts = order[opens[g] : opens[g + 1]]
        table, owners = owners_of(words, starts, ends, texts, holders, width, hashes)
        versions = np.zeros(len(table), np.uint64)  # a bit for each version that has the shingle
        own = np.zeros(len(table), np.uint64)  # whether the text has it
        k = 0
        for founding in (True, False):
            if not founding and k == 1:
                candidates[texts] = _ONE
                break
            for t in texts:
                count = _locate(words, starts[t], ends[t], width, table, owners, hashes, places)
                own[places[:count]] = _ONE
                least_lack = np.int64(-1)
                known = False
                for v in range(k):
                    mine = _runs(places, count, owners, versions, _ONE << np.uint64(v), width)
                    if founding and mine[1] == 0 and not mine[2]:
                        known = True
                        break
                    first = firsts[v]
                    n = _locate(words, starts[first], ends[first], width, table, owners, hashes, others)
                    theirs = _runs(others, n, owners, own, _ONE, width)
                    held = holders[t] == SEVERAL, holders[first] == SEVERAL
                    other = _differ(mine, theirs, least, held[0], held[1])
                    if founding:
                        known = not other
                        if known:
                            break
                    else:
                        lack = mine[1] + theirs[0] + (_OTHER if other else 0)
                        if least_lack < 0 or lack < least_lack:
                            least_lack = lack
                            candidates[t] = _ONE << np.uint64(v)
                        elif lack == least_lack:
                            candidates[t] |= _ONE << np.uint64(v)
                own[places[:count]] = _NONE
                if founding and not known and k < MOST:
                    firsts[k] = t
                    versions[places[:count]] |= _ONE << np.uint64(k)
                    k += 1
