"""Candidate pairs: loose on purpose, so that the exact verdict sees every pair that could be true.

Two ways find a pair. Bands of MinHash rows find texts that are alike (42 bands of 3 rows: J = .5 with
probability .996). Anchors, a fixed sample of the shingles themselves, find short copies inside long
ones, which Jaccard cannot see. Equal texts are found by their digest and folded before either.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.match import kernel
from pipeline.match.sign import Shingled
from pipeline.params import Params

BY_BANDS, BY_ANCHORS, BY_BOTH = "bands", "anchors", "both"


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs to verify: int64[m, 2] of document numbers, the smaller first, ascending.

    `found_by` int8[m]: 1 bands, 2 anchors, 3 both. `capped` counts buckets too large to multiply out.
    """

    pairs: NDArray[np.int64]
    found_by: NDArray[np.int8]
    capped: int


def representatives(docs: Shingled, params: Params) -> NDArray[np.int64]:
    """For each document the first one with the same token sequence, int64[n]; itself if it is unique,
    or too short to prove anything (what is left of pages of which all but a stub was chrome)."""
    _, first, inverse = np.unique(docs.digests, return_index=True, return_inverse=True)
    return np.where(docs.sizes >= params.min_shared_shingles, first[inverse], np.arange(len(docs)))


def candidates(docs: Shingled, signatures: NDArray[np.uint32], params: Params) -> Candidates:
    """Pairs among the representatives of n documents (`signatures` uint32[n, num_perm])."""
    chosen = np.unique(representatives(docs, params))
    chosen = chosen[docs.sizes[chosen] > 0]
    by_bands, capped_bands = _band_pairs(signatures[chosen], chosen, params)
    by_anchors, capped_anchors = _anchor_pairs(docs, chosen, params)
    keys = np.union1d(by_bands, by_anchors)
    found_by = np.isin(keys, by_bands, assume_unique=True).astype(np.int8)
    found_by += 2 * np.isin(keys, by_anchors, assume_unique=True).astype(np.int8)
    pairs = np.stack([keys >> np.uint64(32), keys & np.uint64(0xFFFFFFFF)], axis=1).astype(np.int64)
    return Candidates(pairs, found_by, capped_bands + capped_anchors)


def _band_pairs(
    signatures: NDArray[np.uint32], docs: NDArray[np.int64], params: Params
) -> tuple[NDArray[np.uint64], int]:
    keys = np.empty((params.bands, len(docs)), np.uint64)
    kernel.band_keys(signatures, params.bands, params.rows, keys)
    pairs, capped = np.zeros(0, np.uint64), 0
    for band in keys:
        found, over = _pairs_of(band, docs, params.bucket_cap)
        pairs, capped = np.union1d(pairs, found), capped + over
    return pairs, capped


def _anchor_pairs(
    docs: Shingled, chosen: NDArray[np.int64], params: Params
) -> tuple[NDArray[np.uint64], int]:
    """Pairs that share enough anchors: two, or one where the shorter text has fewer than eight."""
    owner = np.repeat(np.arange(len(docs)), docs.sizes)
    mixed = docs.sets * np.uint32(0x9E3779B1)
    sampled = ((mixed >> np.uint32(16)) % np.uint32(params.anchor_rate) == 0) & np.isin(owner, chosen)
    anchors, owners = docs.sets[sampled].astype(np.uint64), owner[sampled]
    found, capped = _pairs_of(anchors, owners, params.bucket_cap, unique=False)
    keys, shared = np.unique(found, return_counts=True)
    held = np.bincount(owners, minlength=len(docs))
    fewer = np.minimum(held[keys >> np.uint64(32)], held[keys & np.uint64(0xFFFFFFFF)])
    return keys[(shared >= 2) | (fewer < 8)], capped


def _pairs_of(
    keys: NDArray[np.uint64], docs: NDArray[np.int64], cap: int, unique: bool = True
) -> tuple[NDArray[np.uint64], int]:
    order = np.argsort(keys, kind="stable")
    ordered, owners = keys[order], docs[order]
    count, capped = kernel.bucket_pairs(ordered, owners, cap, np.zeros(0, np.uint64), False)
    pairs = np.empty(count, np.uint64)
    kernel.bucket_pairs(ordered, owners, cap, pairs, True)
    return (np.unique(pairs) if unique else pairs), int(capped)
