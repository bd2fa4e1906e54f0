"""One story of a release: what was published of it, and two of its texts side by side."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import date
from typing import Any

from pipeline.desk.shelf import Desk, files_of, files_of_day, may_hold, rows_with
from pipeline.errors import BadInput
from pipeline.publish.manifest import Manifest
from pipeline.schema import EDGES
from pipeline.story.explain import CHANGED, ONLY_A, ONLY_B, Aligned, align, stretches

# Of a story that ran everywhere the page shows so many copies and edges, and how many there are.
MOST_COPIES, MOST_EDGES = 500, 2000
ASIDE = "aside"
_EDGE = [name for name in EDGES.schema.names if name != "figures"]
_TEXTS = ("body", "footer", "paragraphs_omitted", "paragraphs_added")
_COPY = (
    *("doc_id", "story_id", "version_no", "outlet_id", "url", "headline", "headline_changed"),
    *("headline_distance", "byline", "published_at", "first_seen_at", "last_seen_at", "replaced_at"),
    *("gone_at", "outdated_by", "hours_outdated", "relation", "jaccard", "containment_in_canonical"),
    *("containment_of_canonical", "n_paragraphs_omitted", "n_paragraphs_added", "local_insert"),
    *("credit_dropped", "wire_service", "wire_confidence", "wire_inferred", "wire_inferred_copies"),
    *("wire_evidence", "notices", "word_count", "takedown_id"),
)


def story(desk: Desk, manifest: Manifest, story_id: str) -> dict[str, Any]:
    """A story with its versions, pickups by rank, copies, edges and the evidence of its credit, strongest
    quotes first; an id that was merged away leads to the one that it goes on under (`asked_for`).

    Raises `BadInput` if there is no such story.
    """
    found, day = _row(desk, manifest, story_id)
    live = found["story_id"]
    versions, pickups, copies, edges = (
        rows_with(desk, files_of_day(manifest, table, day), "story_id", live, columns)
        for table, columns in (
            ("versions", None),
            ("pickups", None),
            ("republications", _COPY),
            ("edges", _EDGE),
        )
    )
    quotes = Counter(
        (quote["rule"], quote["where"], quote["quote"]) for copy in copies for quote in copy["wire_evidence"]
    )
    return {
        "asked_for": story_id,
        "seen_day": day,
        "story": found,
        "versions": versions,
        "pickups": sorted(pickups, key=lambda row: row["pickup_rank"]),
        "copies": copies[:MOST_COPIES],
        "n_copies": len(copies),
        "edges": edges[:MOST_EDGES],
        "n_edges": len(edges),
        "evidence": [
            {"rule": rule, "where": where, "quote": quote, "copies": times}
            for (rule, where, quote), times in quotes.most_common(50)
        ],
    }


def copy_of(desk: Desk, manifest: Manifest, story_id: str, doc_id: str) -> dict[str, Any]:
    """A copy beside the text that stands for its version; paragraphs that the release does not count as left
    out or added (an outlet's chrome, what only moved) are of kind aside.

    Raises `BadInput` if the story has no such copy.
    """
    found, day = _row(desk, manifest, story_id)
    texts = _texts(desk, manifest, found["story_id"], day)
    if doc_id not in texts:
        raise BadInput(f"{doc_id}: no such copy of {story_id}")
    own = texts[doc_id]
    versions = rows_with(desk, files_of_day(manifest, "versions", day), "story_id", found["story_id"])
    stands = next(
        (v["representative_doc_id"] for v in versions if v["version_no"] == own["version_no"]), None
    )
    against = texts.get(stands or "")
    rows = align(against["body"] if against else own["body"], own["body"])
    counted = {ONLY_A: set(own.pop("paragraphs_omitted")), ONLY_B: set(own.pop("paragraphs_added"))}
    return {
        "copy": own,
        "against": against and {name: against[name] for name in ("doc_id", "outlet_id", "headline")},
        "paragraphs": [
            _shown(row) | ({"kind": ASIDE} if (row.a or row.b) not in counted.get(row.kind, {row.a}) else {})
            for row in rows
        ],
    }


def version_of(desk: Desk, manifest: Manifest, story_id: str, version_no: int) -> dict[str, Any]:
    """A version beside the one before it; None where either's text is not a copy of this story (a kill may
    be a notice that stands elsewhere).

    Raises `BadInput` if the story has no such version.
    """
    found, day = _row(desk, manifest, story_id)
    rows = rows_with(desk, files_of_day(manifest, "versions", day), "story_id", found["story_id"])
    versions = {row["version_no"]: row for row in rows}
    if version_no not in versions:
        raise BadInput(f"{story_id} has no version {version_no}")
    before = versions.get(version_no - 1, versions[version_no])
    texts = _texts(desk, manifest, found["story_id"], day)
    old, new = (texts.get(row["representative_doc_id"]) for row in (before, versions[version_no]))
    return {
        "version": versions[version_no],
        "before": before["version_no"],
        "paragraphs": paragraphs(old["body"], new["body"]) if old and new else None,
    }


def paragraphs(a: str, b: str) -> list[dict[str, Any]]:
    """The paragraphs of two texts in order: `kind` (both, only_a, only_b, changed), and of each side its
    stretches of words, `shared` if the other side has them too."""
    return [_shown(row) for row in align(a, b)]


def _shown(row: Aligned) -> dict[str, Any]:
    if row.kind == CHANGED and row.a is not None and row.b is not None:
        left, right = stretches(row.a, row.b)
        return {"kind": row.kind, "a": [asdict(s) for s in left], "b": [asdict(s) for s in right]}
    sides = {side: [{"text": text, "shared": True}] for side, text in (("a", row.a), ("b", row.b)) if text}
    return {"kind": row.kind, "a": sides.get("a"), "b": sides.get("b")}


def _row(desk: Desk, manifest: Manifest, story_id: str) -> tuple[dict[str, Any], date | None]:
    """The row of `stories` that the id leads to, and its partition."""
    registry = [file for file in files_of(manifest, "registry") if may_hold(file, story_id)]
    told = rows_with(desk, registry, "story_id", story_id, ["current_story_id"])
    live = told[0]["current_story_id"] if told else story_id
    for file in files_of(manifest, "stories"):
        if may_hold(file, live) and (rows := rows_with(desk, [file], "story_id", live)):
            return rows[0], file.seen_day
    raise BadInput(f"{story_id}: no such story in release {manifest.release}")


def _texts(desk: Desk, manifest: Manifest, story_id: str, day: date | None) -> dict[str, dict[str, Any]]:
    """The story's copies with their bodies, by doc_id."""
    files = files_of_day(manifest, "republications", day)
    rows = rows_with(desk, files, "story_id", story_id, [*_COPY, *_TEXTS])
    return {row["doc_id"]: row for row in rows}
