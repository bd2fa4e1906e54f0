"""Word 5-grams as strings: what the rivals that take sets of tokens are given."""

from __future__ import annotations

WIDTH = 5


def shingles(text: str) -> set[str]:
    """The text's word 5-grams, lower case; of a shorter text the whole."""
    words = text.lower().split()
    return {" ".join(words[at : at + WIDTH]) for at in range(max(len(words) - WIDTH + 1, 1))}
