"""Wirefold: words without chrome, signatures, loose candidates, exact verification, clusters."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.match import cluster as clusters
from pipeline.match.sign import sign
from pipeline.match.verify import Verifier
from pipeline.match.words import WordStore
from pipeline.params import Params
from tests.benchmarks.stages import Stages


def cluster(batches: Iterable[pa.Table], stages: Stages) -> NDArray[np.int64]:
    params, store = Params(), WordStore()
    stages.enter("words")
    for batch in batches:
        store.add(batch["text"].combine_chunks())
    words = store.words()
    stages.enter("sign")
    signed = sign(words, params)
    stages.enter("candidates, verify, cluster")
    return clusters.cluster(words, signed, Verifier(words, params), params).labels
