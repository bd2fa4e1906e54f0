"""Texts to clusters in one call, streamed: what the steps do with a lake between them."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from pipeline.match.cluster import Clusters, cluster
from pipeline.match.sign import sign
from pipeline.match.verify import Verifier
from pipeline.match.words import WordStore
from pipeline.params import Params


def fold(batches: Iterable[tuple[pa.Array, pa.Array]], params: Params) -> Clusters:
    """Cluster the documents of batches of (outlet, text), in their order."""
    store = WordStore()
    for _, texts in batches:
        store.add(texts)
    words = store.words()
    return cluster(words, sign(words, params), Verifier(words, params), params)
