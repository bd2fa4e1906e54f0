"""One republication stands for its story: the text that the copies agree on most.

A text scores a point for each shingle that another outlet's copy has too, and loses one for each that
none has: a teaser scores little, a local paragraph costs, and the latest version wins as soon as two
outlets carry it. Among texts that score about the same, one that credits its wire is preferred. The
choice is recorded with its reason. Texts of stories with one copy are not read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.match.kernels import overlap, support
from pipeline.match.words import Words
from pipeline.params import Params
from pipeline.segments import CANONICALS

POLICY = "most_confirmed_text"
CANONICAL, EXACT, NEAR, TRUNCATED, EXTENDED = "canonical", "exact", "near", "truncated", "extended"
_ALONE = "the only copy"
Ints = NDArray[np.int64]
Shares = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Choice:
    """For each of k documents: the row chosen for its story, why, and how the document stands to it."""

    chosen: Ints
    reasons: pa.Array
    relations: NDArray[np.str_]
    jaccard: Shares
    inside: Shares
    around: Shares


def choose(pages: pa.Table, stories: Ints, read: Callable[[pa.Table], Words], params: Params) -> pa.Table:
    """segments.CANONICALS for n documents, all of some stories.

    `pages`: segments.PAGES sorted by doc_id; `stories` int64[n]: the number of each document's story;
    `read` gives the words of k of the pages as they are compared.
    """
    n = len(stories)
    chosen, reasons = np.arange(n), pa.repeat(pa.scalar(_ALONE), n)
    relation = np.full(n, CANONICAL, object)
    jaccard, inside, around = (np.ones(n) for _ in range(3))
    _, story = np.unique(stories, return_inverse=True)
    several = np.flatnonzero(np.bincount(story, minlength=1)[story] > 1)
    if len(several):
        some = pages.take(several)
        found = _choose(some, story[several], read(some), params)
        chosen[several] = several[found.chosen]
        reasons = pc.replace_with_mask(reasons, _mask(several, n), found.reasons)
        relation[several] = found.relations
        jaccard[several], inside[several], around[several] = found.jaccard, found.inside, found.around
    columns = {
        "chosen": chosen,
        "policy": pa.repeat(pa.scalar(POLICY), n),
        "reason": reasons,
        "relation": relation,
        "jaccard": jaccard,
        "in_canonical": inside,
        "of_canonical": around,
    }
    return pa.table(
        {field.name: pa.array(columns[field.name], field.type) for field in CANONICALS}, CANONICALS
    )


def _choose(pages: pa.Table, stories: Ints, words: Words, params: Params) -> _Choice:
    sizes, shares = _support(words, pages, stories, params)
    best = _best(pages, stories, sizes * (2 * shares - 1), params)
    of_story = np.zeros(stories.max() + 1, np.int64)
    of_story[stories[best]] = best
    chosen = of_story[stories]
    reasons = _reasons(pages.take(best), np.bincount(stories)[stories[best]], shares[best])
    why = np.zeros(len(of_story), np.int64)
    why[stories[best]] = np.arange(len(best))
    shared = _shared(words, chosen, params)
    inside, around = shared / np.maximum(sizes, 1), shared / np.maximum(sizes[chosen], 1)
    jaccard = shared / np.maximum(sizes + sizes[chosen] - shared, 1)
    own = chosen == np.arange(len(chosen))
    jaccard[own] = inside[own] = around[own] = 1.0
    relations = _relations(words, sizes, chosen, inside, around, params)
    return _Choice(chosen, reasons.take(why[stories]), relations, jaccard, inside, around)


def _support(words: Words, pages: pa.Table, stories: Ints, params: Params) -> tuple[Ints, Shares]:
    """Different shingles of each document, and the share of them that another outlet's copy has."""
    order = np.argsort(stories, kind="stable")
    opens = np.flatnonzero(np.diff(stories[order], prepend=-1, append=-1))
    outlets = pages["outlet_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    sizes, shares = np.zeros(len(stories), np.int64), np.zeros(len(stories))
    texts = words.words, words.starts, words.ends, words.longest
    support.support_all(*texts, order, opens, outlets, params.shingle_words, sizes, shares)
    return sizes, shares


def _shared(words: Words, chosen: Ints, params: Params) -> Ints:
    """Different shingles that each document has in common with its chosen one."""
    pairs = np.stack([chosen, np.arange(len(chosen))], axis=1)
    shared = np.zeros(len(chosen), np.int64)
    texts = words.words, words.starts, words.ends, words.longest
    overlap.shared_all(*texts, pairs, params.shingle_words, shared)
    return shared


def _best(pages: pa.Table, stories: Ints, score: Shares, params: Params) -> Ints:
    """The row chosen for each story, int64[s].

    Of the usable texts whose score is close to the best: one that credits a service, then the higher
    score, then the headline that most copies ran, the earlier, the smaller doc_id.
    """
    killed = _holds(pages["notices"].combine_chunks(), "kill")
    alive = np.bincount(stories, ~killed) > 0
    usable = ~(killed & alive[stories])
    most = np.full(stories.max() + 1, -np.inf)
    np.maximum.at(most, stories[usable], score[usable])
    most = most[stories]
    agreed = usable & (score >= most - (1 - params.canonical_close) * np.abs(most))
    unnamed = pc.is_null(pages["wire_service"]).to_numpy()
    published = pages["published_at"].cast(pa.int64())
    # lexsort takes the last key first
    order = np.lexsort(
        (
            pc.fill_null(published, 0).to_numpy(),
            pc.is_null(published).to_numpy(),
            -_ran(pages["headline"].combine_chunks(), stories),
            -score,
            unnamed,
            ~agreed,
            stories,
        )
    )
    return order[np.flatnonzero(np.diff(stories[order], prepend=-1))]


def _ran(headlines: pa.Array, stories: Ints) -> Ints:
    """How many copies of its story ran each document's headline, case aside."""
    codes = pc.utf8_lower(headlines).dictionary_encode().indices.to_numpy().astype(np.int64)
    _, place, counts = np.unique(stories * (codes.max() + 1) + codes, return_inverse=True, return_counts=True)
    return counts[place]


def _holds(lists: pa.Array, value: str) -> NDArray[np.bool_]:
    """Whether each list holds `value`, bool[n]."""
    found = np.zeros(len(lists), bool)
    rows = pc.list_parent_indices(lists).filter(pc.equal(pc.list_flatten(lists), value))
    found[rows.to_numpy()] = True
    return found


def _reasons(chosen: pa.Table, copies: Ints, shares: Shares) -> pa.Array:
    services = chosen["wire_service"].to_pylist()
    credit = [f"credits {service}" if service else "no copy of it credits a wire" for service in services]
    told = zip(copies.tolist(), shares.tolist(), credit, strict=True)
    return pa.array(
        [
            f"most confirmed of {n} copies: other outlets have {share:.0%} of its text; {credited}"
            for n, share, credited in told
        ],
        pa.string(),
    )


def _relations(
    words: Words, sizes: Ints, chosen: Ints, inside: Shares, around: Shares, params: Params
) -> NDArray[np.str_]:
    ratio = sizes / np.maximum(sizes[chosen], 1)
    most, digests = params.copy_share, words.digests()
    return np.select(
        [
            chosen == np.arange(len(chosen)),
            digests == digests[chosen],
            (inside >= most) & (ratio < most),
            (around >= most) & (ratio > 1 / most),
        ],
        [CANONICAL, EXACT, TRUNCATED, EXTENDED],
        NEAR,
    )


def _mask(rows: Ints, n: int) -> pa.Array:
    mask = np.zeros(n, bool)
    mask[rows] = True
    return pa.array(mask)
