"""Versions, pickups and what is outdated, from copies whose tale is known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from pipeline.model import Outlet
from pipeline.publish import timeline
from pipeline.schema import PICKUPS, VERSIONS
from pipeline.segments import RECALLS, TIME
from tests.story.copies import MORNING, Copy, pages, prose, told

BODY = tuple(prose(n, 40) for n in range(6))
FIXED = (*BODY[:2], f"{BODY[2]} eleven of them", BODY[3].upper(), *BODY[4:])
NOTE = "CORRECTION: An earlier version of this story misstated how many there were."
STORY = [
    Copy("a", BODY, 0),
    Copy("b", BODY, 1),
    Copy("c", BODY[:3], 2),
    Copy("a", (NOTE, *FIXED), 4, notices=("correction",), after=0),
    Copy("d", (NOTE, *FIXED), 5, notices=("correction",)),
]
SEEN_LAST = 8  # hours after MORNING


def at(hour: float) -> datetime:
    return MORNING + timedelta(hours=hour)


def tables(
    copies: Sequence[Copy], recalls: Sequence[dict[str, Any]] = (), gone: dict[int, float] | None = None
) -> Any:
    """Versions, and copies as far as timeline looks at them."""
    rows, gone = pages(copies), gone or {}
    evidence = [
        [{"rule": copy.notices[0], "where": "body", "quote": copy.paragraphs[0], "start": 0, "end": 9}]
        if copy.notices
        else []
        for copy in copies
    ]
    rows = rows.append_column("notice_evidence", pa.array(evidence, RECALLS.field("notice_evidence").type))
    rows = rows.append_column("body_sha256", rows["doc_id"])
    rows = rows.append_column("word_count", pa.array([30] * len(copies), pa.int32()))
    found = told(copies)
    followed = {copy.after: copy.at for copy in copies if copy.after >= 0}
    placed = pa.table(
        {
            "story_id": ["s"] * len(copies),
            "version_no": found["version_no"],
            "first_seen_at": rows["fetched_at"],
            "last_seen_at": pa.array([followed.get(n, at(SEEN_LAST)) for n in range(len(copies))], TIME),
            "replaced_at": pa.array([followed.get(n) for n in range(len(copies))], TIME),
            "gone_at": pa.array([at(gone[n]) if n in gone else None for n in range(len(copies))], TIME),
            "takedown_id": pa.nulls(len(copies), pa.string()),
        }
    )
    noticed = table_of(RECALLS, recalls)
    versions = timeline.versions(
        rows, found, placed, noticed.append_column("story_id", pa.array(["s"] * len(noticed), pa.string()))
    )
    return rows, found, placed, versions


def table_of(schema: pa.Schema, rows: Sequence[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema)


def test_a_version_tells_its_times_its_outlets_and_what_changed() -> None:
    *_, versions = tables(STORY, gone={1: 6})
    first, second = versions.to_pylist()
    assert (first["kind"], first["n_republications"], first["n_outlets"], first["n_outlets_still_live"]) == (
        "initial",
        3,
        3,
        1,
    )
    assert (first["words_added"], first["words_removed"], first["editors_note"]) == (0, 0, None)
    assert (second["kind"], second["version_no"], second["n_outlets_still_live"]) == ("correction", 2, 2)
    assert second["first_published_at"] == at(4)
    assert second["editors_note"] == NOTE
    assert second["words_added"] - second["words_removed"] == len(NOTE.split()) + 3
    assert versions.schema == VERSIONS.schema


def test_who_still_shows_what_was_corrected_and_for_how_long() -> None:
    _, _, placed, versions = tables(STORY, gone={2: 4.5})
    late = timeline.outdated(versions, placed)
    assert late["outdated_by"].to_pylist() == [None, "correction", "correction", None, None]
    assert late["hours_outdated"].to_pylist() == [None, 4.0, 0.5, None, None]
    assert late["outdated_since"].to_pylist()[1] == at(4)


def test_a_notice_that_took_the_place_of_a_copy_kills_the_story() -> None:
    notice = {
        "story": 0,
        "doc_id": "n1",
        "outlet_id": "b",
        "body_sha256": "f",
        "word_count": 30,
        "notice_evidence": [
            {"rule": "kill", "where": "body", "quote": "KILL: Do not use.", "start": 0, "end": 17}
        ],
        "since": at(6),
        "first_seen_at": at(7),
        "last_seen_at": at(8),
        "live": True,
    }
    _, _, placed, versions = tables(STORY, [notice])
    kill = versions.to_pylist()[-1]
    assert (kill["version_no"], kill["kind"], kill["representative_doc_id"]) == (3, "kill", "n1")
    assert (kill["first_published_at"], kill["editors_note"]) == (at(6), "KILL: Do not use.")
    late = timeline.outdated(versions, placed)
    assert late["outdated_by"].to_pylist() == [None, "kill", "kill", "kill", "kill"]
    assert late["hours_outdated"].to_pylist()[4] == 2.0


def test_pickups_are_the_timeline_of_a_story() -> None:
    rows, found, placed, versions = tables(STORY, gone={2: 6})
    late = timeline.outdated(versions, placed)
    columns = (
        {name: placed[name] for name in placed.column_names}
        | late
        | {
            "outlet_id": rows["outlet_id"],
            "published_at": rows["published_at"],
            "headline_distance": found["headline_distance"],
            "credit_present": pa.array([True] * 5),
        }
    )
    outlets = [Outlet("a", "a", "a", owner_group="Quill"), Outlet("b", "b", "b")]
    pickups = timeline.pickups(pa.table(columns), found, outlets)
    assert pickups.schema == PICKUPS.schema
    by_outlet = {row["outlet_id"]: row for row in pickups.to_pylist()}
    assert [by_outlet[name]["pickup_rank"] for name in "abcd"] == [1, 2, 3, 4]
    assert [by_outlet[name]["lag_minutes"] for name in "abcd"] == [0, 60, 120, 300]
    assert [by_outlet[name]["version_first"] for name in "abcd"] == [1, 1, 1, 2]
    assert [by_outlet[name]["version_last"] for name in "abcd"] == [2, 1, 1, 2]
    assert [by_outlet[name]["is_truncated"] for name in "abcd"] == [False, False, True, False]
    assert [by_outlet[name]["still_live"] for name in "abcd"] == [True, True, False, True]
    assert by_outlet["c"]["removed_at"] == at(6)
    assert by_outlet["b"]["outdated_by"] == "correction"
    assert (by_outlet["a"]["owner_group"], by_outlet["b"]["owner_group"]) == ("Quill", None)
