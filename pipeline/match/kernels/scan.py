"""Where words begin and end in UTF-8 bytes, eight at a time: no plain character is looked at by itself.

A lane is eight bytes in a uint64, the first one lowest; a bitmap has a bit for each byte. Source: the
bitmaps of structural characters in G. Langdale and D. Lemire, "Parsing gigabytes of JSON per second", 2019.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pipeline.match.kernels.bits import count_ones, trailing_zeros

PADDING = 8  # zero bytes before the text
_ONE, _SEVEN, _EIGHT = np.uint64(1), np.uint64(7), np.uint64(8)
_TOP, _LAST = np.uint64(56), np.uint64(63)


def _bytes(value: int) -> np.uint64:
    """A lane of eight equal bytes."""
    return np.uint64(value * 0x0101010101010101)


_HIGH, _LOW = _bytes(0x80), _bytes(0x7F)
_CASE = _bytes(0x20)
_ONES = _bytes(1)
_WHOLE = np.uint64(0xFF)
_PACK = np.uint64(0x0102040810204080)  # moves the lowest bit of each byte into the topmost byte
_COMMA, _POINT = _bytes(ord(",")), _bytes(ord("."))
# added to a byte below 128 they set its highest bit from the named character on
_FROM_0, _PAST_9 = _bytes(0x80 - ord("0")), _bytes(0x80 - ord("9") - 1)
_FROM_A, _PAST_Z = _bytes(0x80 - ord("a")), _bytes(0x80 - ord("z") - 1)
_FROM_LF, _PAST_CR = _bytes(0x80 - ord("\n")), _bytes(0x80 - ord("\r") - 1)
# UTF-8 of U+2010 to U+2023: dashes, quotation marks, daggers and bullets, all of them separators
MARKS = range(0x2010, 0x2024)
_E2, _80, _FIRST_MARK, _LAST_MARK = (np.uint8(x) for x in (0xE2, 0x80, 0x90, 0xA3))
_NEVER = np.int64(1) << 62


@njit(nogil=True, inline="always")
def _digits(lane):
    low = lane & _LOW
    return (low + _FROM_0) & ~(low + _PAST_9) & ~lane & _HIGH


@njit(nogil=True, inline="always")
def _equal(lane, pattern):
    different = lane ^ pattern
    return ~(((different & _LOW) + _LOW) | different) & _HIGH


@njit(nogil=True, inline="always")
def _packed(ones):
    return np.uint8((ones * _PACK) >> _TOP)


@njit(cache=True, nogil=True)
def classify(lanes, count, folded, inside, events):
    """For lanes[1:count + 1] (uint64; one of zeros on both sides) ASCII letters in lower case and digits, all
    else zero, to `folded` (uint64[count]), and to the bitmaps (uint8[count]) which bytes lie inside a word
    or need a look (`inside`), and which need a look or end a line (`events`).

    What needs a look: bytes beyond ASCII, and the commas and points within a number.
    """
    for j in range(count):
        lane = lanes[j + 1]
        low = lane & _LOW
        lower = low | _CASE
        letter = (lower + _FROM_A) & ~(lower + _PAST_Z)
        word = (letter & ~lane & _HIGH) | _digits(lane)
        folded[j] = lower & ((word >> _SEVEN) * _WHOLE)
        before = _digits((lane << _EIGHT) | (lanes[j] >> _TOP))
        after = _digits((lane >> _EIGHT) | (lanes[j + 2] << _TOP))
        # 1,200 and 1.5 are one number, however it is grouped
        groups = (_equal(lane, _COMMA) | _equal(lane, _POINT)) & before & after
        look = (lane & _HIGH) | groups
        ends = (low + _FROM_LF) & ~(low + _PAST_CR) & ~lane & _HIGH
        inside[j] = _packed((word | look) >> _SEVEN)
        events[j] = _packed((look | ends) >> _SEVEN)


@njit(cache=True, nogil=True)
def list_events(events, text, inside, places):
    """The places of the bits of `events` (uint64), one past all places at the end. Typographic separators
    are none: they are no longer `inside` (uint8)."""
    n = 0
    seen = np.int64(0)
    for j in range(len(events)):
        bits = events[j]
        while bits:
            at = 64 * j + trailing_zeros(bits)
            bits &= bits - _ONE
            if at < seen:
                continue
            if text[at] == _E2 and text[at + 1] == _80 and _FIRST_MARK <= text[at + 2] <= _LAST_MARK:
                seen = at + 3
                for k in range(at, seen):
                    inside[k >> 3] &= ~np.uint8(1 << (k & 7))
                continue
            places[n] = at
            n += 1
    places[n] = _NEVER


@njit(cache=True, nogil=True)
def pack_flags(flags, count, bits):
    """The lowest bits of the bytes of flags[:count] (uint64) as a bitmap (uint8)."""
    for j in range(count):
        bits[j] = _packed(flags[j] & _ONES)


@njit(cache=True, nogil=True)
def list_places(bitmap, places):
    """The places of the bits of a bitmap (uint64) that are set; how many."""
    n = 0
    for j in range(len(bitmap)):
        bits = bitmap[j]
        while bits:
            places[n] = 64 * j + trailing_zeros(bits)
            bits &= bits - _ONE
            n += 1
    return n


@njit(cache=True, nogil=True)
def list_bounds(inside, bounds):
    """Where the stretches of bits of `inside` (uint64) begin and end, in turns; how many places."""
    n = 0
    last = np.uint64(0)
    for j in range(len(inside)):
        bits = inside[j]
        changes = bits ^ ((bits << _ONE) | last)
        last = bits >> _LAST
        at = n
        n += count_ones(changes)
        # eight at a time, needed or not: a loop that ends with the last is mispredicted once a lane of bits
        while True:
            for k in range(8):
                bounds[at + k] = 64 * j + trailing_zeros(changes)
                changes &= changes - _ONE
            if changes == 0:
                break
            at += 8
    return n
