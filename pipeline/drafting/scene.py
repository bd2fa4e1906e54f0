"""What is drawn: documents in their stories, all of each, and what is told of them one bucket of stories at a
time.

Narrow columns of the documents are held; texts pass by once, are scattered to the disk by bucket, and are in
memory for one bucket only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.columns import Table
from pipeline.lake.pages import Documents
from pipeline.match.words import Words
from pipeline.model import Outlet
from pipeline.params import Params
from pipeline.publish import tables, timeline
from pipeline.publish.layout import Layout
from pipeline.publish.rights import Rights
from pipeline.publish.spill import Spill
from pipeline.schema import EDGES, PICKUPS, REPUBLICATIONS, STORIES, VERSIONS
from pipeline.segments import PAGES, PAIRS
from pipeline.story.presence import Presence
from pipeline.story.strictness import strict_ids
from pipeline.story.telling import tell
from pipeline.story.versions import Shown

Ints = NDArray[np.int64]
# the tables that are told of stories, in the order in which a bucket gives them
STORY_TABLES = (STORIES, REPUBLICATIONS, VERSIONS, PICKUPS, EDGES)
_USED = {*REPUBLICATIONS.schema.names, *STORIES.schema.names, "fetched_at"}
_COLUMNS = tuple(name for name in PAGES.names if name in _USED)
# the place of a row's document in the order of the ids
_DOCUMENT = pa.field("document", pa.int64(), nullable=False)
ENDS = ("doc_id_a", "doc_id_b")
# segments.PAIRS, each with the story that it is told with
STORY = pa.field("story_id", pa.string(), nullable=False)
PLACED_PAIRS = PAIRS.append(STORY)


@dataclass(frozen=True, slots=True)
class Scene:
    """n documents in s stories.

    `stood`, `shown`: what their addresses tell; `recalls`: segments.RECALLS of the stories; `pairs`:
    PLACED_PAIRS by the bucket of their stories; `loose`: story_id_loose (string[s]) of each story.
    """

    docs: Documents
    layout: Layout
    stood: Presence
    shown: Shown
    recalls: pa.Table
    pairs: Spill
    loose: pa.Array


@dataclass(frozen=True, slots=True)
class Desk:
    """What the drawing of every bucket needs: the registry's outlets, the params, the judgements
    (segments.JUDGEMENTS) that bind, what may be shown, and a reader of the words of some pages (columns
    outlet_id and body of segments.PAGES) as they were compared."""

    outlets: Sequence[Outlet]
    params: Params
    said: pa.Table
    rights: Rights
    read: Callable[[pa.Table], Words]


@dataclass(frozen=True, slots=True)
class Bucket:
    """The published rows of some stories, and the seen_day (date32) of each story and of each edge."""

    copies: pa.Table
    stories: pa.Table
    versions: pa.Table
    pickups: pa.Table
    edges: pa.Table
    story_days: pa.Array
    edge_days: pa.Array

    def tables(self) -> Iterator[tuple[Table, pa.Table, pa.Array]]:
        """Each of STORY_TABLES with its rows and their days."""
        stories = self.stories["story_id"].combine_chunks()
        for table, rows in zip(
            STORY_TABLES, (self.stories, self.copies, self.versions, self.pickups), strict=False
        ):
            yield table, rows, self.story_days.take(pc.index_in(rows["story_id"].combine_chunks(), stories))
        yield EDGES, self.edges, self.edge_days


def buckets(scene: Scene, desk: Desk, folder: Path) -> Iterator[Bucket]:
    """All stories of the scene, a bucket at a time, in the order of the published files. `folder`: for what
    is scattered."""
    pages = _scatter_pages(scene, folder)
    for number in range(scene.layout.bucket_count):
        yield _draw(scene, desk, pages.read(number).sort_by("document"), scene.pairs.read(number))


def _draw(scene: Scene, desk: Desk, rows: pa.Table, pairs: pa.Table) -> Bucket:
    layout, document = scene.layout, rows["document"].to_numpy()
    story = layout.story[document]
    placed = _placed(scene, rows, document, story)
    placed = placed.append_column("takedown_id", desk.rights.taken(_named(rows, placed)))
    owners = tables.owner_groups(rows["outlet_id"].combine_chunks(), desk.outlets).dictionary_encode()
    told = tell(
        rows,
        story,
        owners.indices.to_numpy().astype(np.int64),
        scene.shown.take(document),
        pc.is_null(placed["takedown_id"]).to_numpy(),
        desk.read,
        desk.params,
    )
    strict = strict_ids(
        placed["story_id"].combine_chunks(), told["strict"].to_numpy(), rows["fetched_at"], rows["doc_id"]
    )
    placed = placed.append_column("story_id_strict", strict)
    numbered = placed.append_column("version_no", told["version_no"])
    own = layout.story_ids.take(pa.array(np.unique(story)))
    recalls = desk.rights.quoted(scene.recalls.filter(pc.is_in(scene.recalls["story_id"], value_set=own)))
    versions = timeline.versions(rows, told, numbered, recalls)
    copies = tables.republications(rows, told, placed, timeline.outdated(versions, numbered))
    days = layout.days.take(pa.array(story[tables.canonical_rows(told)]))
    stories = tables.stories(copies, rows, told, versions, desk.outlets, desk.rights, days)
    shown, shown_stories, shown_versions = desk.rights.shown(copies, stories, versions, days)
    with_story = pairs["story_id"].combine_chunks()
    return Bucket(
        shown,
        shown_stories,
        shown_versions,
        timeline.pickups(copies, told, desk.outlets),
        tables.edges(pairs, with_story, desk.said),
        days,
        layout.days.take(pc.index_in(with_story, value_set=layout.story_ids)),
    )


def _named(rows: pa.Table, placed: pa.Table) -> pa.Table:
    """What a takedown can name of the documents."""
    named = rows.select(["doc_id", "outlet_id", "url_normalised"])
    return named.append_column("story_id", placed["story_id"])


def _placed(scene: Scene, rows: pa.Table, document: Ints, story: Ints) -> pa.Table:
    """What the lake knows of the documents beside their pages."""
    stood = scene.stood
    return pa.table(
        {
            "story_id": scene.layout.story_ids.take(story),
            "story_id_loose": scene.loose.take(story),
            "first_seen_at": rows["fetched_at"],
            "last_seen_at": stood.last_seen_at.take(document),
            "replaced_at": stood.replaced_at.take(document),
            "gone_at": stood.gone_at.take(document),
        }
    ).combine_chunks()


def _scatter_pages(scene: Scene, folder: Path) -> Spill:
    """The pages of all documents by bucket, each with its place in the order of the ids."""
    layout = scene.layout
    spill = Spill(folder, "pages", pa.schema([*(PAGES.field(name) for name in _COLUMNS), _DOCUMENT]))
    for document, rows in scene.docs.stream(_COLUMNS):
        spill.add(rows.append_column(_DOCUMENT, [document]), layout.buckets[layout.story[document]])
    return spill


def ends_in(pairs: pa.Table, doc_ids: pa.Array, story: Ints) -> Ints:
    """The places of the stories of both ends of m pairs, int64[2, m]. `story` int64[n]: of each of the
    documents (string[n]), in the order of the release, so that a pair is told with the larger one: the story
    that was first seen later, which is the one that a run brings or adds to."""
    return np.stack([story[pc.index_in(pairs[name], value_set=doc_ids).to_numpy()] for name in ENDS])


def scatter_pairs(pairs: Iterable[pa.Table], layout: Layout, folder: Path) -> Spill:
    """Parts of PLACED_PAIRS by the bucket of their stories. Raises `ValueError` if the layout lacks one."""
    spill = Spill(folder, "pairs", PLACED_PAIRS)
    for rows in pairs:
        at = pc.index_in(rows["story_id"], value_set=layout.story_ids)
        if at.null_count:
            raise ValueError(
                f"a pair of story {rows['story_id'].filter(at.is_null())[0]}, which is not drawn"
            )
        spill.add(rows, layout.buckets[at.to_numpy()])
    return spill
