"""The published tables about the identity of stories: every change ever, every id ever, what was taken down.

They are part of `schema`, from where everybody takes them.
"""

from __future__ import annotations

import pyarrow as pa

from pipeline.columns import Table, field, maybe
from pipeline.segments import STRING, TIME

# what can happen to a story; the first four stand in the ledger, the others show between two releases
CREATED, ABSORBED, MERGED_INTO, SPLIT_FROM = "created", "absorbed", "merged_into", "split_from"
CANONICAL_CHANGED, STATUS_CHANGED, VERSION_ADDED = "canonical_changed", "status_changed", "version_added"
REMOVED = "removed"

LIVE, MERGED = "live", "merged"

CHANGES = Table(
    "changes",
    "One row a change to a story, of all releases. Replayed in the order of `seq` they give `registry`.",
    key=("seq",),
    sort=("seq",),
    day="of the release",
    schema=pa.schema(
        [
            field("seq", pa.int64(), "Place of the change among all that ever were, from 0."),
            field("release", STRING, "The release that brought it."),
            field(
                "change",
                STRING,
                "created, absorbed (`doc_id` joins the story), merged_into (goes on as `other_story_id`), "
                "split_from (new, out of `other_story_id`), canonical_changed, status_changed, "
                "version_added, removed (none of its republications is left).",
            ),
            field("story_id", STRING, "The story that changed (registry.story_id)."),
            maybe(
                "other_story_id",
                STRING,
                "The story it was merged into or split from; of absorbed: the one that the document was in.",
            ),
            maybe("doc_id", STRING, "The document that was absorbed (republications.doc_id)."),
            maybe(
                "before",
                STRING,
                "Value before: canonical_doc_id, pub_status or n_versions; null where the story had been "
                "removed.",
            ),
            maybe("after", STRING, "The same afterwards; of created and split_from: the story's seen_day."),
            field("reason", STRING, "Why, in words."),
            field("run_id", STRING, "Run that brought it (runs.run_id)."),
        ]
    ),
)

REGISTRY = Table(
    "registry",
    "One row a story_id that ever was: what became of it.",
    key=("story_id",),
    sort=("story_id",),
    schema=pa.schema(
        [
            field("story_id", STRING, "The id; minted once, never re-used."),
            field(
                "current_story_id",
                STRING,
                "The id that it goes on under: itself, or the story that it was merged into, however often.",
            ),
            field(
                "state",
                STRING,
                "live (a row of `stories`), merged, removed (none of its republications is left).",
            ),
            field(
                "story_revision",
                pa.int32(),
                "In how many releases `changes` names it, as story_id or as other_story_id.",
            ),
            field("first_release", STRING, "The first of them."),
            field("last_changed_release", STRING, "The last of them."),
        ]
    ),
)

TAKEDOWNS = Table(
    "takedowns",
    "One row a takedown: what must not be shown any more. Rows that it covers keep their ids and lose their "
    "content.",
    key=("takedown_id",),
    sort=("takedown_id",),
    partitioned=False,
    schema=pa.schema(
        [
            field("takedown_id", STRING, "Identity of the takedown."),
            field("kind", STRING, "What it names: url, document, story, outlet."),
            field("value", STRING, "Which one; later pages at that URL, of that story or outlet included."),
            field("reason", STRING, "Why, in the words of who asked."),
            field("taken_down_at", TIME, "When it was asked for."),
        ]
    ),
)
