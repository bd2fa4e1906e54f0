"""Which partitions differ from the last release: those of stories of which something is told otherwise.

Of what is published already only narrow columns are read. A document is told otherwise if it is new, if its
story was clustered again (as are those of pages whose chrome became known, or that a person judged), if its
address was asked again, or if a notice that takes stories back stands at the address of one that is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.drafting.addresses import ANSWERS, killing
from pipeline.drafting.scene import ENDS, ends_in
from pipeline.lake import ledger
from pipeline.lake.pages import Documents, documents_of, segments_of
from pipeline.lake.segment import read_segments
from pipeline.lake.store import Store
from pipeline.matching.pairs import Settled
from pipeline.params import Params
from pipeline.publish.layout import lay_out
from pipeline.publish.manifest import Manifest
from pipeline.publish.reader import read_dated
from pipeline.schema import EDGES, REGISTRY, REPUBLICATIONS
from pipeline.segments import FETCHES
from pipeline.story.identity import live, seen_days, stories_of
from pipeline.story.strictness import loose_ids, nearly

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
_KNOWN = ("doc_id", "story_id", "story_id_loose", "url", "notices", "replaced_at", "run_id", "takedown_id")
_EDGE = (*ENDS, "decision", "rule", "score")


@dataclass(frozen=True, slots=True)
class Every:
    """All n documents, the k of the last release first, in s stories in the order of the release.

    `known`: the columns _KNOWN of the last release and the seen_day of each, k rows. `doc_ids`, `urls`,
    `run_ids` string[n]: `run_ids` of the runs that saw each first; `killing` bool[n]: it carries a notice
    that takes a story back. `story` int64[n], `story_ids` string[s], `days` date32[s].
    """

    known: pa.Table
    doc_ids: pa.Array
    urls: pa.Array
    run_ids: pa.Array
    killing: Flags
    story: Ints
    story_ids: pa.Array
    days: pa.Array


@dataclass(frozen=True, slots=True)
class Changed:
    """`days`: the partitions that differ, date32; `every`: all documents as they are now, `loose` string[s]
    of their stories; `fresh`: those of the runs that come in; `fetches`: what these were answered (ANSWERS of
    segments.FETCHES); `settled`: which pairs they settled."""

    days: pa.Array
    every: Every
    loose: pa.Array
    fresh: Documents
    fetches: pa.Table
    settled: Settled


def what_changed(lake: Store, coming: Sequence[str], base: Manifest, params: Params) -> Changed:
    """What differs from the release `base` once the runs come in, each of which is later than all it
    holds."""
    fresh = documents_of(lake, coming)
    every = _every(lake, coming, fresh, base)
    settled = Settled.by(lake, coming, every.doc_ids)
    fetches = read_segments(lake, FETCHES, segments_of(lake, "fetches", coming), ANSWERS)
    told = settled.touched >= 0
    told |= _asked_again(every, fresh, fetches)
    told |= _moved(every)
    told = _noticed(every, told)
    edge_days, ties = _pairs(lake, base, every, settled, params)
    loose = loose_ids(every.story_ids, *ties)
    told[: len(every.known)] |= _differ(
        loose.take(every.story[: len(every.known)]), every.known["story_id_loose"]
    )
    now = every.days.take(pa.array(every.story[told]))
    before = every.known["seen_day"].filter(pa.array(told[: len(every.known)]))
    days = pa.chunked_array([now, *before.chunks, edge_days], pa.date32()).unique()
    return Changed(days, every, loose, fresh, fetches, settled)


def _every(lake: Store, coming: Sequence[str], fresh: Documents, base: Manifest) -> Every:
    known = read_dated(lake, REPUBLICATIONS, base.tables[REPUBLICATIONS.name].files, _KNOWN).combine_chunks()
    registry = read_dated(lake, REGISTRY, base.tables[REGISTRY.name].files, ["story_id"]).combine_chunks()
    events = ledger.history(lake, coming)
    new = pc.invert(pc.is_in(fresh.doc_ids, value_set=known["doc_id"]))
    pages = fresh.read(["doc_id", "url", "notices"]).filter(new)
    runs = pa.array(coming, pa.string()).take(pa.array(fresh.places)).filter(new)
    doc_ids, urls, notices, run_ids = (
        pa.concat_arrays([*old.chunks, *own])
        for old, own in (
            (known["doc_id"], pages["doc_id"].chunks),
            (known["url"], pages["url"].chunks),
            (known["notices"], pages["notices"].chunks),
            (known["run_id"], [runs]),
        )
    )
    kept = live(events, known["story_id"].combine_chunks())
    story_ids = pc.coalesce(
        stories_of(events, doc_ids), pa.concat_arrays([kept, pa.nulls(len(runs), pa.string())])
    )
    recorded = (
        registry["seen_day"].take(pc.index_in(story_ids, value_set=registry["story_id"])).combine_chunks()
    )
    layout = lay_out(
        story_ids, pc.coalesce(seen_days(events, story_ids), recorded), np.zeros(len(doc_ids), np.int64)
    )
    return Every(known, doc_ids, urls, run_ids, killing(notices), layout.story, layout.story_ids, layout.days)


def _moved(every: Every) -> Flags:
    """Which documents are new, or in another story than they were, bool[n]."""
    k = len(every.known)
    moved = np.ones(len(every.doc_ids), bool)
    moved[:k] = _differ(every.story_ids.take(pa.array(every.story[:k])), every.known["story_id"])
    return moved


def _asked_again(every: Every, fresh: Documents, fetches: pa.Table) -> Flags:
    """Of which documents the addresses were asked again, bool[n]: of those that gave way to another text
    before, only where such a one came back."""
    k = len(every.known)
    asked = pa.chunked_array(
        [
            *fresh.read(["url"])["url"].chunks,
            *fetches["url"].chunks,
            *fetches["final_url"].drop_null().chunks,
        ],
        pa.string(),
    )
    at = pc.and_(pc.is_in(every.urls, value_set=asked), pc.not_equal(every.urls, ""))
    replaced = np.zeros(len(every.doc_ids), bool)
    replaced[:k] = pc.is_valid(every.known["replaced_at"]).to_numpy()
    again = _flags(pc.is_in(every.doc_ids, value_set=fresh.doc_ids)) & replaced
    back = _flags(pc.is_in(every.urls, value_set=every.urls.filter(pa.array(again))))
    return _flags(at) & (~replaced | back)


def _noticed(every: Every, told: Flags) -> Flags:
    """Those that are told otherwise, and all that stand at an address with a notice and with one of a story
    that is, and so on."""
    at = pc.and_(
        pc.is_in(every.urls, value_set=every.urls.filter(pa.array(every.killing))),
        pc.not_equal(every.urls, ""),
    )
    docs = np.flatnonzero(_flags(at))
    url = every.urls.take(pa.array(docs)).dictionary_encode().indices.to_numpy()
    told = told.copy()
    while True:
        stories = np.zeros(len(every.story_ids), bool)
        stories[every.story[told]] = True
        some = np.zeros(len(docs), bool)
        reached = np.unique(url[stories[every.story[docs]]])
        some[np.isin(url, reached)] = True
        if told[docs[some]].all():
            return told
        told[docs[some]] = True


def _pairs(
    lake: Store, base: Manifest, every: Every, settled: Settled, params: Params
) -> tuple[pa.Array, Ints]:
    """The partitions in which the pairs differ, date32; and the stories, int64[2, k], that those refused near
    the line tie."""
    days = []
    ties = [np.zeros((2, 0), np.int64)]
    edges = read_dated(lake, EDGES, base.tables[EDGES.name].files, _EDGE).combine_chunks()
    stands = settled.stand(edges)
    ends = ends_in(edges, every.doc_ids, every.story)
    now = every.days.take(pa.array(ends.max(axis=0)))
    differs = _differ(now, edges["seen_day"]) | ~stands
    days += [now.filter(pa.array(differs)), edges["seen_day"].filter(pa.array(differs)).combine_chunks()]
    ties.append(ends[:, _flags(nearly(edges, params)) & stands])
    for rows in settled.pairs():
        ends = ends_in(rows, every.doc_ids, every.story)
        days.append(every.days.take(pa.array(ends.max(axis=0))))
        ties.append(ends[:, _flags(nearly(rows, params))])
    return pa.concat_arrays(days), np.concatenate(ties, axis=1)


def _differ(a: pa.Array, b: pa.Array | pa.ChunkedArray) -> Flags:
    return _flags(pc.not_equal(a, b))


def _flags(values: pa.Array | pa.ChunkedArray) -> Flags:
    return np.asarray(
        values.to_numpy(zero_copy_only=False) if isinstance(values, pa.Array) else values.to_numpy(), bool
    )
