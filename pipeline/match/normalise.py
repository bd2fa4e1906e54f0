"""Texts that differ only in typography become the same tokens: the one place where that is decided.

Unicode compatibility forms, case, quotes, dashes, soft hyphens and the separators inside numbers
are folded; what is left is a table of character classes that the kernel reads while it tokenises.
"""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

SEPARATOR, LETTER, IGNORED, ALONE, DIGIT = range(5)

# Scripts written without spaces: every character is a token of its own, so that shingles are
# character 5-grams there (Thai, Lao, Myanmar, Khmer, kana, CJK ideographs).
_ALONE = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3041, 0x30FF), (0x3400, 0x9FFF))


def fold(texts: pa.Array) -> pa.Array:
    """Strings in NFKC and lower case, as `large_string`; nulls become empty. Length is kept."""
    filled = pc.fill_null(texts.cast(pa.large_string()), "")
    return pc.utf8_lower(pc.utf8_normalize(filled, form="NFKC"))


@cache
def character_classes() -> NDArray[np.uint8]:
    """The class of each code point of the basic plane: uint8[65536]. Built once, in some 30 ms."""
    classes = np.full(0x10000, SEPARATOR, np.uint8)
    for point in range(0x10000):
        category = unicodedata.category(chr(point))
        if category[0] in "LM":
            classes[point] = LETTER
        elif category == "Nd":
            classes[point] = DIGIT
        elif category in {"No", "Nl"}:
            classes[point] = LETTER
        elif category == "Cf":  # soft hyphen, zero-width space and joiners: they split no word
            classes[point] = IGNORED
    for first, last in _ALONE:
        span = classes[first : last + 1]
        span[span == LETTER] = ALONE
    classes[0x200B] = IGNORED
    return classes


def buffers(texts: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The UTF-8 bytes and offsets (int64, length + 1) of a `large_string` array, without a copy."""
    _, offsets, data = texts.buffers()
    starts = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    return np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8), starts
