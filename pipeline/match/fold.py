"""Texts to clusters in one call, streamed: what the steps do with a lake between them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.match.blocks import coded
from pipeline.match.chrome import learn, read_lines, strip
from pipeline.match.cluster import Clusters, cluster
from pipeline.match.sign import sign
from pipeline.match.verify import Verifier
from pipeline.match.words import Words, WordStore
from pipeline.params import Params


def fold(batches: Iterable[tuple[pa.Array, pa.Array]], params: Params) -> Clusters:
    """Cluster the documents of batches of (outlet, text), in their order, without their outlets' chrome."""
    store, outlet_ids = WordStore(), [pa.array([], pa.string())]
    for outlets, texts in batches:
        store.add(texts)
        outlet_ids.append(outlets.cast(pa.string()))
    words = _without_chrome(store.words(), coded(pa.concat_arrays(outlet_ids))[0], params)
    return cluster(words, sign(words, params), Verifier(words, params), params)


def _without_chrome(words: Words, outlets: NDArray[np.int32], params: Params) -> Words:
    lines = read_lines(words, outlets)
    return strip(lines, learn(lines, params).chrome)
