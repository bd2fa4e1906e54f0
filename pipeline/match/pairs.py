"""The pairs worth keeping, as rows: what joined a story, and what was refused near the line."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.match.candidates import Candidates
from pipeline.match.cluster import Clusters
from pipeline.match.verify import RULES, SAME_TEXT, Verdicts
from pipeline.params import Params
from pipeline.segments import PAIRS

ACCEPTED, REFUSED = "accepted", "refused"
_FOUND_BY = np.array(["", "bands", "anchors", "both"])


def kept_pairs(
    doc_ids: Sequence[str],
    same_text: NDArray[np.int64],
    found: Candidates,
    verdicts: Verdicts,
    clusters: Clusters,
    params: Params,
) -> pa.Table:
    """segments.PAIRS of n documents sorted by doc_id, so that a's doc_id is the smaller one.

    Equal texts (`same_text` int64[n]) are a pair with the first of them; of the refused pairs those
    near the line are kept.
    """
    near = (verdicts.jaccard >= params.keep_jaccard) | (verdicts.containment >= params.keep_containment)
    kept = np.flatnonzero(verdicts.accepted | near)
    refused_as = np.array(clusters.refused_as, dtype=object)[kept]
    joined = verdicts.accepted[kept] & (refused_as == "")
    rules = np.array(RULES, dtype=object)[verdicts.rule[kept]]
    names = np.array(doc_ids, dtype=object)
    verified = {
        "doc_id_a": names[verdicts.pairs[kept, 0]],
        "doc_id_b": names[verdicts.pairs[kept, 1]],
        "jaccard": verdicts.jaccard[kept],
        "containment_ab": verdicts.containment_ab[kept],
        "containment_ba": verdicts.containment_ba[kept],
        "shared_shingles": verdicts.shared[kept],
        "numbers_overlap": verdicts.numbers_overlap[kept],
        "found_by": _FOUND_BY[found.found_by[kept]],
        "decision": np.where(joined, ACCEPTED, REFUSED),
        "rule": np.where(refused_as == "", rules, refused_as),
    }
    table = pa.table({name: pa.array(column) for name, column in verified.items()})
    return pa.concat_tables([table.cast(PAIRS), _equal_texts(names, same_text)])


def _equal_texts(names: NDArray[np.object_], same_text: NDArray[np.int64]) -> pa.Table:
    copies = np.flatnonzero(same_text != np.arange(len(same_text)))
    ones = np.ones(len(copies), np.float32)
    columns = {
        "doc_id_a": names[same_text[copies]],
        "doc_id_b": names[copies],
        "jaccard": ones,
        "containment_ab": ones,
        "containment_ba": ones,
        "shared_shingles": np.zeros(len(copies), np.int32),
        "numbers_overlap": ones,
        "found_by": ["bodies"] * len(copies),
        "decision": [ACCEPTED] * len(copies),
        "rule": [RULES[SAME_TEXT]] * len(copies),
    }
    return pa.table({f.name: pa.array(columns[f.name], f.type) for f in PAIRS}, PAIRS)
