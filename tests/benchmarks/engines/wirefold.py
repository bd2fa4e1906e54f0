"""Wirefold: words without chrome, signatures, loose candidates, exact verification, clusters."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.match import cluster as clusters
from pipeline.match.blocks import coded
from pipeline.match.chrome import learn, read_lines, strip
from pipeline.match.figures import Articles
from pipeline.match.scorecard import load_scorecard
from pipeline.match.sign import sign
from pipeline.match.verify import Verifier
from pipeline.match.words import Words, WordStore
from pipeline.params import Params
from tests.benchmarks.stages import Stages


def cluster(batches: Iterable[pa.Table], stages: Stages) -> NDArray[np.int64]:
    params, store, titles, sites = Params(), WordStore(), WordStore(), []
    stages.enter("words")
    for batch in batches:
        store.add(batch["text"].combine_chunks())
        titles.add(batch["title"].combine_chunks())
        sites.append(batch["site"].combine_chunks())
    stages.enter("chrome")
    words = without_chrome(store.words(), coded(pa.concat_arrays(sites))[0], params)
    articles = Articles(words, titles.words(), np.full(len(words), -1), np.zeros(len(words), np.int64))
    stages.enter("sign")
    signed = sign(words, params)
    stages.enter("candidates, verify, cluster")
    return clusters.cluster(signed, Verifier(articles, load_scorecard(None), params)).labels


def without_chrome(words: Words, outlets: NDArray[np.int32], params: Params) -> Words:
    lines = read_lines(words, outlets)
    return strip(lines, learn(lines, params).chrome)
