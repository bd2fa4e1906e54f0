"""A run's new pages onto what stands: the index reads on from the lake, and answers for all other pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.errors import Failed
from pipeline.index.chrome import adopt
from pipeline.index.fold import fold_in
from pipeline.index.remembered import remember
from pipeline.index.standing import Edges, Index
from pipeline.lake import ledger, signatures
from pipeline.lake.pages import documents_of
from pipeline.lake.segment import read_segment, read_segments
from pipeline.lake.store import Store
from pipeline.match.blocks import chrome_of
from pipeline.match.chrome import read_lines, strip
from pipeline.match.clusters import FOUND_BY
from pipeline.match.figures import RARE
from pipeline.match.pairs import kept_pairs
from pipeline.match.scorecard import Scorecard
from pipeline.match.sign import sign
from pipeline.match.verify import RULES, SAME_TEXT
from pipeline.matching.pages import NAMED, new_pages, no_pages
from pipeline.matching.pairs import holds
from pipeline.matching.result import ALL, Matched, Result, done
from pipeline.matching.said import Said
from pipeline.model import Run
from pipeline.params import Params
from pipeline.segments import CLUSTERS, PAIRS, segment_key

_ENTERED = 65_536  # documents that are entered into the index at once: 170 MB of words
_EDGE = ("doc_id_a", "doc_id_b", "decision", "rule", "figures", "found_by")


def fold_onto(
    lake: Store,
    run: Run,
    index: Index,
    before: Sequence[str],
    said: Said,
    scorecard: Scorecard,
    params: Params,
) -> Result:
    """Match the run's new pages against those of the runs `before`; their signatures are stored."""
    read_on(lake, index, before, params)
    docs = documents_of(lake, [run.run_id])
    fresh = index.numbers(docs.doc_ids) < 0
    found = list(new_pages(docs, fresh, index.outlet_codes, len(docs)))
    chrome = read_segment(lake, segment_key("boilerplate", before[-1], ALL))
    reopened = index.numbers(said.newly())
    reopened = reopened[reopened >= 0]
    if not found and not len(reopened):
        nothing = Matched(len(index), 0, 0, 0, 0, 0, 0)
        return Result(docs.read(NAMED), chrome, PAIRS.empty_table(), CLUSTERS.empty_table(), nothing)
    new, texts = found[0] if found else no_pages()
    adopted = adopt(index, new, texts, chrome, params)
    new = replace(new, articles=replace(new.articles, words=adopted.words))
    signed = sign(adopted.words, params).signatures
    signatures.add(lake, params, run.run_id, new.doc_ids, signed, np.arange(len(new)))
    folded = fold_in(index, new, adopted.chrome, reopened, said.among, scorecard, params)
    clusters = folded.clusters
    matched = Matched(
        pages=len(index) + len(new),
        new_pages=len(new),
        touched=len(folded.doc_ids),
        candidates=clusters.candidates + folded.near.candidates,
        accepted=int(np.count_nonzero(clusters.joined)),
        capped=clusters.capped,
        clusters=len(np.unique(clusters.labels)),
    )
    names = folded.doc_ids.take(pa.array(clusters.labels))
    pairs = [
        kept_pairs(folded.doc_ids, clusters, scorecard),
        kept_pairs(folded.near_ids, folded.near, scorecard),
    ]
    rows = pa.table([folded.doc_ids, names, folded.asked], schema=CLUSTERS)
    return Result(docs.read(NAMED), adopted.rows, pa.concat_tables(pairs), rows, matched)


def read_on(lake: Store, index: Index, runs: Sequence[str], params: Params) -> None:
    """Bring the index to where the runs, in the order in which they were taken up, left the lake."""
    known = len(index.runs)
    last = done(lake, index.runs[-1]) if known else None
    whole = _last_whole(lake, runs, known)
    # another lake at this address, one that was set back, or one whose pages were all matched anew
    if known and (tuple(runs[:known]) != index.runs or last is None or last.mark != index.mark or whole >= 0):
        index.reset()
        known, whole = 0, _last_whole(lake, runs, 0)
    coming = runs[known:]
    if not coming:
        return
    told = done(lake, coming[-1])
    if told is None:
        raise Failed(f"{lake.url}: run {coming[-1]} was not matched, or by an older version")
    index.change()
    chrome = read_segment(lake, segment_key("boilerplate", coming[-1], ALL))
    _enter(lake, index, coming, chrome, params)
    for run_id in runs[max(whole, known) :]:
        _settle(lake, index, run_id, params)
    for run_id in coming:
        remember(index, ledger.history(lake, [run_id]))
    index.save(tuple(runs), told.mark)


def _last_whole(lake: Store, runs: Sequence[str], first: int) -> int:
    """The place of the last run from `first` on that folded all pages, or does not say; -1 without one."""
    for at in range(len(runs) - 1, first - 1, -1):
        told = done(lake, runs[at])
        if told is None or told.whole:
            return at
    return -1


def _enter(lake: Store, index: Index, runs: Sequence[str], rows: pa.Table, params: Params) -> None:
    """Enter the pages of the runs, all without what is chrome by now."""
    docs = documents_of(lake, runs)
    numbers = index.numbers(docs.doc_ids)
    fresh, known = numbers < 0, numbers[numbers >= 0]
    seen = docs.first_seen_at.cast(pa.int64()).to_numpy()
    index["seen"][known] = np.minimum(index["seen"][known], seen[~fresh])
    chrome = chrome_of(rows, index.outlet_codes(rows["outlet_id"].combine_chunks()))
    index.take_off(chrome, params)
    for pages, _ in new_pages(docs, fresh, index.outlet_codes, _ENTERED):
        words = strip(read_lines(pages.articles.words, pages.outlets), chrome)
        index.enter(replace(pages, articles=replace(pages.articles, words=words)), params)


def _settle(lake: Store, index: Index, run_id: str, params: Params) -> None:
    """Put a run's clusters and their pairs in the place of the stories that it touched."""
    clusters = read_segment(lake, segment_key("clusters", run_id, ALL))
    docs, labels = (_known(index, clusters[name], run_id) for name in ("doc_id", "cluster"))
    pairs = read_segments(lake, PAIRS, [segment_key("pairs", run_id, ALL)], _EDGE)
    scored = pc.not_equal(pairs["rule"], RULES[SAME_TEXT]).to_numpy()
    pairs = pairs.filter(pa.array(holds(pairs) & scored)).combine_chunks()
    ends = [_known(index, pairs[name], run_id) for name in ("doc_id_a", "doc_id_b")]
    figures = pc.list_element(pairs["figures"], RARE).combine_chunks()
    index.settle(
        docs,
        labels,
        Edges(
            np.stack(ends, axis=1),
            figures.to_numpy(zero_copy_only=False) < 0,
            pc.index_in(pairs["found_by"], value_set=pa.array(FOUND_BY)).to_numpy().astype(np.int8),
        ),
        params,
    )


def _known(index: Index, doc_ids: pa.ChunkedArray, run_id: str) -> NDArray[np.int64]:
    numbers = index.numbers(doc_ids)
    if (numbers < 0).any():
        raise Failed(f"run {run_id} names {doc_ids[int(np.argmin(numbers))]}, of which there is no page")
    return numbers
