"""What of a text may be shown: not what was taken down, has expired, or is not to be published at all.

What is told of a story rests on all its copies, and stays: ids, counts, figures, times, digests. Only content
goes. Pure, over Arrow columns.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.params import Params
from pipeline.schema import REPUBLICATIONS, STORIES, TAKEDOWNS, VERSIONS
from pipeline.segments import TIME
from pipeline.urls import normalise_url

# the columns that hold the text
TEXTS: Mapping[str, tuple[str, ...]] = {
    REPUBLICATIONS.name: ("body", "footer", "paragraphs_omitted", "paragraphs_added"),
    STORIES.name: ("body", "canonical_added", "canonical_dropped"),
}
# and those that hold words of the page beside it
_CREDITS = ("headline", "byline", "authors", "contributors", "dateline_place", "copyright_line")
CONTENT: Mapping[str, tuple[str, ...]] = {
    REPUBLICATIONS.name: (
        *TEXTS[REPUBLICATIONS.name],
        *_CREDITS,
        *("feed_headline", "og_headline", "dateline", "section", "topic", "declared_canonical_url"),
        *("wire_evidence", "notice_evidence", "image_credits"),
    ),
    STORIES.name: (*TEXTS[STORIES.name], *_CREDITS),
    VERSIONS.name: ("editors_note",),
}
# which column a takedown of a kind names
NAMED = {"url": "url_normalised", "document": "doc_id", "story": "story_id", "outlet": "outlet_id"}
OUTLET_COPY, LICENSED = "outlet", "licensed"


@dataclass(frozen=True, slots=True)
class Rights:
    """`takedowns`: those that bind (segments.TAKEDOWNS), stories by the ids under which they go on; `now`:
    the run's clock."""

    takedowns: pa.Table
    now: datetime
    params: Params

    def taken(self, docs: pa.Table) -> pa.Array:
        """As `covering` says by these takedowns."""
        return covering(self.takedowns, docs)

    def quoted(self, recalls: pa.Table) -> pa.Table:
        """segments.RECALLS, those that were taken down without their words."""
        named = {name: recalls[name] for name in ("doc_id", "outlet_id", "url_normalised")}
        taken = self.taken(pa.table(named | {"story_id": recalls["own_story_id"]}))
        return _without(recalls, ("notice_evidence",), pc.is_valid(taken).to_numpy(zero_copy_only=False))

    def held(self, quarantine: pa.Table) -> pa.Table:
        """schema.QUARANTINE, what was found on pages of URLs and outlets that were taken down left out."""
        if not len(self.takedowns):
            return quarantine
        urls = [normalise_url(url) for url in quarantine["url"].to_pylist()]
        named = {
            "outlet_id": quarantine["outlet_id"],
            "url_normalised": pa.array(urls, pa.string()),
            **dict.fromkeys(("doc_id", "story_id"), pa.nulls(len(urls), pa.string())),
        }
        taken = pc.is_valid(self.taken(pa.table(named))).to_numpy(zero_copy_only=False)
        return _without(quarantine, ("detail",), taken)

    def of_outlets(self, rows: pa.Table) -> pa.Table:
        """Rows about outlets (by outlet_id), none of such as were taken down."""
        taken = self.takedowns.filter(pc.equal(self.takedowns["kind"], "outlet"))["value"].combine_chunks()
        return rows.filter(pc.invert(pc.is_in(rows["outlet_id"], value_set=taken)))

    def of_stories(self, services: pa.ChunkedArray, days: pa.Array) -> dict[str, pa.Array]:
        """usage_class and expires_at of s stories, by the services that they are of (string[s]) and the days
        on which they were first seen (date32[s])."""
        classes = self.params.usage_classes
        named = services.combine_chunks().dictionary_encode()
        of_name = [classes.get(name, LICENSED) for name in named.dictionary.to_pylist()]
        usage = pc.fill_null(pa.array(of_name, pa.string()).take(named.indices), OUTLET_COPY)
        spans = pa.array(
            [self.params.expire_days.get(name) for name in usage.to_pylist()], pa.duration("us")
        ).cast(pa.int64())
        ends = pc.add(_micros(days), pc.multiply(spans, pa.scalar(_DAY)))
        return {"usage_class": usage, "expires_at": ends.cast(TIME)}

    def shown(
        self, copies: pa.Table, stories: pa.Table, versions: pa.Table, days: pa.Array
    ) -> tuple[pa.Table, pa.Table, pa.Table]:
        """schema.REPUBLICATIONS, schema.STORIES and schema.VERSIONS of the same stories without what may not
        be shown; `days`: when each story was first seen, date32[s]."""
        gone = self._expired(stories, days)
        whose = pc.index_in(copies["story_id"], value_set=stories["story_id"].combine_chunks()).to_numpy()
        parts = []
        for table, rows, expired in ((REPUBLICATIONS, copies, gone[whose]), (STORIES, stories, gone)):
            taken = pc.is_valid(rows["takedown_id"]).to_numpy()
            rows = _without(rows, TEXTS[table.name], expired | taken)
            parts.append(_without(rows, CONTENT[table.name], taken))
        withheld = stories["story_id"].filter(pc.is_valid(stories["takedown_id"])).combine_chunks()
        off = pc.is_in(versions["story_id"], value_set=withheld).to_numpy()
        return parts[0], parts[1], _without(versions, CONTENT[VERSIONS.name], off)

    def _expired(self, stories: pa.Table, days: pa.Array) -> NDArray[np.bool_]:
        if not self.params.publish_text:
            return np.ones(len(stories), bool)
        over = pc.fill_null(pc.less_equal(stories["expires_at"], pa.scalar(self.now, TIME)), False)
        old = pc.less(days, pa.scalar(kept_since(self.params.keep_text_days, self.now)))
        return np.asarray(over.to_numpy() | old.to_numpy(zero_copy_only=False), bool)


_DAY = 86_400_000_000  # microseconds


def covering(takedowns: pa.Table, docs: pa.Table) -> pa.Array:
    """The first of the takedowns (segments.TAKEDOWNS) that covers each of n documents, takedown_id
    (string[n]), null for none. `docs`: doc_id, story_id, outlet_id, url_normalised."""
    none = len(takedowns)
    first = np.full(len(docs), none)
    for column, named in _named(takedowns):
        values, numbers = pa.array(list(named), pa.string()), np.array([*named.values(), none])
        at = pc.fill_null(pc.index_in(docs[column], value_set=values), len(values)).to_numpy()
        np.minimum(first, numbers[at], out=first)
    ids = takedowns["takedown_id"].combine_chunks()
    return ids.take(pa.array(first, mask=first == none))


def _named(takedowns: pa.Table) -> Iterator[tuple[str, dict[str, int]]]:
    """For each column the values that takedowns name, and the number of the first one that does."""
    kinds, values, docs = (takedowns[name].to_pylist() for name in ("kind", "value", "doc_ids"))
    for kind, column in NAMED.items():
        named = [(n, value) for n, value in enumerate(values) if kinds[n] == kind]
        if kind == "url":  # asked for under older rules of what is one URL, it is known by both
            named = [(n, url) for n, value in named for url in (value, normalise_url(value))]
        yield column, _first(named)
    yield "doc_id", _first((n, doc_id) for n, own in enumerate(docs) for doc_id in own)


def expiring(days: Iterable[date], since: datetime, now: datetime, params: Params) -> set[date]:
    """Those of the days whose stories may have a text that expired after `since`, until `now`."""
    spans = {*params.expire_days.values(), *([params.keep_text_days + 1] if params.keep_text_days else ())}
    ends = {
        (day, datetime.combine(day, time(), UTC) + timedelta(days=span)) for day in days for span in spans
    }
    return {day for day, end in ends if since < end <= now}


def kept_since(days: int, now: datetime) -> date:
    """The first day of so many before the clock; of 0 all are kept."""
    return now.date() - timedelta(days=days) if days else date.min


def takedown_rows(takedowns: pa.Table) -> pa.Table:
    """schema.TAKEDOWNS of segments.TAKEDOWNS: everything but who asked, and the documents."""
    columns = {name: takedowns[name] for name in ("takedown_id", "kind", "value")}
    columns |= {"reason": takedowns["why"], "taken_down_at": takedowns["at"]}
    return pa.table([columns[name] for name in TAKEDOWNS.schema.names], TAKEDOWNS.schema)


def _first(values: Iterable[tuple[int, str]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for number, value in values:
        found.setdefault(value, number)
    return found


def _micros(days: pa.Array) -> pa.Array:
    return pc.multiply(days.cast(pa.int32()).cast(pa.int64()), pa.scalar(_DAY))


def _without(rows: pa.Table, columns: Collection[str], mask: NDArray[np.bool_]) -> pa.Table:
    """The rows with nothing in these columns where the mask (bool[n]) says so: null where a column may be."""
    if not mask.any():
        return rows
    at = pa.array(np.where(mask, len(rows), np.arange(len(rows))))
    for name in columns:
        column = rows.schema.field(name)
        values = rows[name].combine_chunks()
        nothing = (
            pa.nulls(1, column.type) if column.nullable else pa.array([_empty(column.type)], column.type)
        )
        emptied = pa.concat_arrays([values, nothing]).take(at)
        rows = rows.set_column(rows.schema.get_field_index(name), column, emptied)
    return rows


def _empty(kind: pa.DataType) -> object:
    return [] if pa.types.is_list(kind) else ""
