"""What the addresses of documents tell: until when each text stood, since when it was shown, and which
notices took the place of stories."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.segments import PAGES, RECALLS, TIME
from pipeline.story.presence import Presence
from pipeline.story.recalls import find_recalls
from pipeline.story.versions import TAKEN_BACK, Shown, holds, shown

# what is asked of segments.FETCHES, and of all documents
ANSWERS = ("url", "final_url", "outcome", "reason", "http_status", "fetched_at")
ASKED = ("published_at", "modified_at", "fetched_at", "notices")
# what is asked of the notices among them
NOTICED = tuple(name for name in RECALLS.names if name in PAGES.names)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Of n documents: `presence`, each replaced when the text that followed says that it came; `shown`: since
    when; `recalls`: segments.RECALLS, the notices that took the place of stories."""

    presence: Presence
    shown: Shown
    recalls: pa.Table


def ask_addresses(
    pages: pa.Table,
    stood: Presence,
    first_seen_at: pa.Array,
    story: NDArray[np.int64],
    story_ids: pa.Array,
    read: Callable[[Sequence[str]], pa.Table],
) -> Addresses:
    """What the addresses of n documents tell.

    `pages`: the columns ASKED of segments.PAGES; `stood`: as the fetches tell; `first_seen_at`
    timestamp[us][n]; `story` int64[n]: the place of each document's story in `story_ids` (string[s], in the
    order of the release); `read` gives some columns of segments.PAGES of them.
    """
    at = shown(pages, stood.before, stood.last_seen_at)
    dated = stood.dated(at.since)
    found, taken_back = find_recalls(killing(pages["notices"].combine_chunks()), story, dated.before)
    if not len(found):
        return Addresses(dated, at, RECALLS.empty_table())
    rows = read(NOTICED).take(found)
    columns = {name: rows[name] for name in NOTICED} | {
        "story_id": story_ids.take(pa.array(taken_back)),
        "own_story_id": story_ids.take(pa.array(story[found])),
        "since": pa.array(at.since[found], TIME),
        "first_seen_at": first_seen_at.take(pa.array(found)),
        "last_seen_at": dated.last_seen_at.take(pa.array(found)),
        "live": pc.and_(pc.is_null(dated.replaced_at), pc.is_null(dated.gone_at)).take(pa.array(found)),
    }
    return Addresses(dated, at, pa.table({name: columns[name] for name in RECALLS.names}).cast(RECALLS))


def killing(notices: pa.Array) -> NDArray[np.bool_]:
    """Which documents (their `notices`) carry one that takes a story back, bool[n]."""
    return np.asarray(np.any([holds(notices, kind) for kind in TAKEN_BACK], axis=0))
