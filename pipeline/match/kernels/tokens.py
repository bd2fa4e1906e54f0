"""UTF-8 bytes straight from Arrow's buffers to words: ASCII ones by two loads, others by their characters.

The hash of a word is a polynomial over its folded code points, whichever way it is read.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pipeline.match.kernels.bits import load_lane
from pipeline.match.kernels.scan import PADDING, classify, list_bounds, list_events

MULTIPLY = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio, as in Fibonacci hashing
FINISH = np.uint64(0xE7037ED1A0B428DB)
SEED = np.uint64(0xCBF29CE484222325)
# kinds of pipeline.match.normalise; numba takes module constants as compile-time ones
_SEPARATOR, _LETTER, _DIGIT, _ALONE, _IGNORED, _EXPANDS, _LINE_END = range(7)
_TABLE_SIZE = 0x20000
_ZERO, _ONE, _EIGHT = np.uint64(0), np.uint64(1), np.uint64(8)
_SIXTEEN, _HALF = np.uint64(16), np.uint64(32)
_FIRST, _PAST_NINE = np.uint8(2), np.uint8(ord("9") + 1)
_HASH = np.uint32(0xFFFFFFFC)
# the polynomial's base and its powers modulo 2^64: no two words of up to eight bytes share a value
_BASE, _BASE_2, _BASE_4, _BASE_8 = (np.uint64(pow(257, power, 1 << 64)) for power in (1, 2, 4, 8))
_BYTES, _PAIRS, _FOURS = (np.uint64(x) for x in (0x00FF00FF00FF00FF, 0x0000FFFF0000FFFF, 0xFFFFFFFF))
_LONG = 16  # letters that two lanes hold
# which bytes of the last lane of a word of that length, and of the lane before, are its own
_TAIL = np.array([0] + [(1 << 64) - (1 << 8 * max(8 - n, 0)) for n in range(1, _LONG + 1)], np.uint64)
_HEAD = np.array([0] * 9 + [(1 << 64) - (1 << 8 * (16 - n)) for n in range(9, _LONG + 1)], np.uint64)


@njit(cache=True, nogil=True, inline="always")
def stir(h, x):
    h = (h ^ x) * MULTIPLY
    return h ^ (h >> np.uint64(29))


@njit(cache=True, nogil=True, inline="always")
def _sum(lane):
    """The polynomial over the bytes of a lane, all below 128: by pairs, by fours, whole."""
    pairs = (lane & _BYTES) * _BASE + ((lane >> _EIGHT) & _BYTES)
    fours = (pairs & _PAIRS) * _BASE_2 + ((pairs >> _SIXTEEN) & _PAIRS)
    return (fours & _FOURS) * _BASE_4 + (fours >> _HALF)


@njit(cache=True, nogil=True, inline="always")
def _word(total, flags):
    h = stir(SEED, total) * FINISH
    return (np.uint32(h >> _HALF) & _HASH) | np.uint32(flags)


@njit(cache=True, nogil=True)
def _decode(data, i):
    """The code point at i and where the next one begins. The bytes are valid UTF-8, as Arrow's are."""
    b = np.int64(data[i])
    if b < 0x80:
        return b, i + 1
    second = np.int64(data[i + 1] & 0x3F)
    if b < 0xE0:
        return ((b & 0x1F) << 6) | second, i + 2
    third = np.int64(data[i + 2] & 0x3F)
    if b < 0xF0:
        return ((b & 0x0F) << 12) | (second << 6) | third, i + 3
    fourth = np.int64(data[i + 3] & 0x3F)
    return ((b & 0x07) << 18) | (second << 12) | (third << 6) | fourth, i + 4


@njit(cache=True, nogil=True)
def _read_characters(data, i, end, kinds, folded, expansions, opens, n, sums, flags):
    """The words of data[i:end], no byte of which is an ASCII separator but within a number: their sums and
    bits from place n on; where the next word goes, and whether it is the first of its line."""
    h = _ZERO
    inside = False
    number = np.uint8(0)
    pending = 0  # characters of an expansion still to come
    at = 0
    while i < end or pending > 0:
        if pending == 0:
            point, i = _decode(data, i)
            kind = _ALONE if point < 0x40000 else _SEPARATOR  # beyond the table: ideographs
            if point < _TABLE_SIZE:
                grouping = point < 0x80
                kind = np.int64(kinds[point])
                point = np.int64(folded[point])
                if kind == _EXPANDS:
                    pending = np.int64(expansions[point])
                    at = point + 1
                    continue
                if grouping and kind == _SEPARATOR:
                    continue
        else:
            kind = np.int64(expansions[at] >> np.uint32(24))
            point = np.int64(expansions[at] & np.uint32(0xFFFFFF))
            at += 1
            pending -= 1
        if kind == _IGNORED:
            continue
        if kind in (_LETTER, _DIGIT):
            number = number if inside else np.uint8(kind == _DIGIT)
            h = h * _BASE + np.uint64(point)
            inside = True
            sums[n] = h
            flags[n] = number | opens
            continue
        if inside:
            n += 1
            opens = np.uint8(0)
            inside = False
            h = _ZERO
        if kind == _ALONE:
            sums[n] = np.uint64(point)
            flags[n] = opens
            n += 1
            opens = np.uint8(0)
        elif kind == _LINE_END:
            opens = _FIRST
    return (n + 1, np.uint8(0)) if inside else (n, opens)


@njit(cache=True, nogil=True, inline="always")
def _ascii_sum(folded, start, end):
    """The polynomial over folded[start:end] without what is zero, the separators within a number."""
    h = _ZERO
    for k in range(start, end):
        if folded[k]:
            h = h * _BASE + np.uint64(folded[k])
    return h


@njit(cache=True, nogil=True)
def _room(size):
    """Lanes for a text of so many bytes, with padding, in whole bitmaps of 64 bytes."""
    return (size // 64 + 1) * 8


@njit(cache=True, nogil=True)
def _copy(data, start, size, lanes, text):
    """data[start:start + size] to the text behind the padding: by lanes, as byte by byte takes 1.3 us."""
    whole = size >> 3
    for j in range(whole):
        lanes[np.uint64(j) + _ONE] = load_lane(data, start + 8 * j)
    for k in range(8 * whole, size):
        text[k] = data[start + k]


@njit(cache=True, nogil=True)
def read_all(data, offsets, kinds, folded_points, expansions, words, ends):
    """The words of each text of an Arrow string column, one after the other; where each ends.

    A text goes through scratch memory that the first-level cache holds: its lanes, its bitmaps, the
    bounds of its words. Then each ASCII word takes two loads that end with it, and the hashes of all are
    made at once; branches that a word's length decides would each be mispredicted.
    """
    longest = 0
    for i in range(len(offsets) - 1):
        longest = max(longest, offsets[i + 1] - offsets[i])
    room = _room(longest)
    lanes, folded_lanes = np.zeros(room + 2, np.uint64), np.zeros(room + 2, np.uint64)
    text, padded = lanes.view(np.uint8)[PADDING:], folded_lanes.view(np.uint8)
    folded = padded[2 * PADDING :]  # a lane that ends with a short first word begins before the text
    inside, events = np.empty(room, np.uint8), np.empty(room, np.uint8)
    places, bounds = np.empty(longest + 1, np.int64), np.empty(longest + 66, np.int64)
    # two words a byte is what the worst expansion makes: one square katakana is six in three bytes
    most = 2 * longest + 2
    heads, tails, sums = np.empty(most, np.uint64), np.empty(most, np.uint64), np.empty(most, np.uint64)
    flags, looked = np.empty(most, np.uint8), np.empty(most, np.int64)
    used = 0
    for i in range(len(offsets) - 1):
        start, size = offsets[i], offsets[i + 1] - offsets[i]
        count = _room(size)
        _copy(data, start, size, lanes, text)
        text[size : 8 * count + 8] = 0
        classify(lanes, count, folded_lanes[2:], inside, events)
        list_events(events[:count].view(np.uint64), text, inside, places)
        many = list_bounds(inside[:count].view(np.uint64), bounds)
        n = 0
        slow = 0  # words whose sums were made a character at a time, at `looked`
        event = 0
        opens = _FIRST
        for b in range(0, many, 2):
            first, end = bounds[b], bounds[b + 1]
            plain = end - first <= _LONG
            high = False
            while places[event] < end:
                byte = text[places[event]]
                event += 1
                if byte < 14:
                    opens = _FIRST
                else:
                    plain = False
                    high |= byte >= 0x80
            if plain:
                tails[n] = load_lane(padded, end + 8) & _TAIL[end - first]
                heads[n] = load_lane(padded, end) & _HEAD[end - first]
            elif high:
                before = n
                n, opens = _read_characters(
                    text, first, end, kinds, folded_points, expansions, opens, n, sums, flags
                )
                for k in range(before, n):
                    looked[slow] = k
                    slow += 1
                continue
            else:
                sums[n] = _ascii_sum(folded, first, end)
                looked[slow] = n
                slow += 1
            flags[n] = opens | np.uint8(folded[first] < _PAST_NINE)
            opens = np.uint8(0)
            n += 1
        for k in range(n):
            words[used + k] = _word(_sum(heads[k]) * _BASE_8 + _sum(tails[k]), flags[k])
        for k in looked[:slow]:
            words[used + k] = _word(sums[k], flags[k])
        used += n
        ends[i] = used
    return used
