"""The scene of the partitions that differ from the last release: what is in them by now, all of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.drafting.addresses import ANSWERS, ASKED, NOTICED, ask_addresses
from pipeline.drafting.changed import Changed
from pipeline.drafting.scene import STORY, Scene, ends_in, scatter_pairs
from pipeline.errors import Failed
from pipeline.lake.pages import documents_of
from pipeline.lake.segment import read_narrow
from pipeline.lake.store import Store
from pipeline.publish.layout import lay_out
from pipeline.publish.manifest import Manifest
from pipeline.publish.reader import read_dated
from pipeline.schema import EDGES, REPUBLICATIONS
from pipeline.segments import FETCHES, PAGES, PAIRS, TIME
from pipeline.story.presence import Presence, presence

_PAGE = tuple(dict.fromkeys(["doc_id", "url", "word_count", *ASKED, *NOTICED]))
_STOOD = ("first_seen_at", "last_seen_at", "gone_at")
_ROWS = pa.schema([*(PAGES.field(name) for name in _PAGE), *(pa.field(name, TIME) for name in _STOOD)])


def onto_scene(lake: Store, runs: Sequence[str], base: Manifest, found: Changed, folder: Path) -> Scene:
    """The scene of the partitions that were found to differ from the release `base`.

    `runs`: all that the lake has up to this one, in order; `folder`: for what is scattered.
    """
    every = found.every
    drawn = _in(every.days, found.days)[every.story]
    rows = _rows(lake, base, found, drawn)
    at = pc.index_in(rows["doc_id"], value_set=every.doc_ids).to_numpy()
    days = every.days.take(pa.array(every.story[at]))
    story_ids = every.story_ids.take(pa.array(every.story[at]))
    around = lay_out(story_ids, days, np.zeros(len(at), np.int64))
    stood = _presence(rows, found.fetches)
    told = ask_addresses(
        rows, stood, rows["first_seen_at"].combine_chunks(), around.story, around.story_ids, rows.select
    )
    own = np.flatnonzero(drawn[at])
    layout = lay_out(
        story_ids.take(pa.array(own)), days.take(pa.array(own)), rows["word_count"].to_numpy()[own]
    )
    doc_ids = rows["doc_id"].combine_chunks().take(pa.array(own))
    seen_by = set(every.run_ids.filter(pa.array(drawn)).unique().to_pylist())
    docs = documents_of(lake, [run_id for run_id in runs if run_id in seen_by])
    docs = docs.filter(_in(docs.doc_ids, doc_ids))
    if not docs.doc_ids.equals(doc_ids):
        raise Failed(f"{lake.url}: pages of {base.release} are not in the segments of the runs that saw them")
    loose = found.loose.take(pc.index_in(layout.story_ids, value_set=every.story_ids))
    pairs = scatter_pairs(_pairs(lake, base, found), layout, folder)
    return Scene(docs, layout, told.presence.take(own), told.shown.take(own), told.recalls, pairs, loose)


def _rows(lake: Store, base: Manifest, found: Changed, drawn: NDArray[np.bool_]) -> pa.Table:
    """What is asked of the documents that are drawn and of those that share an address with one, by
    doc_id."""
    every, k = found.every, len(found.every.known)
    shared = pc.is_in(every.urls, value_set=every.urls.filter(pa.array(drawn)))
    beside = pc.and_(shared, pc.not_equal(every.urls, "")).to_numpy(zero_copy_only=False)
    asked = pa.array(drawn | beside)
    days = set(every.known["seen_day"].filter(asked.slice(0, k)).unique().to_pylist())
    files = [file for file in base.tables[REPUBLICATIONS.name].files if file.seen_day in days]
    names = [name for name in _PAGE if name != "fetched_at"]
    old = read_dated(lake, REPUBLICATIONS, files, [*names, *_STOOD])
    old = old.append_column("fetched_at", old["first_seen_at"])
    fresh = found.fresh
    new = fresh.read(_PAGE).append_column("first_seen_at", fresh.first_seen_at)
    new = new.append_column("last_seen_at", fresh.last_seen_at).append_column(
        "gone_at", pa.nulls(len(fresh), TIME)
    )
    new = new.filter(pc.invert(pc.is_in(new["doc_id"], value_set=every.known["doc_id"])))
    both = pa.concat_tables([part.select(_ROWS.names).cast(_ROWS) for part in (old, new)])
    both = both.filter(pc.is_in(both["doc_id"], value_set=every.doc_ids.filter(asked)))
    both = both.sort_by("doc_id").combine_chunks()
    later = fresh.last_seen_at.take(pc.index_in(both["doc_id"], value_set=fresh.doc_ids).combine_chunks())
    last = pc.max_element_wise(both["last_seen_at"].cast(pa.int64()), later.cast(pa.int64())).cast(TIME)
    return both.set_column(both.column_names.index("last_seen_at"), "last_seen_at", last)


def _presence(rows: pa.Table, fetches: pa.Table) -> Presence:
    """Until when each text stood, as the last release says and these fetches tell."""
    gone = rows.filter(pc.is_valid(rows["gone_at"]))
    n = len(gone)
    lost = {
        "url": gone["url"],
        "final_url": pa.nulls(n, pa.string()),
        "outcome": pa.repeat("skipped", n),
        "reason": pa.repeat("gone", n),
        "http_status": pa.repeat(pa.scalar(404, pa.int16()), n),
        "fetched_at": gone["gone_at"],
    }
    answers = pa.schema([FETCHES.field(name) for name in ANSWERS])
    told = pa.concat_tables([pa.table(lost).cast(answers), fetches.select(answers.names).cast(answers)])
    ids, urls, first, last = (
        rows[name].combine_chunks() for name in ("doc_id", "url", "first_seen_at", "last_seen_at")
    )
    return presence(ids, urls, first, last, told)


def _pairs(lake: Store, base: Manifest, found: Changed) -> Iterator[pa.Table]:
    """scene.PLACED_PAIRS of these partitions."""
    every = found.every
    days = set(found.days.to_pylist())
    keys = [file.key for file in base.tables[EDGES.name].files if file.seen_day in days]
    old = (rows.filter(pa.array(found.settled.stand(rows))) for rows in read_narrow(lake, PAIRS, keys))
    for rows in (part for parts in (old, found.settled.pairs()) for part in parts):
        story = ends_in(rows, every.doc_ids, every.story).max(axis=0)
        yield rows.append_column(STORY, [every.story_ids.take(pa.array(story))])


def _in(values: pa.Array, some: pa.Array) -> NDArray[np.bool_]:
    return np.asarray(pc.is_in(values, value_set=some).to_numpy(zero_copy_only=False))
