"""The pages of the lake as one table: each document once, as it was first seen.

A run sees the segments of its own and of earlier runs, so that a rerun after later ones gives what it
gave before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipeline.lake.segment import read_segments
from pipeline.lake.store import Store
from pipeline.model import Run


@dataclass(frozen=True, slots=True)
class Seen:
    """n documents sorted by doc_id.

    `pages`: columns of segments.PAGES; `last_seen_at` timestamp[us, UTC][n]: when each was fetched last.
    """

    pages: pa.Table
    last_seen_at: pa.Array


def segments_until(lake: Store, kind: str, run: Run, schema: pa.Schema) -> pa.Table:
    """All rows of one kind of segment (fetches, sites, pages, quarantine) of this and earlier runs."""
    last = f"{kind}/run={run.run_id}/\U0010ffff"
    return read_segments(
        lake, schema, [stored.key for stored in lake.list(f"{kind}/run=") if stored.key <= last]
    )


def distinct(pages: pa.Table, columns: Sequence[str] | None = None) -> Seen:
    """One row a doc_id (segments.PAGES in any order): the first fetched."""
    places = pages.select(["doc_id", "fetched_at", "run_id"]).append_column(
        "row", pa.array(np.arange(pages.num_rows))
    )
    ordered = places.sort_by([(name, "ascending") for name in ("doc_id", "fetched_at", "run_id", "row")])
    seen = ordered.group_by("doc_id", use_threads=False).aggregate([("row", "first"), ("fetched_at", "max")])
    chosen = pages.select(list(columns)) if columns else pages
    return Seen(chosen.take(seen["row_first"]).combine_chunks(), seen["fetched_at_max"].combine_chunks())
