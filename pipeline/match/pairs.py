"""The pairs worth keeping, as rows: what joined a story, and what was refused near the line."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.match.cluster import Clusters
from pipeline.match.verify import RULES, SAME_TEXT
from pipeline.segments import PAIRS

ACCEPTED, REFUSED = "accepted", "refused"


def kept_pairs(doc_ids: pa.Array, clusters: Clusters) -> pa.Table:
    """segments.PAIRS of n documents sorted by doc_id (string[n]), so that a's is the smaller one.

    Equal texts are a pair with the first of them; of the refused pairs those near the line are kept.
    """
    verdicts = clusters.verdicts
    refused_as = pa.array(clusters.refused_as, pa.string())
    rules = pa.DictionaryArray.from_arrays(verdicts.rule, list(RULES)).cast(pa.string())
    columns = {
        "doc_id_a": doc_ids.take(pa.array(verdicts.pairs[:, 0])),
        "doc_id_b": doc_ids.take(pa.array(verdicts.pairs[:, 1])),
        "jaccard": verdicts.jaccard,
        "containment_ab": verdicts.containment_ab,
        "containment_ba": verdicts.containment_ba,
        "shared_shingles": verdicts.shared,
        "found_by": clusters.found_by,
        "decision": np.where(clusters.joined, ACCEPTED, REFUSED),
        "rule": pc.if_else(pc.equal(refused_as, ""), rules, refused_as),
    }
    table = pa.table({name: pa.array(column) for name, column in columns.items()})
    return pa.concat_tables(
        [table.select(PAIRS.names).cast(PAIRS), _equal_texts(doc_ids, clusters.same_text)]
    )


def _equal_texts(doc_ids: pa.Array, same_text: NDArray[np.int64]) -> pa.Table:
    copies = np.flatnonzero(same_text != np.arange(len(same_text)))
    ones = np.ones(len(copies), np.float32)
    columns = {
        "doc_id_a": doc_ids.take(pa.array(same_text[copies])),
        "doc_id_b": doc_ids.take(pa.array(copies)),
        "jaccard": ones,
        "containment_ab": ones,
        "containment_ba": ones,
        "shared_shingles": np.zeros(len(copies), np.int32),
        "found_by": ["bodies"] * len(copies),
        "decision": [ACCEPTED] * len(copies),
        "rule": [RULES[SAME_TEXT]] * len(copies),
    }
    return pa.table({f.name: pa.array(columns[f.name], f.type) for f in PAIRS}, PAIRS)
