"""The pairs worth keeping, as rows: what joined a story, and what was refused near the line, with reasons."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.match.clusters import BY_JUDGEMENT, Clusters
from pipeline.match.figures import FIGURES, RARE
from pipeline.match.scorecard import Scorecard
from pipeline.match.verify import RULES, SAME_TEXT
from pipeline.segments import FIGURES as FIGURES_TYPE
from pipeline.segments import PAIRS, REASONS

ACCEPTED, REFUSED = "accepted", "refused"
_REASONS = 4  # figures that are told of a pair


def kept_pairs(doc_ids: pa.Array, clusters: Clusters, scorecard: Scorecard) -> pa.Table:
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
        "rule": np.where(
            clusters.said != 0, BY_JUDGEMENT, pc.if_else(pc.equal(refused_as, ""), rules, refused_as)
        ),
        "reasons": _reasons(verdicts.figures, weights(verdicts.figures, scorecard)),
        "score": verdicts.score.astype(np.float32),
        "figures": _lists(pa.array(verdicts.figures.ravel()), len(FIGURES)).cast(FIGURES_TYPE),
    }
    table = pa.table({name: pa.array(column) for name, column in columns.items()})
    return pa.concat_tables(
        [table.select(PAIRS.names).cast(PAIRS), _equal_texts(doc_ids, clusters.same_text)]
    )


def weights(figures: NDArray[np.float32], scorecard: Scorecard) -> NDArray[np.float32]:
    """What each of the figures (float32[m, k]) added to the score, float32[m, k], by the look that decided;
    `rare` nothing where it was not asked for."""
    sure = scorecard.first.scores(figures) > 0
    added = np.where(sure[:, None], scorecard.first.weights(figures), scorecard.second.weights(figures))
    added[figures[:, RARE] < 0, RARE] = 0
    return added


def possible_scores(figures: NDArray[np.float32], scorecard: Scorecard) -> list[float]:
    """What score one pair with these figures (float32[1, k]) can have: where its rarity was not asked for,
    the least or the greatest that any rarity would give."""
    first = float(scorecard.first.scores(figures)[0])
    if first > 0:
        return [first]
    if figures[0, RARE] >= 0:
        return [float(scorecard.second.scores(figures)[0])]
    return [float(bound[0]) for bound in scorecard.second.bounds(figures, RARE)]


def _reasons(figures: NDArray[np.float32], added: NDArray[np.float32]) -> pa.Array:
    strongest = np.argsort(-np.abs(added), axis=1, kind="stable")[:, :_REASONS]
    names = pa.DictionaryArray.from_arrays(strongest.ravel().astype(np.int8), list(FIGURES)).cast(pa.string())
    told = [pa.array(np.take_along_axis(of, strongest, axis=1).ravel()) for of in (figures, added)]
    fields = list(REASONS.value_type)
    return _lists(pa.StructArray.from_arrays([names, *told], fields=fields), _REASONS).cast(REASONS)


def _lists(values: pa.Array, width: int) -> pa.Array:
    offsets = np.arange(0, len(values) + 1, width, dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), values)


def _equal_texts(doc_ids: pa.Array, same_text: NDArray[np.int64]) -> pa.Table:
    copies = np.flatnonzero(same_text != np.arange(len(same_text)))
    n = len(copies)
    ones = np.ones(n, np.float32)
    columns = {
        "doc_id_a": doc_ids.take(pa.array(same_text[copies])),
        "doc_id_b": doc_ids.take(pa.array(copies)),
        "jaccard": ones,
        "containment_ab": ones,
        "containment_ba": ones,
        "shared_shingles": np.zeros(n, np.int32),
        "found_by": ["bodies"] * n,
        "decision": [ACCEPTED] * n,
        "rule": [RULES[SAME_TEXT]] * n,
        "reasons": [[]] * n,
    }
    arrays = [pa.array(columns[f.name], f.type) if f.name in columns else pa.nulls(n, f.type) for f in PAIRS]
    return pa.table(arrays, PAIRS)
