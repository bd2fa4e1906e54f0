"""Two texts side by side: which paragraphs they share, which each has alone."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher

import pyarrow as pa

from pipeline.match.sign import shingle
from pipeline.params import Params

BOTH, ONLY_A, ONLY_B, CHANGED = "both", "only_a", "only_b", "changed"


@dataclass(frozen=True, slots=True)
class Aligned:
    """A paragraph of a, of b, or of both where they are the same but for typography or edits."""

    kind: str
    a: str | None
    b: str | None


def align(a: str, b: str, params: Params) -> list[Aligned]:
    """Align the paragraphs of two bodies in order; equal ones are found by their token digests."""
    left, right = a.split("\n"), b.split("\n")
    digests = shingle(pa.array([*left, *right]), params).digests.tolist()
    matcher = SequenceMatcher(None, digests[: len(left)], digests[len(left) :], autojunk=False)
    rows: list[Aligned] = []
    for kind, a0, a1, b0, b1 in matcher.get_opcodes():
        if kind == "equal":
            rows += [Aligned(BOTH, x, y) for x, y in zip(left[a0:a1], right[b0:b1], strict=True)]
        elif kind == "replace" and a1 - a0 == b1 - b0:
            rows += [Aligned(CHANGED, x, y) for x, y in zip(left[a0:a1], right[b0:b1], strict=True)]
        else:
            rows += [Aligned(ONLY_A, x, None) for x in left[a0:a1]]
            rows += [Aligned(ONLY_B, None, y) for y in right[b0:b1]]
    return rows
