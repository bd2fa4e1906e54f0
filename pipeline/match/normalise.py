"""Texts that differ only in typography become the same tokens: the one place where that is decided.

Each character alone decides what becomes of it (compatibility decomposition, case folding, accents
off), so the kernel needs a table look-up a character and no normalised copy of the text. Source:
Unicode Standard Annex 15 (NFKD) and the case folding of the Unicode Character Database.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

SEPARATOR, LETTER, DIGIT, ALONE, IGNORED, EXPANDS, LINE_END = range(7)

TABLE_SIZE = 0x20000  # the basic plane and the next; beyond lie ideographs and rare scripts

# Scripts written without spaces: every character is a token of its own, so that shingles are
# character 5-grams there (Thai, Lao, Myanmar, Khmer, kana, CJK ideographs).
_ALONE = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3041, 0x30FF), (0x3400, 0x9FFF))
LINE_ENDS = "\n\r\v\f\x85\u2028\u2029"
_ACCENTS = range(0x0300, 0x0370)  # an accent that one site prints and another leaves out is typography
_HANGUL = range(0xAC00, 0xD7A4)  # syllables stay whole


@dataclass(frozen=True, slots=True)
class Folding:
    """What becomes of each code point below TABLE_SIZE.

    `kinds` uint8: one of the kinds above. `folded` uint32: the folded code point; for
    EXPANDS, the place in `expansions` (uint32) where their number and then each as kind << 24 | code
    point stand.
    """

    kinds: NDArray[np.uint8]
    folded: NDArray[np.uint32]
    expansions: NDArray[np.uint32]


@cache
def folding() -> Folding:
    """Built once a process, in some 150 ms."""
    kinds = np.zeros(TABLE_SIZE, np.uint8)
    folded = np.zeros(TABLE_SIZE, np.uint32)
    expansions: list[int] = []
    for point in range(TABLE_SIZE):
        char = chr(point)
        category = unicodedata.category(char)
        if category in {"Cn", "Co", "Cs"}:  # nobody's character: a separator
            continue
        parts = _parts(char)
        if not parts:
            kinds[point] = IGNORED
        elif len(parts) == 1:
            kinds[point], folded[point] = parts[0]
        else:
            kinds[point], folded[point] = EXPANDS, len(expansions)
            expansions += [len(parts), *(kind << 24 | one for kind, one in parts)]
    return Folding(kinds, folded, np.array(expansions, np.uint32))


def _parts(char: str) -> list[tuple[int, int]]:
    """Kind and code point of each character that `char` folds to."""
    if char.isascii():
        return [(kind_of(char), ord(char.lower()))]
    if ord(char) in _HANGUL:
        return [(LETTER, ord(char))]
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", char).casefold())
    parts = [(kind_of(one), ord(one)) for one in text if ord(one) not in _ACCENTS]
    return [part for part in parts if part[0] != IGNORED]


def kind_of(char: str) -> int:
    """What a folded character is to the tokeniser."""
    category = unicodedata.category(char)
    if char in LINE_ENDS:
        return LINE_END
    if category == "Cf":  # soft hyphen, zero-width space and joiners: they split no word
        return IGNORED
    if category == "Nd":
        return DIGIT
    if category[0] in "LMN":
        return ALONE if category[0] != "N" and any(a <= ord(char) <= b for a, b in _ALONE) else LETTER
    return SEPARATOR
