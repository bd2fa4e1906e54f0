"""Pairs that need no label: a text and its own beginning are one story.

Labelled pairs tell little of short copies: of 342 real ones eight had a text of fewer than 70 words, and a
scorecard fitted on them alone took whatever is short for a template. So some documents are paired with
their first words, as a station that cuts a story to a teaser would print them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.match.figures import Articles
from pipeline.match.words import Words
from pipeline.tune.labels import COPIES, Labelled

KIND = "own_beginning"
_LENGTHS = np.array([30, 45, 60, 80, 110])  # words
_LONGER = 2  # times as long as its beginning is the document at least
_SHARE = 0.1  # such pairs for each labelled one


def with_beginnings(articles: Articles, labelled: Labelled) -> tuple[Articles, Labelled]:
    """The articles with some beginnings after them, and the pairs with those of the beginnings."""
    words = articles.words
    long_enough = np.flatnonzero(words.lengths >= _LONGER * _LENGTHS.max())
    count = min(len(long_enough), int(_SHARE * len(labelled.pairs)))
    docs = long_enough[np.linspace(0, len(long_enough) - 1, count).astype(np.int64)] if count else long_enough
    ends = words.starts[docs] + np.resize(_LENGTHS, len(docs))
    n = len(articles)
    longer = Articles(
        Words(
            words.words,
            np.concatenate([words.starts, words.starts[docs]]),
            np.concatenate([words.ends, ends]),
        ),
        articles.headlines.take(np.concatenate([np.arange(n), docs])),
        np.concatenate([articles.urls, np.full(len(docs), -1)]),
        np.concatenate([articles.times, articles.times[docs]]),
    )
    pairs = np.stack([docs, n + np.arange(len(docs))], axis=1)
    return longer, replace(
        labelled,
        pairs=np.concatenate([labelled.pairs, pairs]),
        labels=np.concatenate([labelled.labels, np.full(len(docs), COPIES, np.int8)]),
        kinds=(*labelled.kinds, *[KIND] * len(docs)),
        stories=np.concatenate([labelled.stories, labelled.stories[docs]]),
        scored=np.concatenate([labelled.scored, np.zeros(len(docs), np.bool_)]),
    )
