"""What differs between two releases: only the files that differ are read, and of them no text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.columns import Table
from pipeline.errors import BadInput
from pipeline.lake import ledger, order
from pipeline.lake.store import Store
from pipeline.publish.changes import Changes, compare
from pipeline.publish.manifest import Manifest
from pipeline.publish.reader import read_files
from pipeline.publish.release import read_manifest
from pipeline.schema import REPUBLICATIONS, STORIES
from pipeline.segments import STRINGS
from pipeline.story.identity import live


@dataclass(frozen=True, slots=True)
class Story:
    """A story that one release has and the other has not. `into`: the story that it was merged into."""

    story_id: str
    headline: str
    n_outlets: int
    into: str | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """A story of both releases, and for each column that differs its value before and after; of a text its
    digest tells (`body_sha256`)."""

    story_id: str
    headline: str
    columns: dict[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class Counted:
    """How many republications are new, gone, moved to another story, or differ otherwise."""

    new: int
    gone: int
    moved: int
    changed: int


@dataclass(frozen=True, slots=True)
class Difference:
    """From release `before` to release `after`, stories in the order of their ids. `rows`: of each table, in
    both."""

    before: str
    after: str
    rows: dict[str, tuple[int, int]]
    files_read: int
    new: tuple[Story, ...]
    gone: tuple[Story, ...]
    merged: tuple[Story, ...]
    changed: tuple[Changed, ...]
    republications: Counted


def difference(lake: Store, before: str, after: str) -> Difference:
    """What changed from one release to another. Raises `BadInput` for one that the lake does not have."""
    one, other = (_manifest(lake, release) for release in (before, after))
    stories, story_files = _changes(lake, STORIES, one, other)
    copies, copy_files = _changes(lake, REPUBLICATIONS, one, other)
    gone = _stories(stories.gone)
    ids = pa.array([row.story_id for row in gone], pa.string())
    now = live(ledger.history(lake, order.runs_told(lake)), ids).to_pylist() if gone else []
    lost = [
        replace(row, into=into if into != row.story_id else None) for row, into in zip(gone, now, strict=True)
    ]
    moved = pc.sum(copies.differs["story_id"]).as_py() or 0
    return Difference(
        before=one.release,
        after=other.release,
        rows={name: (_rows(one, name), _rows(other, name)) for name in sorted({*one.tables, *other.tables})},
        files_read=story_files + copy_files,
        new=tuple(_stories(stories.new)),
        gone=tuple(story for story in lost if story.into is None),
        merged=tuple(story for story in lost if story.into is not None),
        changed=tuple(_changed(stories)),
        republications=Counted(
            new=copies.new.num_rows,
            gone=copies.gone.num_rows,
            moved=moved,
            changed=(pc.sum(copies.changed()).as_py() or 0) - moved,
        ),
    )


def _manifest(lake: Store, release: str) -> Manifest:
    found = read_manifest(lake, release)
    if found is None:
        raise BadInput(f"{lake.url}: no release {release!r}")
    return found


def _rows(manifest: Manifest, table: str) -> int:
    return manifest.tables[table].rows if table in manifest.tables else 0


def _changes(lake: Store, table: Table, before: Manifest, after: Manifest) -> tuple[Changes, int]:
    """The rows that differ, and how many files were read."""
    old, new = ({file.sha256: file for file in one.tables[table.name].files} for one in (before, after))
    columns = [
        field.name for field in table.schema if field.name not in ("body", "footer") and _plain(field.type)
    ]
    rows = [
        read_files(lake, table.name, [one[sha256] for sha256 in one.keys() - other.keys()], columns)
        for one, other in ((old, new), (new, old))
    ]
    return compare(rows[0], rows[1], table.key[0]), len(old.keys() ^ new.keys())


def _plain(kind: pa.DataType) -> bool:
    return not pa.types.is_nested(kind) or bool(kind.equals(STRINGS))


def _stories(rows: pa.Table) -> Iterable[Story]:
    rows = rows.sort_by("story_id")
    columns = (rows[name].to_pylist() for name in ("story_id", "headline", "n_outlets"))
    return [Story(*row) for row in zip(*columns, strict=True)]


def _changed(stories: Changes) -> Iterable[Changed]:
    some = pc.indices_nonzero(stories.changed())
    old, new = stories.old.take(some).to_pylist(), stories.common.take(some).to_pylist()
    differs = {name: column.take(some).to_pylist() for name, column in stories.differs.items()}
    found = [
        Changed(
            b["story_id"],
            b["headline"],
            {name: (a[name], b[name]) for name, values in differs.items() if values[row]},
        )
        for row, (a, b) in enumerate(zip(old, new, strict=True))
    ]
    return sorted(found, key=lambda one: one.story_id)
