"""What of the outlets' chrome may be shown: no line of an outlet that was taken down, and none that no other
page holds than such as were."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.lake.pages import documents_of
from pipeline.lake.store import Store
from pipeline.match.blocks import held_by
from pipeline.publish.rights import Rights

# what is asked of covered republications
COVERED = ("doc_id", "run_id")


def shown_chrome(
    lake: Store, runs: Sequence[str], rows: pa.Table, covered: pa.Table, rights: Rights
) -> pa.Table:
    """Those rows of schema.BOILERPLATE that may be shown. `runs`: all up to this one, in order; `covered`:
    the columns COVERED of all republications that were taken down."""
    rows = rights.of_outlets(rows)
    if not len(rows) or not len(covered):
        return rows
    seen_by = set(covered["run_id"].to_pylist())
    docs = documents_of(lake, [run_id for run_id in runs if run_id in seen_by])
    chosen = pc.is_in(docs.doc_ids, value_set=covered["doc_id"].combine_chunks())
    docs = docs.filter(chosen.to_numpy(zero_copy_only=False))
    held = np.zeros(len(rows), np.int64)
    for _, pages in docs.stream(("outlet_id", "body")):
        held += held_by(pages["outlet_id"], pages["body"].combine_chunks(), rows)
    return rows.filter(pa.array(held < rows["pages"].to_numpy()))
