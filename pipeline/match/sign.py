"""Words to MinHash signatures, bit for bit those of datasketch, and to anchors, which find short copies.

A signature equals `datasketch.MinHash(num_perm, seed=1, scheme="affine32")` updated with the
document's 32-bit shingle hashes, so any datasketch user can load it.
Source: A. Broder, "On the resemblance and containment of documents", 1997.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from datasketch import MinHash
from numpy.typing import NDArray

from pipeline.match.kernels import shingles
from pipeline.match.words import Room, Words, in_threads, run_in_threads
from pipeline.params import Params

SCHEME = "affine32"
SEED = 1


@dataclass(slots=True)
class Signed:
    """n documents as candidates are found from: `signatures` uint32[n, num_perm]; `digests` uint64[n] of
    the words in order; `same` int64[n]: the first document with the same words.

    A document without words has a signature of 0xFFFFFFFF throughout.
    """

    signatures: NDArray[np.uint32]
    digests: NDArray[np.uint64]
    same: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.digests)

    def drop_signatures(self) -> None:
        """Free half a gigabyte for a million documents, once all bands are made."""
        self.signatures = self.signatures[:0].copy()


def sign(words: Words, params: Params, room: Room = np.empty) -> Signed:
    """Sign n documents, in threads. What sixty outlets ran word for word is signed once. `room`: for the
    signatures."""
    signatures = room((len(words), params.num_perm), np.uint32)
    digests = words.digests()
    same = firsts_of(digests)
    text = words.words, words.starts, words.ends
    drawn = _permutations(params.num_perm)
    run_in_threads(
        lambda first, last: shingles.sign_texts(
            *text, first, last, params.shingle_words, *drawn, same, signatures
        ),
        words,
    )
    shingles.copy_signatures(same, signatures)
    return Signed(signatures, digests, same)


def firsts_of(digests: NDArray[np.uint64]) -> NDArray[np.int64]:
    """For each of n digests the place of the first that is equal, int64[n]."""
    _, firsts, inverse = np.unique(digests, return_index=True, return_inverse=True)
    return np.asarray(firsts[inverse], np.int64)


def anchors(words: Words, params: Params) -> NDArray[np.uint64]:
    """A sample of the shingles of n documents: uint64[k], shingle << 32 | document, ascending.

    Read again and not while signing: beside the signatures they were 300 MB more for a million documents.
    """
    found = np.zeros(0, np.uint64)
    for part in anchor_blocks(words, params):
        used = len(found)
        found.resize(used + len(part), refcheck=False)  # joined all at once they would be held twice
        found[used:] = part
    found.sort()
    return found


def anchor_blocks(words: Words, params: Params) -> Iterator[NDArray[np.uint64]]:
    """The same, a block of documents after the other, each in the order of its texts."""
    text = words.words, words.starts, words.ends
    limits = _limit(params.anchor_rate), params.lead_shingles, _limit(params.lead_anchor_rate)

    def work(first: int, last: int) -> NDArray[np.uint64]:
        # room for all shingles: what is not written to costs no memory
        found = np.empty(int(words.lengths[first:last].sum()), np.uint64)
        used = shingles.read_anchors(*text, first, last, params.shingle_words, *limits, found)
        return found[:used].copy()

    return in_threads(work, words)


def _limit(rate: int) -> np.uint32:
    """One 32-bit hash in `rate` lies below it."""
    return np.uint32(((1 << 32) - 1) // rate)


@cache
def _permutations(num_perm: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    a, b = MinHash(num_perm=num_perm, seed=SEED, scheme=SCHEME).permutations
    return np.ascontiguousarray(a, np.uint32), np.ascontiguousarray(b, np.uint32)
