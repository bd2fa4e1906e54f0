"""The same stories more strictly and more loosely: ids that nest, so that a reader takes the one that fits.

Copies with one strict id have one story id, and stories with one story id have one loose id.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.match.kernels import groups
from pipeline.params import Params

# what refuses a pair although its texts share much
_NEARLY = ("second_look", "weak_bridge", "digest")

Ints = NDArray[np.int64]


def strict_ids(story_ids: pa.Array, strict: Ints, first_seen_at: pa.Array, doc_ids: pa.Array) -> pa.Array:
    """story_id_strict (string[n]) of n copies of some stories, rows sorted by doc_id.

    `strict` int64[n]: equal for copies of one strict group. The group that has the story's oldest copy, by
    first_seen_at and doc_id, keeps the story's id; the others add to it eight hex digits of the digest of
    their own oldest one's doc_id.
    """
    n = len(strict)
    story = story_ids.dictionary_encode().indices.to_numpy()
    order = np.lexsort((np.arange(n), first_seen_at.cast(pa.int64()).to_numpy()))
    first_of_story, first_of_group = np.full(n, -1), np.full(n, -1)
    first_of_story[story[order[::-1]]] = order[::-1]
    first_of_group[strict[order[::-1]]] = order[::-1]
    oldest = first_of_group[strict]
    other = np.flatnonzero(oldest != first_of_group[strict[first_of_story[story]]])
    firsts, place = np.unique(oldest[other], return_inverse=True)
    digests = [
        hashlib.sha256(doc.encode()).hexdigest()[:8] for doc in doc_ids.take(pa.array(firsts)).to_pylist()
    ]
    added = pa.array(digests, pa.string()).take(pa.array(place))
    mask = np.zeros(n, bool)
    mask[other] = True
    longer = pc.binary_join_element_wise(story_ids.take(pa.array(other)), added, ".")
    return pc.replace_with_mask(story_ids, pa.array(mask), longer.cast(story_ids.type))


def nearly(pairs: pa.Table, params: Params) -> pa.Array:
    """Which pairs (rule, decision, score of segments.PAIRS) were refused near the line, bool[m]."""
    refused = pc.and_(
        pc.equal(pairs["decision"], "refused"), pc.is_in(pairs["rule"], value_set=pa.array(_NEARLY))
    )
    return pc.and_(refused, pc.fill_null(pc.greater_equal(pairs["score"], params.loose_score), False))


def loose_ids(story_ids: pa.Array, a: Ints, b: Ints) -> pa.Array:
    """story_id_loose (string[s]) of s stories, in the order of (seen_day, story_id): of those that are tied,
    the id of the first. Stories a[i] and b[i] are tied."""
    parent = np.arange(len(story_ids))
    groups.unite_all(parent, a, b)
    group = groups.roots(parent)
    first = np.full(len(parent), len(parent))
    np.minimum.at(first, group, np.arange(len(parent)))
    return story_ids.take(pa.array(first[group]))
