"""Two texts side by side: which paragraphs they share, which were edited and how, which each has alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import pyarrow as pa

from pipeline.match.words import read_words

BOTH, ONLY_A, ONLY_B, CHANGED = "both", "only_a", "only_b", "changed"
# two paragraphs with so large a share of words in common, in order, are one that was edited
_EDITED = 0.5


@dataclass(frozen=True, slots=True)
class Aligned:
    """A paragraph of a, of b, or of both where they are the same but for typography or edits."""

    kind: str
    a: str | None
    b: str | None


def align(a: str, b: str) -> list[Aligned]:
    """Align the paragraphs of two bodies in order; equal ones are found by the digests of their words."""
    left, right = a.split("\n"), b.split("\n")
    digests = read_words(pa.array([*left, *right])).digests().tolist()
    matcher = SequenceMatcher(None, digests[: len(left)], digests[len(left) :], autojunk=False)
    rows: list[Aligned] = []
    for kind, a0, a1, b0, b1 in matcher.get_opcodes():
        if kind == "equal":
            rows += [Aligned(BOTH, x, y) for x, y in zip(left[a0:a1], right[b0:b1], strict=True)]
        else:
            rows += _edits(left[a0:a1], right[b0:b1])
    return rows


def _edits(left: Sequence[str], right: Sequence[str]) -> list[Aligned]:
    """Pair the paragraphs that are most alike, those before and after them likewise; the rest stand alone."""
    alike = [(_likeness(x, y), -i, -j) for i, x in enumerate(left) for j, y in enumerate(right)]
    best, i, j = max(alike, default=(0.0, 0, 0))
    if best < _EDITED:
        return [Aligned(ONLY_A, x, None) for x in left] + [Aligned(ONLY_B, None, y) for y in right]
    i, j = -i, -j
    before, after = _edits(left[:i], right[:j]), _edits(left[i + 1 :], right[j + 1 :])
    return [*before, Aligned(CHANGED, left[i], right[j]), *after]


def _likeness(x: str, y: str) -> float:
    matcher = SequenceMatcher(None, x.split(), y.split(), autojunk=False)
    return matcher.ratio() if matcher.quick_ratio() >= _EDITED else 0.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """Words of an edited paragraph; `shared` if the other side has them too."""

    text: str
    shared: bool


def stretches(a: str, b: str) -> tuple[list[Stretch], list[Stretch]]:
    """Two versions of a paragraph, each in stretches of words that both have and that it has alone."""
    left, right = a.split(), b.split()
    sides: tuple[list[Stretch], list[Stretch]] = ([], [])
    for kind, a0, a1, b0, b1 in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        for side, words in zip(sides, (left[a0:a1], right[b0:b1]), strict=True):
            if words:
                side.append(Stretch(" ".join(words), kind == "equal"))
    return sides
