"""The scene of all documents of the lake, from its segments alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.drafting.addresses import ANSWERS, ASKED, ask_addresses
from pipeline.drafting.scene import STORY, Scene, ends_in, scatter_pairs
from pipeline.lake import ledger, order
from pipeline.lake.pages import documents, segments_until
from pipeline.lake.segment import read_segments
from pipeline.lake.store import Store
from pipeline.matching.pairs import standing_pairs
from pipeline.model import Run
from pipeline.params import Params
from pipeline.publish.layout import lay_out
from pipeline.segments import FETCHES
from pipeline.story.identity import seen_days, stories_of
from pipeline.story.presence import presence
from pipeline.story.strictness import loose_ids, nearly


def whole_scene(lake: Store, run: Run, params: Params, folder: Path) -> Scene:
    """The scene of all pages up to the run, in the order of lake.order. `folder`: for what is scattered."""
    docs = documents(lake, run)
    history = ledger.history(lake, order.runs_until(lake, run))
    story_ids = stories_of(history, docs.doc_ids)
    words = docs.read(["word_count"])["word_count"].to_numpy()
    layout = lay_out(story_ids, seen_days(history, story_ids), words)
    fetches = read_segments(lake, FETCHES, segments_until(lake, "fetches", run), ANSWERS)
    urls = docs.read(["url"])["url"].combine_chunks()
    stood = presence(docs.doc_ids, urls, docs.first_seen_at, docs.last_seen_at, fetches)
    told = ask_addresses(
        docs.read(ASKED), stood, docs.first_seen_at, layout.story, layout.story_ids, docs.read
    )
    ties = [np.zeros((2, 0), np.int64)]

    def placed() -> Iterator[pa.Table]:
        for rows in standing_pairs(lake, run, docs.doc_ids):
            own = ends_in(rows, docs.doc_ids, layout.story)
            ties.append(own[:, nearly(rows, params).to_numpy(zero_copy_only=False)])
            yield rows.append_column(STORY, [layout.story_ids.take(pa.array(own.max(axis=0)))])

    pairs = scatter_pairs(placed(), layout, folder)
    loose = loose_ids(layout.story_ids, *np.concatenate(ties, axis=1))
    return Scene(docs, layout, told.presence, told.shown, told.recalls, pairs, loose)
