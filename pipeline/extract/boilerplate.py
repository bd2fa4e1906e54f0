"""An outlet's chrome, learned from its own pages: the lines that its different articles repeat.

A line counts as often as it stands in different articles, not on different pages: pages that share
much of their text are versions of one article, so a story that an outlet ran and updated five times
is not mistaken for chrome. Pages without an outlet have none.
Works on Arrow columns; no Python object per line.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.params import Params

_KEY = ["outlet_id", "line"]


def learn(outlets: pa.Array, bodies: pa.Array, params: Params) -> pa.Table:
    """Chrome lines: columns outlet_id, line (trimmed, lower case), articles (int64: how many hold it).

    `outlets` and `bodies` are strings of equal length; lines are separated by newlines.
    """
    lines = _lines(outlets, bodies)
    lines = lines.filter(pc.and_(pc.is_valid(lines["outlet_id"]), pc.not_equal(lines["line"], "")))
    article = _articles(lines, len(bodies), params)
    lines = lines.append_column("article", pa.array(article[lines["page"].to_numpy()]))
    counted = lines.group_by(_KEY).aggregate([("article", "count_distinct")])
    chrome = counted.filter(pc.greater_equal(counted["article_count_distinct"], params.chrome_min_articles))
    return chrome.rename_columns([*_KEY, "articles"]).sort_by([(name, "ascending") for name in _KEY])


def strip(outlets: pa.Array, bodies: pa.Array, chrome: pa.Table) -> pa.Array:
    """The bodies (string) without the chrome lines of their outlets; empty if all was chrome."""
    if chrome.num_rows == 0:
        return bodies.cast(pa.string())
    kept = _without(_lines(outlets, bodies), chrome).sort_by("at")
    counts = kept.group_by("page", use_threads=False).aggregate([("line", "count")])
    pages = pa.table({"page": pa.array(range(len(bodies)), pa.int64())})
    counts = pages.join(counts, "page").sort_by("page")
    ends = pc.cumulative_sum(pc.fill_null(counts["line_count"], 0)).combine_chunks()
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends.cast(pa.int32())])
    return pc.binary_join(pa.ListArray.from_arrays(offsets, kept["text"].combine_chunks()), "\n")


def _articles(lines: pa.Table, n: int, params: Params) -> NDArray[np.int64]:
    """For each of n pages the first page of its outlet that is a version of the same article."""
    lines = lines.append_column("size", pc.utf8_length(lines["line"]))
    pages = lines.group_by("page").aggregate([("size", "sum")])
    # a line on very many pages says nothing about two of them, and its pairs would explode
    common = lines.group_by(_KEY).aggregate([("page", "count_distinct")])
    rare = pc.and_(
        pc.greater(common["page_count_distinct"], 1), pc.less_equal(common["page_count_distinct"], 32)
    )
    repeated = lines.join(common.filter(rare).select(_KEY), _KEY, join_type="inner").select(
        [*_KEY, "page", "size"]
    )
    pairs = repeated.join(repeated.drop_columns(["size"]), _KEY, join_type="inner", right_suffix="_other")
    pairs = pairs.filter(pc.less(pairs["page"], pairs["page_other"]))
    shared = pairs.group_by(["page", "page_other"]).aggregate([("size", "sum")])
    sizes = np.zeros(n, np.int64)
    sizes[pages["page"].to_numpy()] = pages["size_sum"].to_numpy()
    first, second = shared["page"].to_numpy(), shared["page_other"].to_numpy()
    same = shared["size_sum"].to_numpy() >= params.chrome_same_article * np.minimum(
        sizes[first], sizes[second]
    )
    return _smallest_reachable(n, first[same], second[same])


def _smallest_reachable(n: int, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.int64]:
    labels = np.arange(n)
    while True:
        before = labels.copy()
        low = np.minimum(labels[a], labels[b])
        np.minimum.at(labels, a, low)
        np.minimum.at(labels, b, low)
        if np.array_equal(labels, before):
            return labels


def _without(lines: pa.Table, chrome: pa.Table) -> pa.Table:
    return lines.join(chrome.select(_KEY), _KEY, join_type="left anti")


def _lines(outlets: pa.Array, bodies: pa.Array) -> pa.Table:
    """One row a line: page (int64), at (its number over all pages), outlet_id, line (trimmed, lower
    case), text (the line as it stands)."""
    split = pc.split_pattern(bodies.cast(pa.string()), "\n")
    page, text = pc.list_parent_indices(split), pc.list_flatten(split)
    return pa.table(
        {
            "page": page.cast(pa.int64()),
            "at": pa.array(range(len(text)), pa.int64()),
            "outlet_id": pc.take(outlets.cast(pa.string()), page),
            "line": pc.utf8_lower(pc.utf8_trim_whitespace(text)),
            "text": text,
        }
    )
