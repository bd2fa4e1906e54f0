"""UTF-8 bytes straight from Arrow's buffers to words: one table look-up a character, no copy of the text."""

from __future__ import annotations

import numpy as np
from numba import njit

MULTIPLY = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio, as in Fibonacci hashing
FINISH = np.uint64(0xE7037ED1A0B428DB)
SEED = np.uint64(0xCBF29CE484222325)
# kinds of pipeline.match.normalise; numba takes module constants as compile-time ones
_SEPARATOR, _LETTER, _DIGIT, _ALONE, _IGNORED, _EXPANDS, _LINE_END = range(7)
_TABLE_SIZE = 0x20000
SPECIAL, NINE = np.uint64(128), np.uint64(58)
ZERO, ONE, EIGHT = np.uint64(0), np.uint64(1), np.uint64(8)


@njit(cache=True, nogil=True, inline="always")
def stir(h, x):
    h = (h ^ x) * MULTIPLY
    return h ^ (h >> np.uint64(29))


@njit(cache=True, nogil=True, inline="always")
def _digits_around(data, i, end):
    """Whether the byte before i - 1 and the one at i are digits."""
    return i < end and 48 <= data[i] <= 57 and 48 <= data[i - np.uint64(2)] <= 57


@njit(cache=True, nogil=True)
def _decode(data, i):
    """The code point at i and where the next one begins. The bytes are valid UTF-8, as Arrow's are."""
    b = np.int64(data[i])
    second = np.int64(data[i + ONE] & 0x3F)
    if b < 0xE0:
        return ((b & 0x1F) << 6) | second, i + np.uint64(2)
    third = np.int64(data[i + np.uint64(2)] & 0x3F)
    if b < 0xF0:
        return ((b & 0x0F) << 12) | (second << 6) | third, i + np.uint64(3)
    fourth = np.int64(data[i + np.uint64(3)] & 0x3F)
    return ((b & 0x07) << 18) | (second << 12) | (third << 6) | fourth, i + np.uint64(4)


@njit(cache=True, nogil=True)
def read_text(data, i, end, plain, kinds, folded, expansions, sums, flags):
    """The words of data[i:end]: a polynomial over each one's code points to `sums`, its two bits to
    `flags`; how many.

    `plain` uint8[256] is the folded byte of ASCII letters and digits, 0 for separators, SPECIAL for
    what needs more than a look. The short way has no branch that a word's end decides, since each of
    these is mispredicted: 640 a document were half of all time. So it writes at each character, and
    the next word takes the next place.
    """
    n = np.uint64(0)  # unsigned places: numba asks of signed ones whether they count from the end
    h = np.uint64(0)  # sum of point * 257^k modulo 2^64: no two words of up to eight bytes share one
    inside = np.uint64(0)  # 1 within a word
    number = np.uint64(0)
    opens = np.uint64(2)  # LINE while the next word is the first of its line
    pending = 0  # characters of an expansion still to come
    at = 0
    while i < end or pending > 0:
        if pending == 0:
            byte = np.uint64(plain[data[i]])
            if byte < SPECIAL:
                i += ONE
                letter = np.uint64(byte != ZERO)
                done = inside & (letter ^ ONE)
                n += done
                opens &= done - ONE
                number = (number & inside) | ((inside ^ ONE) & np.uint64(byte < NINE))
                h = ((h << EIGHT) + h + byte) & (ZERO - letter)
                inside = letter
                sums[n] = h
                flags[n] = np.uint8(number | opens)
                continue
            point = np.int64(data[i])
            if point < 0x80:
                i += ONE
                kind = _LINE_END if 10 <= point <= 13 else _SEPARATOR
                # 1,200 and 1.5 are one number, however it is grouped
                if (point == 44 or point == 46) and inside == ONE and _digits_around(data, i, end):
                    continue
            else:
                point, i = _decode(data, i)
                kind = _ALONE if point < 0x40000 else _SEPARATOR  # beyond the table: ideographs
                if point < _TABLE_SIZE:
                    kind = np.int64(kinds[point])
                    point = np.int64(folded[point])
                    if kind == _EXPANDS:
                        pending = np.int64(expansions[point])
                        at = point + 1
                        continue
        else:
            kind = np.int64(expansions[at] >> np.uint32(24))
            point = np.int64(expansions[at] & np.uint32(0xFFFFFF))
            at += 1
            pending -= 1
        if kind == _IGNORED:
            continue
        if kind in (_LETTER, _DIGIT):
            number = number if inside else np.uint64(kind == _DIGIT)
            h = (h << EIGHT) + h + np.uint64(point)
            inside = ONE
            sums[n] = h
            flags[n] = np.uint8(number | opens)
            continue
        n += inside
        opens &= inside - ONE
        inside = ZERO
        h = ZERO
        if kind == _ALONE:
            sums[n] = np.uint64(point)
            flags[n] = np.uint8(opens)
            n += ONE
            opens = ZERO
        elif kind == _LINE_END:
            opens = np.uint64(2)
    return np.int64(n + inside)


@njit(cache=True, nogil=True)
def read_all(data, offsets, plain, kinds, folded, expansions, words, ends):
    """The words of each text of an Arrow string column, one after the other; where each ends."""
    longest = 0
    for i in range(len(offsets) - 1):
        longest = max(longest, offsets[i + 1] - offsets[i])
    # two words a byte is what the worst expansion makes: one square katakana is six in three bytes
    sums = np.empty(2 * longest + 2, np.uint64)
    flags = np.empty(2 * longest + 2, np.uint8)
    n = 0
    for i in range(len(offsets) - 1):
        count = read_text(
            data,
            np.uint64(offsets[i]),
            np.uint64(offsets[i + 1]),
            plain,
            kinds,
            folded,
            expansions,
            sums,
            flags,
        )
        for k in range(count):
            h = stir(SEED, sums[k]) * FINISH
            words[n + k] = (np.uint32(h >> np.uint64(32)) & np.uint32(0xFFFFFFFC)) | np.uint32(flags[k])
        n += count
        ends[i] = n
    return n
