"""Texts for the tests of matching: our own words, and what a readable oracle makes of any text."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass

import pyarrow as pa

from pipeline.match.figures import Articles
from pipeline.match.fold import read_batches
from pipeline.params import Params

WORDS = [f"{a}{b}" for a in "bcdfghklmnprstvz" for b in ("ador", "elin", "imast", "oruth", "unde", "yk")]
ALONE = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3041, 0x30FF), (0x3400, 0x9FFF))
LINE_ENDS = "\n\r\v\f\x85\u2028\u2029"


def prose(seed: int, words: int) -> str:
    """So many words by chance; another seed shares no five of them in a row, as good as always."""
    pick = random.Random(seed)
    return " ".join(pick.choice(WORDS) for _ in range(words))


@dataclass(frozen=True, slots=True)
class Token:
    text: str
    number: bool
    opens_line: bool


def tokens(text: str) -> list[Token]:
    """What the kernel should see, written to be read."""
    found: list[Token] = []
    word = ""
    number = opens = False
    line_open = True
    for char, after_digit, before_digit in _around(text):
        if char in ",." and after_digit and before_digit and word:
            continue  # 1,200 is one number
        for kind, part in folded(char):
            if kind == "letter":
                if not word:
                    number, opens, line_open = part.isdecimal(), line_open, False
                word += part
                continue
            if word:
                found.append(Token(word, number, opens))
                word = ""
            if kind == "alone":
                found.append(Token(part, False, line_open))
                line_open = False
            line_open |= kind == "line end"
    return [*found, Token(word, number, opens)] if word else found


def _around(text: str) -> list[tuple[str, bool, bool]]:
    digits = [char in "0123456789" for char in text]
    return list(zip(text, [False, *digits[:-1]], [*digits[1:], False], strict=True)) if text else []


def folded(char: str) -> list[tuple[str, str]]:
    """(kind, character) of what a character folds to; invisible ones and accents are gone."""
    if 0xAC00 <= ord(char) < 0xD7A4:
        return [("letter", char)]
    if ord(char) >= 0x20000:
        return [("alone" if ord(char) < 0x40000 else "separator", char)]
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", char).casefold())
    kinds = ((kind_of(part), part) for part in decomposed if not 0x300 <= ord(part) < 0x370)
    return [(kind, part) for kind, part in kinds if kind != "ignored"]


def kind_of(char: str) -> str:
    category = unicodedata.category(char)
    if char in LINE_ENDS:
        return "line end"
    if category == "Cf":
        return "ignored"
    if category[0] in "LM" and any(a <= ord(char) <= b for a, b in ALONE):
        return "alone"
    return "letter" if category[0] in "LMN" else "separator"


def grams(text: str) -> set[tuple[str, ...]]:
    """The word 5-grams of a text; a shorter text is one."""
    words = [token.text for token in tokens(text)]
    return {tuple(words[i : i + 5]) for i in range(max(len(words) - 4, 1))} if words else set()


def rows(
    texts: list[str],
    headlines: list[str] | None = None,
    urls: list[str | None] | None = None,
    outlets: list[str | None] | None = None,
) -> pa.Table:
    """What of segments.PAGES is compared, for articles of nobody in particular."""
    n = len(texts)
    return pa.table(
        {
            "outlet_id": pa.array(outlets or [None] * n, pa.string()),
            "url_normalised": pa.array(urls or [None] * n, pa.string()),
            "headline": pa.array(headlines or [""] * n, pa.string()),
            "body": pa.array(texts, pa.string()),
        }
    )


def articles(
    texts: list[str], headlines: list[str] | None = None, urls: list[str | None] | None = None
) -> Articles:
    return read_batches([rows(texts, headlines, urls)], Params())
