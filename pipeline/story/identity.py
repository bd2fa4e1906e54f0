"""Story ids are minted once and never re-used; every change is an event that can be replayed.

Each cluster keeps the prior story that holds most of its documents, then the older one; each story lives
on in one cluster only. What is left over is created, merged or split off. Column by column: only what is
contested, and what is new, is looked at in Python.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.identity_tables import ABSORBED, CREATED, MERGED_INTO, SPLIT_FROM
from pipeline.segments import LEDGER

Codes = NDArray[np.int64]
BORN = pa.array([CREATED, SPLIT_FROM])  # the changes that bring a story
_DAY = 86_400_000_000  # microseconds


@dataclass(frozen=True, slots=True)
class _Claims:
    """Which prior story lies in which cluster, with how many documents: int64[k] each, by code. They come
    in the order in which they are granted: most documents, older story, smaller name of the cluster."""

    cluster: Codes
    story: Codes
    count: Codes


def stories_of(events: pa.Table, doc_ids: pa.Array) -> pa.Array:
    """The live story id (string[n]) of each of n different documents, null for one that the ledger
    (segments.LEDGER, in order) does not know."""
    absorbed = events.filter(pc.equal(events["change"], ABSORBED))
    at = pc.index_in(absorbed["doc_id"], value_set=doc_ids).combine_chunks()
    last = np.full(len(doc_ids), -1)
    # the last of several assignments stays
    last[at.drop_null().to_numpy()] = np.flatnonzero(at.is_valid().to_numpy(zero_copy_only=False))
    found = absorbed["story_id"].combine_chunks().take(pa.array(last, mask=last < 0))
    return live(events, found)


def live(events: pa.Table, story_ids: pa.Array) -> pa.Array:
    """The ids (string[n]) that these live on under after the events (segments.LEDGER)."""
    merged = events.filter(pc.equal(events["change"], MERGED_INTO))
    into = dict(zip(merged["story_id"].to_pylist(), merged["other_story_id"].to_pylist(), strict=True))
    return renamed(story_ids, into)


def renamed(story_ids: pa.Array, into: dict[str, str]) -> pa.Array:
    """The ids (string[n]) after following redirects to their ends. `into`: the story that each goes on as."""
    coded = story_ids.dictionary_encode()
    ends = []
    for story in coded.dictionary.to_pylist():
        while story in into:
            story = into[story]
        ends.append(story)
    return pa.array(ends, pa.string()).take(coded.indices)


def live_count(events: pa.Table) -> int:
    """How many stories live after the events (segments.LEDGER)."""
    changes = events["change"]
    return _count(pc.is_in(changes, value_set=BORN)) - _count(pc.equal(changes, MERGED_INTO))


def seen_days(events: pa.Table, story_ids: pa.Array) -> pa.Array:
    """The day (date32[n]) on which each story was first seen, as recorded when it was born; null for one
    whose run recorded none."""
    born = events.filter(pc.is_in(events["change"], value_set=BORN))
    return born["seen_day"].combine_chunks().take(pc.index_in(story_ids, value_set=born["story_id"]))


class Past(Protocol):
    """What is asked of the runs before one."""

    def prior(self, doc_ids: pa.Array) -> pa.Array:
        """The live story id of each of n different documents (string[n]), null for one that is in none."""
        ...

    def births(self, story_ids: pa.Array) -> Codes:
        """The rank of each story in the order in which they were born, int64[n]."""
        ...

    def minted(self, story_ids: pa.Array) -> NDArray[np.bool_]:
        """Which of the ids were ever given away, bool[n]."""
        ...

    @property
    def living(self) -> int:
        """How many stories live."""
        ...


@dataclass(frozen=True, slots=True)
class Replayed:
    """The past as all events (segments.LEDGER) of the runs before tell it, in order."""

    events: pa.Table

    def prior(self, doc_ids: pa.Array) -> pa.Array:
        return stories_of(self.events, doc_ids)

    def births(self, story_ids: pa.Array) -> Codes:
        at = pc.index_in(self._born(), value_set=story_ids)
        ranks = np.zeros(len(story_ids), np.int64)
        ranks[at.drop_null().to_numpy()] = np.flatnonzero(at.is_valid().to_numpy(zero_copy_only=False))
        return ranks

    def minted(self, story_ids: pa.Array) -> NDArray[np.bool_]:
        given = pc.is_in(story_ids, value_set=self._born())
        return np.asarray(given.to_numpy(zero_copy_only=False), np.bool_)

    @property
    def living(self) -> int:
        return live_count(self.events)

    def _born(self) -> pa.Array:
        born = self.events.filter(pc.is_in(self.events["change"], value_set=BORN))
        return born["story_id"].combine_chunks()


def identify(clusters: pa.Table, past: Past, run_id: str) -> pa.Table:
    """The run's events (segments.LEDGER), without days.

    `clusters`: segments.CLUSTERS with all documents of every story that it has a document of; documents
    that it lacks keep their story.
    """
    clusters = clusters.sort_by([("cluster", "ascending"), ("doc_id", "ascending")])
    docs = clusters["doc_id"].combine_chunks()
    named = clusters["cluster"].combine_chunks().dictionary_encode()
    cluster = named.indices.to_numpy().astype(np.int64)
    prior = past.prior(docs).dictionary_encode()
    claims = _claims(cluster, prior, past)
    kept = _keep(claims, len(named.dictionary), len(prior.dictionary))

    new = np.flatnonzero(kept < 0)
    minted = pa.array(_mint(named.dictionary.take(new).to_pylist(), past), pa.string())
    story = np.where(kept < 0, len(prior.dictionary) + np.cumsum(kept < 0) - 1, kept)
    ids = pa.chunked_array([prior.dictionary, minted]).combine_chunks()
    fate = _fate(claims, kept)
    into = {ids[loser].as_py(): ids[story[heir]].as_py() for loser, heir in fate.items()}
    losers = sorted(into)

    own = ids.take(story[cluster])
    old = prior.cast(pa.string())
    moved = pc.fill_null(pc.not_equal(renamed(old, into), own), True)
    parents = ids.take(_first(claims.cluster, claims.story, new))
    return _table(
        run_id,
        pa.table([pc.if_else(parents.is_valid(), SPLIT_FROM, CREATED), minted, parents, _nulls(new)], _EVENT),
        pa.table([_same(MERGED_INTO, losers), losers, [into[s] for s in losers], _nulls(losers)], _EVENT),
        pa.table([_same(ABSORBED, docs), own, old, docs], _EVENT).filter(moved),
    )


def newborn(events: pa.Table) -> pa.Table:
    """story_id, doc_id and other_story_id (where it was before) of the documents of the stories that are
    born in these events."""
    stories = events.filter(pc.is_in(events["change"], value_set=BORN))["story_id"].combine_chunks()
    joins = pc.and_(pc.equal(events["change"], ABSORBED), pc.is_in(events["story_id"], value_set=stories))
    return events.filter(joins).select(["story_id", "doc_id", "other_story_id"])


def dated(events: pa.Table, documents: pa.Table, first_seen_at: pa.Array) -> pa.Table:
    """The events of a run with the `seen_day` of each story born: the UTC day on which the first of its
    documents was seen. `documents`: as `newborn` gives them; `first_seen_at` timestamp[us][n]: of each."""
    seen = pa.table({"story_id": documents["story_id"], "at": first_seen_at.cast(pa.int64())})
    first = seen.group_by("story_id").aggregate([("at", "min")])
    days = pa.array(first["at_min"].to_numpy() // _DAY, pa.int32()).cast(pa.date32())
    at = pc.index_in(events["story_id"], value_set=first["story_id"])
    born = pc.is_in(events["change"], value_set=BORN)
    days = days.take(pc.if_else(born, at, pa.scalar(None, pa.int32())).combine_chunks())
    return events.set_column(events.schema.get_field_index("seen_day"), LEDGER.field("seen_day"), days)


_EVENT = pa.schema([LEDGER.field(name) for name in ("change", "story_id", "other_story_id", "doc_id")])


def _claims(cluster: Codes, prior: pa.DictionaryArray, past: Past) -> _Claims:
    known = prior.is_valid().to_numpy(zero_copy_only=False)
    width = max(len(prior.dictionary), 1)
    pairs, count = np.unique(
        cluster[known] * width + prior.indices.drop_null().to_numpy(), return_counts=True
    )
    held, story = np.divmod(pairs, width)
    order = np.lexsort((held, past.births(prior.dictionary)[story], -count))
    return _Claims(held[order], story[order], count[order])


def _keep(claims: _Claims, clusters: int, stories: int) -> Codes:
    """The prior story that each cluster keeps, -1 for none; a story is kept by one cluster at most."""
    kept = np.full(clusters, -1)
    contested = (np.bincount(claims.cluster, minlength=clusters)[claims.cluster] > 1) | (
        np.bincount(claims.story, minlength=stories)[claims.story] > 1
    )
    kept[claims.cluster[~contested]] = claims.story[~contested]
    taken: set[int] = set()
    pairs = zip(claims.cluster[contested].tolist(), claims.story[contested].tolist(), strict=True)
    for cluster, story in pairs:
        if kept[cluster] < 0 and story not in taken:
            kept[cluster] = story
            taken.add(story)
    return kept


def _fate(claims: _Claims, kept: Codes) -> dict[int, int]:
    """For each story that no cluster keeps, the cluster that holds most of its documents, then the one of
    smaller name."""
    lost = ~np.isin(claims.story, kept)
    cluster, story, count = claims.cluster[lost], claims.story[lost], claims.count[lost]
    order = np.lexsort((cluster, -count))
    stories, first = np.unique(story[order], return_index=True)
    return dict(zip(stories.tolist(), cluster[order][first].tolist(), strict=True))


def _first(keys: Codes, values: Codes, asked: Codes) -> pa.Array:
    """The first value of each key that is asked for, null without one: int64[n]."""
    known, at = np.unique(keys, return_index=True)
    place = pc.index_in(pa.array(asked), value_set=pa.array(known))
    return pa.array(values[at]).take(place)


def _mint(names: Sequence[str], past: Past) -> list[str]:
    """A new id for each cluster from its smallest doc_id; salted where that id was given away before."""
    minted: dict[str, str] = {}
    salt, left = 0, list(names)
    while left:
        ids = [_id(name, salt) for name in left]
        taken = past.minted(pa.array(ids, pa.string())).tolist()
        clash = []
        for name, story_id, used in zip(left, ids, taken, strict=True):
            if used or minted.setdefault(story_id, name) != name:
                clash.append(name)
        salt, left = salt + 1, clash
    of_name = {name: story_id for story_id, name in minted.items()}
    return [of_name[name] for name in names]


def _id(name: str, salt: int) -> str:
    digest = hashlib.sha256(f"{name}\n{salt}".encode())
    return f"s_{digest.hexdigest()[:16]}"


def _table(run_id: str, *parts: pa.Table) -> pa.Table:
    events = pa.concat_tables(parts)
    n = events.num_rows
    given = {"run_id": pa.repeat(run_id, n), "seq": pa.array(np.arange(n, dtype=np.int32))}
    columns = [
        given[name] if name in given else events[name] if name in _EVENT.names else pa.nulls(n, kind)
        for name, kind in zip(LEDGER.names, LEDGER.types, strict=True)
    ]
    return pa.table(columns, LEDGER)


def _same(value: str, rows: Sequence[object] | pa.Array) -> pa.Array:
    return pa.repeat(pa.scalar(value), len(rows))


def _nulls(rows: Sequence[object] | Codes) -> pa.Array:
    return pa.nulls(len(rows), pa.string())


def _count(flags: pa.ChunkedArray) -> int:
    return int(pc.sum(flags).as_py() or 0)
