"""Signatures kept in immutable segments under the fingerprint of the params that made them.

A document is signed once. Other params start a new index beside the old one.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.lake.segment import ROW_GROUP, read_segments, writing_segment
from pipeline.lake.store import Store
from pipeline.params import Params
from pipeline.segments import SIGNATURES


def _prefix(params: Params) -> str:
    return f"index/{params.fingerprint()}/"


def add(
    lake: Store,
    params: Params,
    run_id: str,
    doc_ids: pa.Array,
    signatures: NDArray[np.uint32],
    new: NDArray[np.int64],
) -> None:
    """Store the run's new signatures, if there are any: of n documents (string[n], uint32[n, num_perm]) those
    in the rows `new`, some at a time."""
    if len(new) == 0:
        return
    width = 4 * signatures.shape[1]
    with writing_segment(lake, f"{_prefix(params)}run={run_id}.parquet", SIGNATURES) as append:
        for start in range(0, len(new), ROW_GROUP):
            rows = new[start : start + ROW_GROUP]
            column = pa.FixedSizeBinaryArray.from_buffers(
                pa.binary(width), len(rows), [None, pa.py_buffer(signatures[rows].astype("<u4", copy=False))]
            )
            append(pa.table([doc_ids.take(pa.array(rows)), column.cast(pa.binary())], schema=SIGNATURES))


def known(lake: Store, params: Params) -> pa.Array:
    """The ids of all documents of the index."""
    keys = [stored.key for stored in lake.list(_prefix(params))]
    return read_segments(lake, SIGNATURES, keys, ["doc_id"])["doc_id"].combine_chunks()
