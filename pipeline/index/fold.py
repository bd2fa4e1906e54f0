"""New pages into the stories that stand: the stories that they could belong to are clustered again with them.

They are clustered by what clusters a whole lake, but only pairs with a new page are asked; of the others only
those that were accepted are judged again. A document whose chrome became known only now is asked anew, and
with it its whole story, of which it may have been the only bond.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.index.reach import Asked, Reached, known_edges, members, neighbourhood, quoting, reach
from pipeline.index.standing import Index, Pages
from pipeline.match.candidates import spans_of
from pipeline.match.chrome import Chrome, read_lines, strip
from pipeline.match.cluster import cluster, worth_keeping
from pipeline.match.clusters import FOUND_BY, Clusters
from pipeline.match.figures import Articles
from pipeline.match.judged import Judged
from pipeline.match.known import Known
from pipeline.match.scorecard import Scorecard
from pipeline.match.sign import sign
from pipeline.match.verify import OPEN, Verifier
from pipeline.match.words import Words
from pipeline.params import Params


@dataclass(frozen=True, slots=True)
class Folded:
    """`doc_ids` string[n]: all documents of the stories that were touched, sorted; `asked` bool[n]: whose
    pairs were asked in this run; `clusters` of them. `near`: pairs with documents of other stories that came
    near the line, by number among `near_ids`, which are sorted, too."""

    doc_ids: pa.Array
    asked: NDArray[np.bool_]
    clusters: Clusters
    near_ids: pa.Array
    near: Clusters


def fold_in(
    index: Index,
    new: Pages,
    became: Chrome,
    reopened: NDArray[np.int64],
    judged: Callable[[pa.Array], Judged],
    scorecard: Scorecard,
    params: Params,
) -> Folded:
    """Fold k new pages, without chrome, into the stories of the index. Stories that fall apart are asked
    anew.

    `became`: lines that turned into chrome with them; `reopened` int64: documents whose stories are to be
    clustered again for another reason; `judged` gives what was said of pairs among documents (string[n]).
    """
    changed = index.holders(became.keys)
    again = members(index, np.concatenate([changed, reopened]))
    asked = Articles.concat([new.articles, _asked_again(index, again, changed, became)])
    ids = pa.concat_arrays([new.doc_ids, index.doc_ids(again)])
    reached = reach(index, _asking(asked), again, params)
    others, place = np.unique(reached.docs, return_inverse=True)
    pairs = np.stack([reached.owners, len(asked) + place], axis=1)
    verifier = Verifier(Articles.concat([asked, index.articles(others)]), scorecard, params)
    verdicts = verifier.verify(pairs)
    # what rests on rare words is judged again by every page that has some of them
    near = worth_keeping(verdicts, params)
    touching = near | (verdicts.rule == OPEN) | reached.same | index["doubtful"][reached.docs]
    touched = neighbourhood(index, np.concatenate([again, reached.docs[touching]]))
    stand = np.setdiff1d(touched, again, assume_unique=True)
    doubted = np.unique(pairs[verdicts.rule == OPEN, 0])
    quoted = Words.concat([asked.words.take(doubted), index.words(stand[index["doubtful"][stand]])])
    elsewhere = np.setdiff1d(np.union1d(others, quoting(index, quoted, touched, params)), touched)
    doc_ids, mine, clusters = _clustered(index, asked, ids, stand, elsewhere, judged, verifier)
    torn = _torn(index, doc_ids, clusters)
    if len(np.setdiff1d(torn, again)):
        # what else joins them was not asked as long as they were one story
        return fold_in(index, new, became, np.concatenate([reopened, torn]), judged, scorecard, params)
    near &= ~verdicts.accepted & ~np.isin(reached.docs, touched)
    near_ids = pa.concat_arrays([ids, index.doc_ids(others)])
    return Folded(doc_ids, mine, clusters, *_near(near_ids, verifier, pairs[near], reached.take(near)))


def _torn(index: Index, doc_ids: pa.Array, clusters: Clusters) -> NDArray[np.int64]:
    """The documents of stories of the index that are not all in one cluster any more."""
    docs = index.numbers(doc_ids)
    known = np.flatnonzero(docs >= 0)
    both = np.unique(np.stack([index["labels"][docs[known]], clusters.labels[known]]), axis=1)
    stories, parts = np.unique(both[0], return_counts=True)
    return members(index, stories[parts > 1])


def _clustered(
    index: Index,
    asked: Articles,
    ids: pa.Array,
    stand: NDArray[np.int64],
    elsewhere: NDArray[np.int64],
    judged: Callable[[pa.Array], Judged],
    verifier: Verifier,
) -> tuple[pa.Array, NDArray[np.bool_], Clusters]:
    """The articles that ask, with their ids, and the documents `stand` of the index in clusters, in the order
    of their ids; the documents `elsewhere` only have their words counted."""
    both = pa.concat_arrays([ids, index.doc_ids(stand)])
    order = pc.sort_indices(both).to_numpy().astype(np.int64)
    both = both.take(pa.array(order))
    mine = Articles.concat([asked, index.articles(stand)]).take(order)
    articles = Articles.concat([mine, index.articles(elsewhere)])
    known = _known(index, len(asked), stand, order, elsewhere)
    signed = sign(articles.words, verifier.params)
    here = Verifier(articles, verifier.scorecard, verifier.params)
    return both, order < len(asked), cluster(signed, here, known, judged(both))


def _asking(articles: Articles) -> Asked:
    digests = articles.words.digests()
    _, firsts, same = np.unique(digests, return_index=True, return_inverse=True)
    return Asked(articles.words, digests, articles.urls, spans_of(articles.times, firsts[same]))


def _asked_again(
    index: Index, again: NDArray[np.int64], changed: NDArray[np.int64], became: Chrome
) -> Articles:
    """Documents of the index without what became chrome."""
    found = index.articles(again)
    outlets = np.where(np.isin(again, changed), index["outlets"][again], -1)
    words = strip(read_lines(found.words, outlets.astype(np.int32)), became)
    return Articles(words, found.headlines, found.urls, found.times)


def _known(
    index: Index,
    asked: int,
    stand: NDArray[np.int64],
    order: NDArray[np.int64],
    elsewhere: NDArray[np.int64],
) -> Known:
    """What is known of the documents `stand`, which come after the first `asked` in the numbering that
    `order` sorts."""
    n = len(order)
    rank = np.empty(n, np.int64)
    rank[order] = np.arange(n)
    edges = known_edges(index, stand)
    place = np.minimum(np.searchsorted(stand, edges.pairs), max(len(stand) - 1, 0))
    # a pair with a document that is asked anew is asked anew
    inside = (stand[place] == edges.pairs).all(axis=1) if len(stand) else np.zeros(0, bool)
    return Known(
        np.concatenate([order < asked, np.zeros(len(elsewhere), bool)]),
        np.concatenate([np.full(n, -1), index["sure"][elsewhere]]),
        np.sort(rank[asked + place[inside]], axis=1),
        np.array(FOUND_BY, object)[edges.found_by[inside]],
    )


def _near(
    ids: pa.Array, verifier: Verifier, pairs: NDArray[np.int64], reached: Reached
) -> tuple[pa.Array, Clusters]:
    """Refused pairs (int64[m, 2]) with the documents numbered in the order of their ids."""
    order = pc.sort_indices(ids).to_numpy().astype(np.int64)
    n = len(order)
    rank = np.empty(n, np.int64)
    rank[order] = np.arange(n)
    sorted_pairs = np.sort(rank[pairs], axis=1)
    rows = np.lexsort((sorted_pairs[:, 1], sorted_pairs[:, 0]))
    there = Verifier(verifier.articles.take(order), verifier.scorecard, verifier.params)
    verdicts = there.verify(sorted_pairs[rows])
    found_by = np.array(FOUND_BY, object)[reached.found_by[rows]]
    alone = np.arange(n)
    nothing, said = np.full(len(verdicts), "", object), np.zeros(len(verdicts), np.int8)
    clusters = Clusters(alone, alone, verdicts, found_by, nothing, said, len(pairs), 0)
    return ids.take(pa.array(order)), clusters
