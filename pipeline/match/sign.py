"""Text to shingles to MinHash signatures, bit for bit those of datasketch.

A signature equals `datasketch.MinHash(num_perm, seed=1, scheme="affine32")` updated with the
document's 32-bit shingle hashes, so any datasketch user can load it.
Source: A. Broder, "On the resemblance and containment of documents", 1997.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
from datasketch import MinHash
from numpy.typing import NDArray

from pipeline.match import kernel
from pipeline.match.normalise import buffers, character_classes, fold
from pipeline.params import Params

SCHEME = "affine32"
SEED = 1


@dataclass(frozen=True, slots=True)
class Shingled:
    """The shingles of n documents, one after the other; document i ends where `*_ends[i]` says.

    `shingles` uint32 in text order; `sets` the same, sorted and unique per document; `numbers`
    uint64 hashes of its different numbers; `digests` uint64[n] of the token sequences.
    """

    shingles: NDArray[np.uint32]
    ends: NDArray[np.int64]
    sets: NDArray[np.uint32]
    set_ends: NDArray[np.int64]
    numbers: NDArray[np.uint64]
    number_ends: NDArray[np.int64]
    digests: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Different shingles of each document, int64[n]."""
        return np.diff(self.set_ends, prepend=0)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Shingles of each document with repetitions, int64[n]."""
        return np.diff(self.ends, prepend=0)

    @property
    def number_counts(self) -> NDArray[np.int64]:
        """Different numbers of each document, int64[n]."""
        return np.diff(self.number_ends, prepend=0)


def shingle(texts: pa.Array, params: Params) -> Shingled:
    """Shingle a column of n strings."""
    data, offsets = buffers(fold(texts))
    n = len(texts)
    # a token needs a byte and a separator; ideographs (no separator) take three bytes
    room = int(offsets[-1] - offsets[0]) // 2 + 2 * n + 1 if n else 1
    shingles, sets = np.empty(room, np.uint32), np.empty(room, np.uint32)
    numbers = np.empty(room, np.uint64)
    ends, set_ends, number_ends = (np.zeros(n, np.int64) for _ in range(3))
    digests = np.zeros(n, np.uint64)
    kernel.shingle_all(
        data,
        offsets,
        character_classes(),
        params.shingle_words,
        shingles,
        sets,
        set_ends,
        numbers,
        number_ends,
        ends,
        digests,
    )
    used, used_sets, used_numbers = (int(e[-1]) if n else 0 for e in (ends, set_ends, number_ends))
    return Shingled(
        shingles[:used].copy(),
        ends,
        sets[:used_sets].copy(),
        set_ends,
        numbers[:used_numbers].copy(),
        number_ends,
        digests,
    )


@cache
def _permutations(num_perm: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    a, b = MinHash(num_perm=num_perm, seed=SEED, scheme=SCHEME).permutations
    return np.ascontiguousarray(a, np.uint32), np.ascontiguousarray(b, np.uint32)


def sign(docs: Shingled, params: Params) -> NDArray[np.uint32]:
    """Signatures, uint32[n, num_perm]. A document without shingles has 0xFFFFFFFF throughout."""
    signatures = np.empty((len(docs), params.num_perm), np.uint32)
    kernel.sign_all(docs.sets, docs.set_ends, *_permutations(params.num_perm), signatures)
    return signatures
