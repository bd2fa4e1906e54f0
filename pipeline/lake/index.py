"""Signatures kept in immutable segments under the fingerprint of the params that made them.

A document is signed once. Other params start a new index beside the old one.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.lake.segment import read_segments, write_segment
from pipeline.lake.store import Store
from pipeline.params import Params
from pipeline.segments import SIGNATURES


def _prefix(params: Params) -> str:
    return f"index/{params.fingerprint()}/"


def add(lake: Store, params: Params, run_id: str, doc_ids: pa.Array, signatures: NDArray[np.uint32]) -> None:
    """Store the run's new signatures (uint32[n, num_perm]), if there are any."""
    if len(doc_ids):
        width = 4 * signatures.shape[1]
        column = pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(width), len(doc_ids), [None, pa.py_buffer(signatures.astype("<u4", copy=False))]
        )
        table = pa.table([doc_ids, column.cast(pa.binary())], schema=SIGNATURES)
        write_segment(lake, f"{_prefix(params)}run={run_id}.parquet", table)


def known(lake: Store, params: Params) -> pa.Array:
    """The ids of all documents of the index."""
    keys = [stored.key for stored in lake.list(_prefix(params))]
    return read_segments(lake, SIGNATURES, keys, ["doc_id"])["doc_id"].combine_chunks()


def load(lake: Store, params: Params) -> tuple[list[str], NDArray[np.uint32]]:
    """All documents of the index and their signatures, uint32[n, num_perm], the first of a doc_id first."""
    table = read_segments(lake, SIGNATURES, [stored.key for stored in lake.list(_prefix(params))])
    joined = b"".join(table["signature"].to_pylist())
    return table["doc_id"].to_pylist(), np.frombuffer(joined, "<u4").reshape(-1, params.num_perm)
