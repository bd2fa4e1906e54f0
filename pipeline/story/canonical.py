"""One republication stands for its story, chosen by a policy that is recorded with its reason.

A text scores a point for each shingle that another owner's copy has too, and loses one for each that none
has: a teaser scores little, a local paragraph costs. Among texts that score about the same, one that
credits its wire is preferred. So one copy stands for each version; whatever the policy, but for those that
ask for an older text, the newest version that was not killed stands for the story.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.params import Params
from pipeline.story.confirmed import Confirmed
from pipeline.story.versions import KILL, Shown, Versions, holds

_LAST = np.iinfo(np.int64).max

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Shares = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Choice:
    """For each of n copies: the row that stands for its version (int64[n]), the row that stands for its
    story (int64[n]), and why that one (string[n])."""

    representatives: Ints
    chosen: Ints
    reasons: pa.Array


def choose(
    pages: pa.Table,
    stories: Ints,
    confirmed: Confirmed,
    versions: Versions,
    shown: Shown,
    free: Flags,
    params: Params,
) -> Choice:
    """Choose for some stories among all their n copies.

    `pages`: segments.PAGES; `stories` int64[n]: the number of each copy's story, from 0; `free` bool[n]: it
    may be chosen, where any of the copies in question may.
    """
    score, complete = confirmed.score(), np.rint(confirmed.sizes * confirmed.shares).astype(np.int64)
    score, shares = score[confirmed.text], confirmed.shares[confirmed.text]
    _, version = np.unique(np.stack([stories, versions.number]), axis=1, return_inverse=True)
    rank = np.zeros(len(stories), np.int64)
    newest, usable = _newest(stories, versions)
    eligible = newest
    match params.canonical_policy:
        case "most_complete":
            rank = -complete[confirmed.text]
        case "latest_corrected":
            notices = pages["notices"].combine_chunks()
            rank = np.where(holds(notices, "correction") | holds(notices, "editors_note"), 0, 1)
        case "earliest":
            rank, eligible = shown.since, usable
        case "origin_first":
            origin = _origins(pages, stories) & usable
            rank, eligible = np.where(origin, 0, 1), newest | origin
        case "preferred_outlets":
            rank = _preference(pages["outlet_id"].combine_chunks(), params.preferred_outlets)
    eligible = _first_of(stories, eligible & free, free, eligible)
    some = _first_of(version, free, np.ones(len(stories), bool))
    representatives = _best(pages, score, version, some, np.zeros(len(stories), np.int64), params)[version]
    best = _best(pages, score, stories, eligible, rank, params)
    chosen = best[stories]
    # the story's own text stands for its version, too
    representatives = np.where(version == version[chosen], chosen, representatives)
    told = zip(
        best.tolist(),
        np.bincount(version)[version[best]].tolist(),
        shares[best].tolist(),
        pages["wire_service"].take(pa.array(best)).to_pylist(),
        strict=True,
    )
    reasons = pa.array([_reason(*one, versions, rank, params) for one in told], pa.string())
    return Choice(representatives, chosen, reasons.take(pa.array(stories)))


def _first_of(groups: Ints, *some: Flags) -> Flags:
    """For each group its members among the first of these flags that any of its members has."""
    found = some[-1]
    for flags in reversed(some[:-1]):
        has = np.bincount(groups, flags, int(groups.max(initial=-1)) + 1) > 0
        found = np.where(has[groups], flags, found)
    return found


def _newest(stories: Ints, versions: Versions) -> tuple[Flags, Flags]:
    """The copies of the newest version of each story that was not killed, and all that were not; of a story
    that was killed in all versions, all count."""
    killed = versions.kind == KILL
    count = int(stories.max(initial=-1)) + 1
    usable = ~killed | (np.bincount(stories, ~killed, count) == 0)[stories]
    last = np.zeros(count, np.int64)
    np.maximum.at(last, stories[usable], versions.number[usable])
    return usable & (versions.number == last[stories]), usable


def _origins(pages: pa.Table, stories: Ints) -> Flags:
    """Copies that another copy of the story names as the canonical page, and those on a site that has the
    name of the service which it credits."""
    keys = pc.binary_join_element_wise(pa.array(stories).cast(pa.string()), pages["url_normalised"], " ")
    elsewhere = pc.not_equal(pages["declared_canonical_url"], pages["url_normalised"])
    named = pc.binary_join_element_wise(
        pa.array(stories).cast(pa.string()), pages["declared_canonical_url"], " "
    ).filter(pc.fill_null(elsewhere, False))
    declared = pc.is_in(keys, value_set=named.combine_chunks())
    service = pc.replace_substring_regex(pc.utf8_lower(pages["wire_service"]), r"\W", "")
    site = pc.list_element(pc.split_pattern(pages["outlet_id"], "."), 0)
    return np.asarray(pc.or_(declared, pc.fill_null(pc.equal(service, site), False)).to_numpy(), bool)


def _preference(outlets: pa.Array, preferred: tuple[str, ...]) -> Ints:
    places = pc.index_in(outlets, value_set=pa.array(preferred, pa.string()))
    return np.asarray(pc.fill_null(places, len(preferred)).to_numpy(), np.int64)


def _best(pages: pa.Table, score: Shares, groups: Ints, eligible: Flags, rank: Ints, params: Params) -> Ints:
    """The row chosen for each group, int64[g].

    Of the eligible texts of the least rank whose score is close to the best: one that credits a service,
    then the higher score, then the headline that most copies ran, the earlier, the smaller doc_id.
    """
    count = int(groups.max(initial=-1)) + 1
    first = np.full(count, _LAST)
    np.minimum.at(first, groups[eligible], rank[eligible])
    eligible = eligible & (rank == first[groups])
    most = np.full(count, -np.inf)
    np.maximum.at(most, groups[eligible], score[eligible])
    most = most[groups]
    agreed = eligible & (score >= most - (1 - params.canonical_close) * np.abs(most))
    unnamed = pc.is_null(pages["wire_service"]).to_numpy()
    published = pages["published_at"].cast(pa.int64())
    # lexsort takes the last key first
    order = np.lexsort(
        (
            pc.fill_null(published, 0).to_numpy(),
            pc.is_null(published).to_numpy(),
            -_ran(pages["headline"].combine_chunks(), groups),
            -score,
            unnamed,
            ~agreed,
            groups,
        )
    )
    return order[np.flatnonzero(np.diff(groups[order], prepend=-1))]


def _ran(headlines: pa.Array, groups: Ints) -> Ints:
    """How many copies of its group ran each document's headline, case aside."""
    codes = pc.utf8_lower(headlines).dictionary_encode().indices.to_numpy().astype(np.int64)
    _, place, counts = np.unique(groups * (codes.max() + 1) + codes, return_inverse=True, return_counts=True)
    return counts[place]


def _reason(
    row: int, of: int, share: float, service: str | None, versions: Versions, rank: Ints, params: Params
) -> str:
    number = versions.number[row]
    which = f" of version {number} ({versions.kind[row]})" if number > 1 else ""
    confirmed = f"most confirmed of {of} copies{which}: others have {share:.0%} of its text"
    match params.canonical_policy:
        case "most_complete":
            why = f"most complete of {of} copies{which}: {-rank[row]} shingles that others have, too"
        case "latest_corrected" if rank[row] == 0:
            why = f"newest text that prints the wire's note, {confirmed}"
        case "earliest":
            why = f"earliest copy{which}"
        case "origin_first" if rank[row] == 0:
            why = f"the copy at its origin{which}"
        case "preferred_outlets" if rank[row] < len(params.preferred_outlets):
            why = f"copy{which} of the preferred outlet {params.preferred_outlets[rank[row]]}"
        case _:
            why = confirmed if of > 1 else f"the only copy{which}"
    return f"{why}; {f'credits {service}' if service else 'no copy of it credits a wire'}"
