"""The keys under which a document is found: bands and anchors, lines, its text, its address, its id."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.match.kernels import shingles
from pipeline.match.kernels.tokens import FINISH, MULTIPLY
from pipeline.match.sign import anchors, sign
from pipeline.match.words import Words
from pipeline.params import Params

BAND, ANCHOR, LINE, DOC_ID, URL, TEXT, STORY_ID = (np.uint64(kind) for kind in range(1, 8))


def keys_of(kind: np.uint64, values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The values mixed into keys (uint64), those of different kinds apart."""
    with np.errstate(over="ignore"):
        h = (values ^ (kind * FINISH)) * MULTIPLY
        h ^= h >> np.uint64(32)
        return np.asarray(h * FINISH, np.uint64)


@dataclass(frozen=True, slots=True)
class TextKeys:
    """The keys by which n texts are found: `bands` and `anchors` uint64, whose each is (int64), and `held`
    int32[n]: anchors of each text."""

    bands: NDArray[np.uint64]
    of_bands: NDArray[np.int64]
    anchors: NDArray[np.uint64]
    of_anchors: NDArray[np.int64]
    held: NDArray[np.int32]


def text_keys(texts: Words, params: Params) -> TextKeys:
    """The keys of the bands and anchors of n texts."""
    n = len(texts)
    signed = sign(texts, params)
    bands = np.empty((params.bands, n), np.uint64)
    shingles.band_keys(signed.signatures, np.arange(n), 0, params.rows, bands)
    anchored = anchors(texts, params)
    owners = (anchored & np.uint64(0xFFFFFFFF)).astype(np.int64)
    return TextKeys(
        keys_of(BAND, bands.ravel()),
        np.tile(np.arange(n), params.bands),
        keys_of(ANCHOR, anchored >> np.uint64(32)),
        owners,
        np.bincount(owners, minlength=n).astype(np.int32),
    )
