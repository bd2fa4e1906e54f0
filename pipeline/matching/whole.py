"""All pages of a lake at once: chrome is learned from all, and every pair may be asked."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.lake import signatures
from pipeline.lake.pages import Documents, documents
from pipeline.lake.store import Store
from pipeline.match.blocks import boilerplate, coded, url_keys
from pipeline.match.chrome import learn, read_lines, strip
from pipeline.match.cluster import cluster
from pipeline.match.clusters import Clusters
from pipeline.match.figures import Articles
from pipeline.match.pairs import kept_pairs
from pipeline.match.scorecard import Scorecard
from pipeline.match.sign import sign
from pipeline.match.verify import Verifier
from pipeline.match.words import read_words
from pipeline.matching.pages import NAMED, NARROW, all_words, times_of
from pipeline.matching.result import Matched, Result
from pipeline.matching.said import judged_among
from pipeline.model import Run
from pipeline.params import Params
from pipeline.segments import CLUSTERS


def fold_all(lake: Store, run: Run, said: pa.Table, scorecard: Scorecard, params: Params) -> Result:
    """Match the pages of this run and of all taken up before it; new signatures are stored. `said`: the
    judgements (segments.JUDGEMENTS) that bind."""
    docs = documents(lake, run)
    articles, chrome = _compared(docs, params)
    signed = sign(articles.words, params)
    known = signatures.known(lake, params)
    fresh = np.flatnonzero(pc.invert(pc.is_in(docs.doc_ids, value_set=known)))
    signatures.add(lake, params, run.run_id, docs.doc_ids, signed.signatures, fresh)
    judged = judged_among(said, docs.doc_ids)
    clusters = cluster(signed, Verifier(articles, scorecard, params), judged=judged)
    return result_of(docs, chrome, clusters, kept_pairs(docs.doc_ids, clusters, scorecard))


def result_of(docs: Documents, chrome: pa.Table, clusters: Clusters, pairs: pa.Table) -> Result:
    """What is written of all documents: their chrome (schema.BOILERPLATE), their clusters, and the pairs of
    these that are kept (segments.PAIRS)."""
    matched = Matched(
        pages=len(docs),
        new_pages=int(np.count_nonzero(docs.places == docs.places.max(initial=-1))),
        touched=len(docs),
        candidates=clusters.candidates,
        accepted=int(np.count_nonzero(clusters.joined)),
        capped=clusters.capped,
        clusters=len(np.unique(clusters.labels)),
    )
    names = docs.doc_ids.take(pa.array(clusters.labels))
    rows = pa.table([docs.doc_ids, names, np.ones(len(docs), bool)], schema=CLUSTERS)
    return Result(docs.read(NAMED), chrome, pairs, rows, matched)


def _compared(docs: Documents, params: Params) -> tuple[Articles, pa.Table]:
    """All documents without their outlets' chrome, and the chrome (schema.BOILERPLATE)."""
    known = docs.read(NARROW)
    outlets, outlet_ids = coded(known["outlet_id"].combine_chunks())
    urls, times = url_keys(known["url_normalised"]), times_of(known, docs.first_seen_at)
    headlines = read_words(known["headline"].combine_chunks())
    del known
    lines = read_lines(all_words(docs), outlets)
    learned = learn(lines, params, urls + 1, docs.first_seen_at.cast(pa.int64()).to_numpy())
    bodies = ((rows, texts["body"].combine_chunks()) for rows, texts in docs.stream(["body"]))
    pages = np.bincount(outlets[outlets >= 0], minlength=len(outlet_ids))
    chrome = boilerplate(learned, outlet_ids, pages, bodies)
    return Articles(strip(lines, learned.chrome), headlines, urls, times), chrome
