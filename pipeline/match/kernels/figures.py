"""The figures of a pair: how much two texts share, where it lies, and what is left over on both sides."""

from __future__ import annotations

import numpy as np
from numba import njit

from pipeline.match.kernels.shingles import shingles_of
from pipeline.match.kernels.tables import place_of, shift_of, tag_of

_OPENING, _LEAD = 25, 60  # shingles
_GAP = 4  # words; a template with new numbers has nearly no other gaps
_HASH = np.uint32(0xFFFFFFFC)
_NUMBER = np.uint32(1)
# of an entry in the table: who has it, and two marks
_LARGER, _SMALLER, _BOTH, _WHOSE = np.uint8(0), np.uint8(1), np.uint8(2), np.uint8(3)
_COUNTED, _LOOSE = np.uint8(4), np.uint8(8)


@njit(cache=True, nogil=True)
def _compare(one, count_one, other, count_other, tag, shift, table, states, slots_one, slots_other):
    """Different values of one[:count_one], of other[:count_other], and in both; each value's place."""
    mask = np.uint32(len(table) - 1)
    sizes = 0
    for i in range(count_other):
        at = place_of(table, tag, other[i], shift, mask)
        slots_other[i] = at
        sizes += table[at] != tag | np.uint64(other[i])
        table[at] = tag | np.uint64(other[i])
        states[at] = _LARGER
    size = 0
    both = 0
    for i in range(count_one):
        at = place_of(table, tag, one[i], shift, mask)
        slots_one[i] = at
        new = table[at] != tag | np.uint64(one[i])
        state = _SMALLER if new else states[at]
        found = state == _LARGER
        table[at] = tag | np.uint64(one[i])
        states[at] = _BOTH if found else state
        size += new | found
        both += found
    return size, sizes, both


@njit(cache=True, nogil=True)
def _mark(slots, states, count, shared):
    """shared[i]: 1 if value i is in both; 0 otherwise."""
    for i in range(count):
        shared[i] = states[slots[i]] == _BOTH


@njit(cache=True, nogil=True)
def _share(shared, start, end):
    n = 0
    for i in range(start, end):
        n += shared[i]
    return n / max(end - start, 1)


@njit(cache=True, nogil=True)
def _longest_run(shared, count):
    longest = 0
    run = 0
    for i in range(count):
        run = (run + 1) * shared[i]
        longest = max(longest, run)
    return longest


@njit(cache=True, nogil=True)
def _spread(shared, count):
    """From the first to the last shared shingle, as a share of all. One at least is shared."""
    first = 0
    while not shared[first]:
        first += 1
    last = count - 1
    while not shared[last]:
        last -= 1
    return (last - first + 1) / count


@njit(cache=True, nogil=True)
def _cover(shared, count, width, length, covered):
    """covered[k]: 1 if word k lies in a shared shingle; how many do."""
    n = 0
    left = 0  # words still covered by the last shared shingle
    for k in range(length):
        left = max(left - 1, width * shared[k] if k < count else 0)
        covered[k] = left > 0
        n += left > 0
    return n


@njit(cache=True, nogil=True)
def _number_gaps(words, start, covered, length):
    """Gaps of one to four words between covered ones that hold a number."""
    gaps = 0
    opens = -1  # where a gap after a covered word opened
    number = False
    for k in range(length):
        if covered[k]:
            gaps += opens >= 0 and number and k - opens <= _GAP
            opens = k + 1
            number = False
        else:
            number |= words[start + k] & _NUMBER != 0
    return gaps


@njit(cache=True, nogil=True)
def _numbers(words, start, length, slots, states):
    """Different numbers of a text, and how many of them are shared."""
    numbers = 0
    shared = 0
    for k in range(length):
        if words[start + k] & _NUMBER:
            state = states[slots[k]]
            if not state & _COUNTED:
                states[slots[k]] = state | _COUNTED
                numbers += 1
                shared += state & _WHOSE == _BOTH
    return numbers, shared


@njit(cache=True, nogil=True)
def _rewritten(slots_one, covered_one, length_one, slots_other, covered_other, length_other, states):
    """Of the smaller text's words outside shared shingles, the share that the larger has outside them too:
    a rewritten version says the same in other sentences."""
    for k in range(length_other):
        if not covered_other[k]:
            states[slots_other[k]] |= _LOOSE
    n = 0
    found = 0
    for k in range(length_one):
        if not covered_one[k]:
            n += 1
            found += (states[slots_one[k]] & _LOOSE) != 0
    return found / n if n else 1.0


@njit(cache=True, nogil=True)
def _hashes(words, start, end, out):
    for k in range(end - start):
        out[k] = words[start + k] & _HASH
    return end - start


@njit(cache=True, nogil=True)
def _is_larger(words, starts, ends, a, b):
    """Whether a has more words than b; among equals the first other word decides, not the numbering."""
    length = ends[a] - starts[a]
    if length != ends[b] - starts[b]:
        return length > ends[b] - starts[b]
    for k in range(length):
        if words[starts[a] + k] != words[starts[b] + k]:
            return words[starts[a] + k] > words[starts[b] + k]
    return False


@njit(cache=True, nogil=True)
def figures_all(
    words, starts, ends, heads, head_starts, head_ends, urls, pairs, width, floor, longest, sizes, out
):
    """The figures of the pairs int64[m, 2] in the order of pipeline.match.figures.FIGURES, float32[m, k]; and
    to `sizes` int64[m, 3] the shingles of the first, of the second and of both. `urls` int64[n]: equal for
    equal addresses, -1 for none. `longest`: the most words of a text or headline.

    Of a pair that shares fewer shingles than `floor` nothing further is worked out.
    """
    room = longest + 1
    capacity = 64
    while capacity < 8 * room:
        capacity *= 2
    tables, states = np.zeros(capacity, np.uint64), np.zeros(capacity, np.uint8)
    one, other = np.empty(room, np.uint32), np.empty(room, np.uint32)
    slots_one, slots_other = np.empty(room, np.uint32), np.empty(room, np.uint32)
    shared_one, shared_other = np.empty(room, np.uint8), np.empty(room, np.uint8)
    covered_one, covered_other = np.empty(room, np.uint8), np.empty(room, np.uint8)
    for p in range(len(pairs)):
        s, g = pairs[p, 0], pairs[p, 1]
        swapped = _is_larger(words, starts, ends, s, g)
        if swapped:
            s, g = g, s
        length_s, length_g = ends[s] - starts[s], ends[g] - starts[g]
        # only as much of the table as the pair fills twice over: the first-level cache holds it
        shift = shift_of(4 * (length_s + length_g))
        table = tables[: np.int64(1) << (32 - shift)]
        count_s = shingles_of(words, starts[s], ends[s], width, one)
        count_g = shingles_of(words, starts[g], ends[g], width, other)
        size_s, size_g, both = _compare(
            one, count_s, other, count_g, tag_of(3 * p + 1), shift, table, states, slots_one, slots_other
        )
        sizes[p, 0] = size_g if swapped else size_s
        sizes[p, 1] = size_s if swapped else size_g
        sizes[p, 2] = both
        if both < floor:
            continue
        _mark(slots_one, states, count_s, shared_one)
        _mark(slots_other, states, count_g, shared_other)
        run = _longest_run(shared_one, count_s)
        row = out[p]
        row[0] = both / size_s
        row[1] = both / size_g
        row[2] = np.log2(both + 1.0)
        row[4] = _share(shared_one, 0, min(_OPENING, count_s))
        row[5] = _share(shared_one, 0, min(_LEAD, count_s))
        row[6] = _share(shared_one, max(count_s - _LEAD, 0), count_s)
        row[7] = _share(shared_other, 0, min(_LEAD, count_g))
        row[8] = np.log2(run + 1.0)
        row[9] = run / count_s
        row[10] = _spread(shared_one, count_s)
        row[11] = _spread(shared_other, count_g)
        _cover(shared_one, count_s, width, length_s, covered_one)
        row[12] = np.log2(length_g - _cover(shared_other, count_g, width, length_g, covered_other) + 1.0)
        row[13] = np.log2(length_s + 1.0)
        _hashes(words, starts[s], ends[s], one)
        _hashes(words, starts[g], ends[g], other)
        size_s, _, both = _compare(
            one, length_s, other, length_g, tag_of(3 * p + 2), shift, table, states, slots_one, slots_other
        )
        row[3] = both / size_s
        numbers, shared = _numbers(words, starts[s], length_s, slots_one, states)
        row[15] = shared / numbers if numbers else -1.0
        row[14] = _rewritten(slots_one, covered_one, length_s, slots_other, covered_other, length_g, states)
        row[16] = np.log2(_number_gaps(words, starts[s], covered_one, length_s) + 1.0)
        count_s = _hashes(heads, head_starts[s], head_ends[s], one)
        count_g = _hashes(heads, head_starts[g], head_ends[g], other)
        shift = shift_of(2 * (count_s + count_g))
        table = tables[: np.int64(1) << (32 - shift)]
        size_s, size_g, both = _compare(
            one, count_s, other, count_g, tag_of(3 * p + 3), shift, table, states, slots_one, slots_other
        )
        row[17] = both / min(size_s, size_g) if size_s and size_g else -1.0
        row[18] = urls[s] >= 0 and urls[s] == urls[g]
