"""Text that somebody else wrote into a file, as it may stand in a table: UTF-8 can say it, and it shows."""

from __future__ import annotations

import re

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def sound(text: str) -> str:
    """The text without control characters, and without halves of surrogate pairs, which JSON can say
    and UTF-8 cannot: joined or replaced.
    """
    if text.replace("\n", " ").isprintable():  # 12 us for what takes 16 to 23 us below
        return text
    text = _CONTROLS.sub("", text)
    return (
        text if text.isascii() else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    )


def count_words(text: str) -> int:
    """`len(text.split())`, 3 us instead of 21 where the only white space is spaces, tabs and newlines."""
    if not text.isascii():
        return len(text.split())
    for space in "\n\r\t":
        text = text.replace(space, " ")
    text = text.strip(" ")
    while "  " in text:
        text = text.replace("  ", " ")
    return text.count(" ") + bool(text)
