"""From what the copies of stories tell to the tables of versions and pickups, and who still shows what.

Pure: Arrow in, Arrow out; rows are those of whole stories.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.model import Outlet
from pipeline.schema import PICKUPS, VERSIONS
from pipeline.segments import TIME

_HOUR = 3_600_000_000  # microseconds
_CUT = ("truncated", "excerpt")
# by which a version takes the ones before it back, the stronger first
_OUTDATING = ("kill", "correction")

Ints = NDArray[np.int64]


def versions(pages: pa.Table, told: pa.Table, copies: pa.Table, recalls: pa.Table) -> pa.Table:
    """schema.VERSIONS of some stories.

    `pages`, `told`, `copies`: segments.PAGES, segments.TOLD and story_id, first_seen_at, last_seen_at,
    replaced_at, gone_at, takedown_id of n documents, rows alike; `recalls`: segments.RECALLS with `story_id`.
    """
    stated = pc.or_(pc.is_valid(pages["published_at"]), pc.is_valid(pages["modified_at"]))
    since = told["since"].cast(TIME)
    nothing = pa.scalar(None, TIME)
    rows = pa.table(
        {
            "story_id": copies["story_id"],
            "version_no": told["version_no"],
            "kind": told["version_kind"],
            "representative": told["representative"],
            "outlet_id": pages["outlet_id"],
            "first_seen_at": copies["first_seen_at"],
            "last_seen_at": copies["last_seen_at"],
            "firm": pc.if_else(told["firm"], since, nothing),
            "stated": pc.if_else(stated, since, nothing),
            "live_at": pc.if_else(_live(copies), pages["outlet_id"], pa.scalar(None, pa.string())),
        }
    )
    found = rows.group_by(["story_id", "version_no", "kind", "representative"], use_threads=False).aggregate(
        [
            ("firm", "min"),
            ("stated", "min"),
            ("first_seen_at", "min"),
            ("last_seen_at", "max"),
            ("outlet_id", "count"),
            ("outlet_id", "count_distinct"),
            ("live_at", "count_distinct", pc.CountOptions(mode="only_valid")),
        ]
    )
    found = found.sort_by([("story_id", "ascending"), ("version_no", "ascending")])
    stands = pages.take(found["representative"])
    whole = told.take(found["representative"])
    columns = {
        "story_id": found["story_id"],
        "version_no": found["version_no"],
        "kind": found["kind"],
        "representative_doc_id": stands["doc_id"],
        "body_sha256": stands["body_sha256"],
        "first_published_at": pc.coalesce(found["firm_min"], found["stated_min"]),
        "first_seen_at": found["first_seen_at_min"],
        "last_seen_at": found["last_seen_at_max"],
        "n_republications": found["outlet_id_count"],
        "n_outlets": found["outlet_id_count_distinct"],
        "n_outlets_still_live": found["live_at_count_distinct"],
        "words_added": whole["words_added"],
        "words_removed": whole["words_removed"],
        "editors_note": _notes(pages, told, copies, found),
    }
    table = _as(VERSIONS.schema, columns)
    return pa.concat_tables([table, _kills(recalls, table, stands["word_count"])])


def _live(copies: pa.Table) -> pa.Array:
    return pc.and_(pc.is_null(copies["replaced_at"]), pc.is_null(copies["gone_at"]))


def _notes(pages: pa.Table, told: pa.Table, copies: pa.Table, found: pa.Table) -> pa.Array:
    """The line by which each version says what it is: its first copy's that has one, none taken down."""
    noted = pc.greater(pc.list_value_length(pages["notice_evidence"]), 0)
    some = pc.indices_nonzero(pc.and_(noted, pc.is_null(copies["takedown_id"])))
    first: dict[tuple[str, int], str] = {}
    columns = (copies["story_id"], told["version_no"], pages["notice_evidence"])
    for story_id, number, evidence in zip(
        *(column.take(some).to_pylist() for column in columns), strict=True
    ):
        note = _note(evidence)
        if note is not None:
            first.setdefault((story_id, number), note)
    keys = zip(found["story_id"].to_pylist(), found["version_no"].to_pylist(), strict=True)
    return pa.array([first.get(key) for key in keys] if first else [None] * len(found), pa.string())


def _note(evidence: list[dict[str, Any]]) -> str | None:
    return next((one["quote"] for one in evidence if one["rule"] not in ("advisory", "embargo")), None)


def _kills(recalls: pa.Table, known: pa.Table, words: pa.ChunkedArray) -> pa.Table:
    """A version for each story whose copies gave way to a notice: the notice."""
    last: dict[str, tuple[int, int]] = {}
    if len(recalls):
        columns = (known["story_id"].to_pylist(), known["version_no"].to_pylist(), words.to_pylist())
        last = {story_id: (number, size) for story_id, number, size in zip(*columns, strict=True)}
    notices: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in recalls.to_pylist():
        notices[row["story_id"]].append(row)
    return pa.Table.from_pylist(
        [_kill(own, *last[of]) for of, own in sorted(notices.items())], VERSIONS.schema
    )


def _kill(notices: list[dict[str, Any]], number: int, words: int) -> dict[str, Any]:
    in_order = sorted(notices, key=lambda row: (row["since"], row["doc_id"]))
    first = in_order[0]
    return {
        "story_id": first["story_id"],
        "version_no": number + 1,
        "kind": "kill",
        "representative_doc_id": first["doc_id"],
        "body_sha256": first["body_sha256"],
        "first_published_at": first["since"],
        "first_seen_at": min(row["first_seen_at"] for row in notices),
        "last_seen_at": max(row["last_seen_at"] for row in notices),
        "n_republications": len(notices),
        "n_outlets": len({row["outlet_id"] for row in notices}),
        "n_outlets_still_live": len({row["outlet_id"] for row in notices if row["live"]}),
        "words_added": first["word_count"],
        "words_removed": words,
        "editors_note": next(filter(None, (_note(row["notice_evidence"]) for row in in_order)), None),
    }


def outdated(table: pa.Table, copies: pa.Table) -> dict[str, pa.Array]:
    """outdated_by, outdated_since and hours_outdated of n copies.

    `table`: schema.VERSIONS of their stories; `copies`: story_id, version_no, last_seen_at, replaced_at,
    gone_at.
    """
    by, since, hours = (np.full(len(copies), None, object) for _ in range(3))
    events: defaultdict[str, list[tuple[int, int, int, str]]] = defaultdict(list)
    taken = table.filter(pc.is_in(table["kind"], value_set=pa.array(_OUTDATING)))
    at = pc.coalesce(taken["first_published_at"], taken["first_seen_at"]).cast(pa.int64()).to_pylist()
    told = (taken[name].to_pylist() for name in ("story_id", "version_no", "kind"))
    for story_id, number, kind, time in zip(*told, at, strict=True):
        events[story_id].append((_OUTDATING.index(kind), time, number, kind))
    some = np.flatnonzero(
        pc.is_in(copies["story_id"], value_set=pa.array(list(events), pa.string())).to_numpy()
    )
    rows = copies.take(pa.array(some))
    until = pc.coalesce(rows["replaced_at"], rows["gone_at"], rows["last_seen_at"]).cast(pa.int64())
    columns = (rows["story_id"].to_pylist(), rows["version_no"].to_pylist(), until.to_pylist())
    for row, story_id, number, end in zip(some.tolist(), *columns, strict=True):
        over = [event for event in sorted(events[story_id]) if event[2] > number and event[1] < end]
        if over:
            by[row], since[row], hours[row] = over[0][3], over[0][1], (end - over[0][1]) / _HOUR
    return {
        "outdated_by": pa.array(by, pa.string()),
        "outdated_since": pa.array(since, pa.int64()).cast(TIME),
        "hours_outdated": pa.array(hours, pa.float32()),
    }


def pickups(copies: pa.Table, told: pa.Table, outlets: Sequence[Outlet]) -> pa.Table:
    """schema.PICKUPS from the republications of some stories (schema.REPUBLICATIONS, and segments.TOLD)."""
    coded = [copies[name].combine_chunks().dictionary_encode() for name in ("story_id", "outlet_id")]
    story, outlet = (one.indices.to_numpy().astype(np.int64) for one in coded)
    order = np.lexsort((np.arange(len(story)), told["since"].to_numpy(), outlet, story))
    opens = np.diff(story[order] * len(coded[1].dictionary) + outlet[order], prepend=-1) != 0
    group = np.cumsum(opens) - 1
    firsts = order[opens]
    lasts = order[np.append(np.flatnonzero(opens)[1:], len(order))[: len(firsts)] - 1]
    live = np.bincount(group, _live(copies).to_numpy()[order], len(firsts)) > 0
    first, last = copies.take(pa.array(firsts)), copies.take(pa.array(lasts))
    spans = _spans(copies, order, group, len(firsts))
    lag, rank = _lags(story[firsts], first["outlet_id"], pc.coalesce(*spans[:2]))
    removed = pc.if_else(pa.array(live), pa.scalar(None, TIME), last["gone_at"])
    groups = {one.outlet_id: one.owner_group for one in outlets}
    columns = {
        "story_id": first["story_id"],
        "outlet_id": first["outlet_id"],
        "owner_group": pa.array([groups.get(name) for name in first["outlet_id"].to_pylist()], pa.string()),
        "first_published_at": spans[0],
        "first_seen_at": spans[1],
        "last_seen_at": spans[2],
        "lag_minutes": lag,
        "pickup_rank": rank,
        "n_republications": np.bincount(group),
        "version_first": first["version_no"],
        "version_last": last["version_no"],
        "is_truncated": pc.is_in(told["shape"].take(pa.array(lasts)), value_set=pa.array(_CUT)),
        "headline_changed": pc.greater(last["headline_distance"], 0),
        "credit_present": last["credit_present"],
        "still_live": live,
        "removed_at": removed,
        "outdated_by": last["outdated_by"],
        "hours_outdated": last["hours_outdated"],
    }
    return _as(PICKUPS.schema, columns)


def _spans(copies: pa.Table, order: Ints, group: Ints, n: int) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Of each of n groups the first publication stated (or null), when it was first and when last seen."""
    rows = copies.take(pa.array(order)).select(["published_at", "first_seen_at", "last_seen_at"])
    found = (
        rows.append_column("group", [group])
        .group_by("group", use_threads=False)
        .aggregate([("published_at", "min"), ("first_seen_at", "min"), ("last_seen_at", "max")])
    )
    return tuple(
        found[name].combine_chunks() for name in ("published_at_min", "first_seen_at_min", "last_seen_at_max")
    )


def _lags(story: Ints, outlets: pa.ChunkedArray, at: pa.Array) -> tuple[Ints, Ints]:
    """Minutes from the first pickup of each one's story to its own, and its rank."""
    time = at.cast(pa.int64()).to_numpy()
    names = pc.rank(outlets.combine_chunks(), tiebreaker="dense").to_numpy()
    order = np.lexsort((names, time, story))
    opens = np.flatnonzero(np.diff(story[order], prepend=-1))
    first = np.repeat(opens, np.diff(np.append(opens, len(order))))
    lag, rank = np.empty(len(order), np.int64), np.empty(len(order), np.int64)
    lag[order] = (time[order] - time[order[first]]) // 60_000_000
    rank[order] = np.arange(len(order)) - first + 1
    return lag, rank


def _as(schema: pa.Schema, columns: dict[str, Any]) -> pa.Table:
    arrays = [
        (
            column
            if isinstance(column := columns[field.name], pa.Array | pa.ChunkedArray)
            else pa.array(column)
        )
        for field in schema
    ]
    return pa.Table.from_arrays(
        [array.cast(field.type) for array, field in zip(arrays, schema, strict=True)], schema=schema
    )
