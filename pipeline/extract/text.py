"""Words of a page, whatever whitespace the markup put between them."""

from __future__ import annotations

import re
import unicodedata

import numpy as np

_NO_WIDTH = re.compile(r"[\u200b\u2060\ufeff]")
_WIDE = re.compile(r"[\u3040-\u9fff\uac00-\ud7a3]")
_WORD = re.compile(r"[^\W_]+")
# C0 and C1 controls but tab and newlines; they are not XML characters and lxml refuses them
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_DEL = b"\x7f"
_C1 = re.compile(rb"\xc2[\x80-\x9f]")


def squash(text: str) -> str:
    """One line, single spaces, NFC, no soft hyphens."""
    if not text.isascii():
        text = _NO_WIDTH.sub(" ", unicodedata.normalize("NFC", text.replace("\xad", "")))
    return " ".join(text.split())


def without_controls(text: str) -> str:
    """The text without control characters other than tab, newline and carriage return."""
    return _CONTROLS.sub("", text)


def has_controls(utf8: bytes) -> bool:
    """Whether `without_controls` would take something out: .15 ms a page, patterns take .9."""
    code = np.frombuffer(utf8, np.uint8)
    is_c0 = (code < ord("\t")) | ((code > ord("\n")) & (code < ord(" ")) & (code != ord("\r")))
    return bool(is_c0.any()) or _DEL in utf8 or (not utf8.isascii() and _C1.search(utf8) is not None)


def words(text: str) -> list[str]:
    """Runs of letters and digits, as written."""
    return _WORD.findall(text)


def count_words(text: str) -> int:
    """Words separated by whitespace; in scripts that do not separate them, one per two characters."""
    spaced = len(text.split())
    return spaced if text.isascii() else max(spaced, len(_WIDE.findall(text)) // 2)


def same_words(one: str, other: str) -> bool:
    """True if both hold the same words, case and punctuation aside."""
    return key(one) == key(other)


def key(text: str) -> str:
    """What remains of a line when case, punctuation and compatibility forms are set aside."""
    return " ".join(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))
