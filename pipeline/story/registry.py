"""What a release tells of the identity of stories: what changed since the last one, and the registry then.

The registry is what the replay of all changes gives; a release replays its own on that of the last one.
Pure, over Arrow columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.identity_tables import (
    ABSORBED,
    CANONICAL_CHANGED,
    CHANGES,
    CREATED,
    LIVE,
    MERGED,
    MERGED_INTO,
    REGISTRY,
    REMOVED,
    SPLIT_FROM,
    STATUS_CHANGED,
    VERSION_ADDED,
)
from pipeline.schema import STORIES
from pipeline.segments import STRING
from pipeline.story.identity import BORN, renamed

# a registry as it is worked on: the published columns, and the partition that each row lies in
DATED = REGISTRY.schema.append(pa.field("seen_day", pa.date32(), nullable=False))
_MOVED = "absorbed from another story"
_WITHHELD = "withheld"  # pub_status
_REASONS = {
    CREATED: "none of its documents was in a story before",
    ABSORBED: "a new document of its cluster",
    _MOVED: "the document's cluster goes on as this story",
    MERGED_INTO: "most of its documents are in the cluster that goes on as the other story",
    SPLIT_FROM: "a cluster of its own; the other story, which goes on, held most of its documents",
    STATUS_CHANGED: "by the notices of its republications",
    _WITHHELD: "all its republications were taken down",
    VERSION_ADDED: "its republications hold a further version",
    REMOVED: "none of its republications is left",
}
_CHANGE = pa.schema([field for field in CHANGES.schema if field.name not in ("seq", "release")])


@dataclass(frozen=True, slots=True)
class _Watched:
    """A column of `stories`, the change that another value is, and the column that says why, if any."""

    column: str
    change: str
    why: str | None = None


_WATCHED = tuple(
    watched
    for watched in (
        _Watched("canonical_doc_id", CANONICAL_CHANGED, "canonical_reason"),
        _Watched("pub_status", STATUS_CHANGED),
        _Watched("n_versions", VERSION_ADDED),
    )
    if watched.column in STORIES.schema.names
)
# what is read of `stories` to tell what changed
WATCHED = ("story_id", *(w.column for w in _WATCHED), *(w.why for w in _WATCHED if w.why))


def changes(
    events: pa.Table, before: pa.Table, after: pa.Table, registry: pa.Table, release: str, first: int
) -> pa.Table:
    """schema.CHANGES of a release, numbered from `first`.

    `events`: segments.LEDGER of the runs that come in with it, in order; `before`, `after`: the columns
    WATCHED of the stories of the last release and of this one; `registry` (DATED): after the last release.
    """
    told = _told(events)
    known = registry_after(registry, _numbered([told], release, first))
    return _numbered([told, *_differences(before, after, known, release)], release, first)


def registry_after(registry: pa.Table, changes: pa.Table) -> pa.Table:
    """The registry (DATED) after the changes (schema.CHANGES) of one release."""
    born = changes.filter(pc.is_in(changes["change"], value_set=BORN))
    rows = pa.concat_tables([registry, _born(born)])
    ids = rows["story_id"]
    other = changes["other_story_id"].drop_null()
    named = pc.is_in(ids, value_set=pa.chunked_array([*changes["story_id"].chunks, *other.chunks], STRING))
    merged, removed, chosen = (
        changes.filter(pc.equal(changes["change"], change))
        for change in (MERGED_INTO, REMOVED, CANONICAL_CHANGED)
    )
    into = dict(zip(merged["story_id"].to_pylist(), merged["other_story_id"].to_pylist(), strict=True))
    state = rows["state"]
    for which, becomes in ((chosen, LIVE), (removed, REMOVED), (merged, MERGED)):
        state = pc.if_else(pc.is_in(ids, value_set=which["story_id"]), becomes, state)
    release = changes["release"][0] if changes.num_rows else pa.scalar(None, STRING)
    columns = {
        "story_id": ids,
        "current_story_id": renamed(rows["current_story_id"].combine_chunks(), into),
        "state": state,
        "story_revision": pc.add(rows["story_revision"], named.cast(pa.int32())),
        "first_release": rows["first_release"],
        "last_changed_release": pc.if_else(named, release, rows["last_changed_release"]),
        "seen_day": rows["seen_day"],
    }
    return pa.table([columns[name] for name in DATED.names], DATED)


def _born(born: pa.Table) -> pa.Table:
    ids, n = born["story_id"], born.num_rows
    columns = {
        "story_id": ids,
        "current_story_id": ids,
        "state": pa.repeat(LIVE, n),
        "story_revision": pa.repeat(pa.scalar(0, pa.int32()), n),
        "first_release": born["release"],
        "last_changed_release": born["release"],
        "seen_day": born["after"].cast(pa.date32()),
    }
    return pa.table([columns[name] for name in DATED.names], DATED)


def _told(events: pa.Table) -> pa.Table:
    """The events of the ledger as changes."""
    moved = pc.and_(pc.equal(events["change"], ABSORBED), pc.is_valid(events["other_story_id"]))
    born = pc.is_in(events["change"], value_set=BORN)
    columns = {name: events[name] for name in ("change", "story_id", "other_story_id", "doc_id", "run_id")}
    columns["after"] = pc.if_else(born, events["seen_day"].cast(STRING), pa.scalar(None, STRING))
    columns["reason"] = _reasons(pc.if_else(moved, _MOVED, events["change"]))
    return _rows(columns)


def _differences(before: pa.Table, after: pa.Table, registry: pa.Table, run_id: str) -> list[pa.Table]:
    """What is told of the stories otherwise than in the last release, and which are gone."""
    after = after.sort_by("story_id")
    place = pc.index_in(after["story_id"], value_set=before["story_id"])
    lives = registry.filter(pc.equal(registry["state"], LIVE))["story_id"]
    gone = lives.filter(pc.invert(pc.is_in(lives, value_set=after["story_id"])))
    back = registry.filter(pc.equal(registry["state"], REMOVED))["story_id"]
    returns = pc.is_in(after["story_id"], value_set=back)
    found = []
    for watched in _WATCHED:
        old, new = before[watched.column].take(place), after[watched.column]
        differs = pc.fill_null(pc.not_equal(old, new), False)
        if watched.change == VERSION_ADDED:
            differs = pc.fill_null(pc.greater(new, old), False)
        if watched.change == CANONICAL_CHANGED:
            differs = pc.or_(differs, returns)
        rows = after.filter(differs)
        found.append(
            _rows(
                {
                    "change": pa.repeat(watched.change, rows.num_rows),
                    "story_id": rows["story_id"],
                    "before": old.filter(differs).cast(STRING),
                    "after": rows[watched.column].cast(STRING),
                    "reason": rows[watched.why]
                    if watched.why
                    else _reasons(_why(watched.change, rows[watched.column])),
                    "run_id": pa.repeat(run_id, rows.num_rows),
                }
            )
        )
    n = len(gone)
    removed = {"change": pa.repeat(REMOVED, n), "story_id": gone, "reason": pa.repeat(_REASONS[REMOVED], n)}
    return [*found, _rows(removed | {"run_id": pa.repeat(run_id, n)})]


def _why(change: str, after: pa.ChunkedArray) -> pa.ChunkedArray:
    """Which of the reasons the change of each story to such a value has."""
    return pc.if_else(pc.equal(after.cast(STRING), _WITHHELD), _WITHHELD, change)


def _reasons(kinds: pa.ChunkedArray) -> pa.ChunkedArray:
    names = pa.array(list(_REASONS))
    return pa.array(list(_REASONS.values())).take(pc.index_in(kinds, value_set=names))


def _rows(columns: dict[str, pa.ChunkedArray | pa.Array]) -> pa.Table:
    """Changes of columns by name; others are null."""
    n = len(columns["story_id"])
    return pa.table([columns.get(field.name, pa.nulls(n, field.type)) for field in _CHANGE], _CHANGE)


def _numbered(parts: list[pa.Table], release: str, first: int) -> pa.Table:
    rows = pa.concat_tables(parts)
    n = rows.num_rows
    given = {"seq": pa.array(range(first, first + n), pa.int64()), "release": pa.repeat(release, n)}
    columns = [given[name] if name in given else rows[name] for name in CHANGES.schema.names]
    return pa.table(columns, CHANGES.schema)
