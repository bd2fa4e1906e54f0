"""The published tables about stories: each one, its versions, and which outlet picked it up when.

They are part of `schema`, from where everybody takes them.
"""

from __future__ import annotations

import pyarrow as pa

from pipeline.columns import WIDE_ROW_GROUP, Table, field, maybe
from pipeline.segments import STRING, STRINGS, TIME

_INT = pa.int32()
_SHARE = pa.float32()
_FLAG = pa.bool_()
_DATE = pa.date32()

STORIES = Table(
    "stories",
    "One row a story: one wire piece (or local piece) through all its republications.",
    key=("story_id",),
    sort=("story_id",),
    row_group=WIDE_ROW_GROUP,
    schema=pa.schema(
        [
            field("story_id", STRING, "Identity of the story; minted once, never re-used."),
            field("story_id_strict", STRING, "That of the canonical republication."),
            field(
                "story_id_loose", STRING, "Oldest of the stories that were nearly this one, itself included."
            ),
            maybe("wire_service", STRING, "Wire service that its copies credit most; null for local pieces."),
            field("wire_confidence", _SHARE, "Confidence of the strongest credit, 0 to 1; 0 without one."),
            field("wire_copies", _INT, "Republications whose own strongest credit is `wire_service`."),
            field("headline", STRING, "Headline of the canonical republication."),
            maybe("byline", STRING, "Byline of the canonical republication, as printed."),
            field("authors", STRINGS, "Authors of the canonical republication, without services and titles."),
            field("contributors", STRINGS, "People named in the contributor line."),
            maybe("dateline_place", STRING, "Place of the dateline."),
            maybe("dateline_date", _DATE, "Day of the dateline, where it names one."),
            maybe("language", STRING, "Language of the canonical body, ISO 639-1."),
            field(
                "body",
                STRING,
                "Text of the canonical republication, paragraphs separated by newlines, where most owners' "
                "copies of its version agree with it; else as they have it.",
            ),
            field("body_sha256", STRING, "SHA-256 of `body`, hex."),
            field("word_count", _INT, "Words in `body`."),
            field(
                "canonical_doc_id", STRING, "The republication chosen as canonical (republications.doc_id)."
            ),
            field("canonical_policy", STRING, "Policy by which it was chosen."),
            field("canonical_reason", STRING, "Why this one, in words."),
            field(
                "canonical_repaired", _INT, "Paragraphs in which `body` differs from that republication's."
            ),
            field("canonical_added", STRINGS, "Those that it lacks and most owners' copies have."),
            field("canonical_dropped", STRINGS, "Those that it has and they lack, and its outlet's chrome."),
            field("n_republications", _INT, "Republications, the canonical one included."),
            field("n_outlets", _INT, "Outlets that ran it."),
            field(
                "n_owner_groups", _INT, "Owner groups that ran it; an outlet without a group counts as one."
            ),
            field("n_distinct_bodies", _INT, "Different bodies among the republications."),
            field(
                "n_independent_texts",
                _INT,
                "Different texts by owners that share none: copies with the same words count once, and so do "
                "all of one owner group.",
            ),
            field("n_versions", _INT, "Versions of it (rows of versions)."),
            maybe("first_published_at", TIME, "Earliest publication time that a copy states."),
            maybe("last_published_at", TIME, "Latest publication time that a copy states."),
            field("first_seen_at", TIME, "When the pipeline first saw a copy."),
            field("last_seen_at", TIME, "When the pipeline last saw a new copy."),
            field("has_correction", _FLAG, "A copy carries a correction."),
            field(
                "pub_status",
                STRING,
                "usable; canceled where a copy carries a kill, withhold or retraction notice, or gave way to "
                "one at its URL; withheld where all its copies were taken down; embargoed "
                "where the canonical republication carries an embargo notice.",
            ),
            maybe("copyright_line", STRING, "Copyright line of the canonical republication."),
            field(
                "usage_class",
                STRING,
                "By its wire and the configuration: licensed, open (the service invites to republish), "
                "outlet (no wire is credited), or the operator's own words.",
            ),
            maybe("expires_at", TIME, "From when on its texts are left out, by that class; null: never."),
            maybe(
                "takedown_id",
                STRING,
                "The takedown (takedowns.takedown_id) that covers the canonical republication, where no "
                "other could stand for the story: its content is left out.",
            ),
        ]
    ),
)

VERSIONS = Table(
    "versions",
    "One row a version of a story: the texts that came over the wire, in order.",
    key=("story_id", "version_no"),
    sort=("story_id", "version_no"),
    schema=pa.schema(
        [
            field("story_id", STRING, "The story (stories.story_id)."),
            field("version_no", _INT, "Its number, from 1."),
            field(
                "kind",
                STRING,
                "initial, update, correction, substitute (what follows a kill, or says that it replaces), "
                "kill (kill, withhold or retraction).",
            ),
            field(
                "representative_doc_id",
                STRING,
                "The copy that stands for it (republications.doc_id); of a kill it may be a notice that took "
                "the place of copies, and is a story of its own.",
            ),
            field("body_sha256", STRING, "SHA-256 of that copy's body, hex."),
            maybe("first_published_at", TIME, "When it came out, as far as its copies tell."),
            field("first_seen_at", TIME, "When a copy was first seen."),
            field("last_seen_at", TIME, "When a copy was last found at its URL."),
            field("n_republications", _INT, "Copies of it."),
            field("n_outlets", _INT, "Outlets that ran it."),
            field("n_outlets_still_live", _INT, "Those at which it stood when they were last asked."),
            field("words_added", _INT, "Words that the version before lacks, by a diff, chrome aside."),
            field("words_removed", _INT, "Words of the version before that it lacks."),
            maybe("editors_note", STRING, "The line by which it says what it is, as a copy has it."),
        ]
    ),
)

PICKUPS = Table(
    "pickups",
    "One row a story and outlet: when it picked the story up, and how it ran it.",
    key=("story_id", "outlet_id"),
    sort=("story_id", "outlet_id"),
    schema=pa.schema(
        [
            field("story_id", STRING, "The story (stories.story_id)."),
            field("outlet_id", STRING, "The outlet (outlets.outlet_id)."),
            maybe("owner_group", STRING, "Group that owns it."),
            maybe("first_published_at", TIME, "Earliest publication time that its copies state."),
            field("first_seen_at", TIME, "When a copy of it was first seen."),
            field("last_seen_at", TIME, "When a copy of it was last found at its URL."),
            field(
                "lag_minutes",
                _INT,
                "From the story's first publication to its own; where none is stated, when it was seen is "
                "taken.",
            ),
            field("pickup_rank", _INT, "Its place by that time, from 1; at equal times by outlet_id."),
            field("n_republications", _INT, "Copies of it: texts it showed, at one URL or several."),
            field("version_first", _INT, "The version that it showed first."),
            field("version_last", _INT, "The version that it showed last."),
            field("is_truncated", _FLAG, "The last one is cut: truncated or an excerpt."),
            field("headline_changed", _FLAG, "The last one has another headline than its version."),
            field("credit_present", _FLAG, "The last one credits a wire service."),
            field("still_live", _FLAG, "A copy stood at its URL when that was last asked for."),
            maybe("removed_at", TIME, "When the last one was found gone (404 or 410); null if it was not."),
            maybe("outdated_by", STRING, "republications.outdated_by of the last one."),
            maybe("hours_outdated", pa.float32(), "republications.hours_outdated of the last one."),
        ]
    ),
)
