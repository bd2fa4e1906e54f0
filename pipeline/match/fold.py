"""Texts to clusters in one call, streamed: what the steps do with a lake between them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from pipeline.match.blocks import coded, url_keys
from pipeline.match.chrome import learn, read_lines, strip
from pipeline.match.cluster import cluster
from pipeline.match.clusters import Clusters
from pipeline.match.figures import Articles
from pipeline.match.scorecard import Scorecard
from pipeline.match.sign import sign
from pipeline.match.verify import Verifier
from pipeline.match.words import WordStore
from pipeline.params import Params

_NARROW = ["outlet_id", "url_normalised"]


def read_batches(batches: Iterable[pa.Table], params: Params) -> Articles:
    """The articles of batches of rows (columns outlet_id, url_normalised, headline, body of segments.PAGES)
    as they are compared, in their order: without the chrome that they teach of their outlets. None is held to
    be older than another."""
    bodies, headlines, narrow = WordStore(), WordStore(), list[pa.Table]()
    for batch in batches:
        bodies.add(batch["body"].combine_chunks())
        headlines.add(batch["headline"].combine_chunks())
        narrow.append(batch.select(_NARROW))
    known = pa.concat_tables(narrow).combine_chunks()
    urls = url_keys(known["url_normalised"])
    lines = read_lines(bodies.words(), coded(known["outlet_id"].combine_chunks())[0])
    words = strip(lines, learn(lines, params, urls + 1).chrome)
    return Articles(words, headlines.words(), urls, np.zeros(len(urls), np.int64))


def fold(batches: Iterable[pa.Table], params: Params, scorecard: Scorecard) -> Clusters:
    """Cluster the articles of batches of rows (at least one batch)."""
    articles = read_batches(batches, params)
    return cluster(sign(articles.words, params), Verifier(articles, scorecard, params))
