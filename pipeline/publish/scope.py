"""What the checks look at: a whole candidate, or what in it differs from a release that passed.

Whole, every column of `COLUMNS` is read of every file. Of a change these are read only of the partitions in
which a file differs, all story tables of such a day together; of all others

    republications   doc_id, outlet_id, run_id, first_seen_at, published_at, credit_present
    stories          story_id and its n_* that the checks of level warn add up
    registry         story_id, current_story_id, state
    edges            of the days that a new edge leads to, the keys
    changes, runs, quarantine   files in whose range of keys a new row falls, by the manifest

so that what it costs grows with the change, and by some tens of bytes a republication with the lake.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.model import Run
from pipeline.publish.manifest import FileEntry, Manifest
from pipeline.publish.reader import SEEN_DAY, Candidate, read_dated
from pipeline.publish.verdict import Tables, among, total
from pipeline.schema import BY_NAME

# what the checks read of a candidate, so that no body is fetched: its digest says if it is empty
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "stories": (
        "story_id",
        "canonical_doc_id",
        "body_sha256",
        "word_count",
        "n_republications",
        "n_outlets",
        "n_owner_groups",
        "n_distinct_bodies",
        "n_versions",
    ),
    "republications": (
        "doc_id",
        "story_id",
        "version_no",
        "outlet_id",
        "relation",
        "credit_present",
        "body_sha256",
        "word_count",
        "published_at",
        "first_seen_at",
        "last_seen_at",
        "run_id",
    ),
    "versions": ("story_id", "version_no", "representative_doc_id"),
    "pickups": ("story_id", "outlet_id", "n_republications"),
    "edges": ("story_id", "doc_id_a", "doc_id_b"),
    "changes": ("seq", "story_id", "other_story_id"),
    "registry": ("story_id", "current_story_id", "state"),
    "outlets": ("outlet_id", "owner_group"),
    "wire_rules": ("rule", "pages", "recent_pages", "first_seen_at", "last_seen_at"),
    "boilerplate": ("outlet_id", "line_hash", "pages", "first_seen_at", "last_seen_at"),
    "templates": ("outlet_id", "layout", "version", "changed_at"),
    "runs": (
        *("run_id", "outlet_id", "state"),
        *("fetched", "published", "unchanged", "quarantined", "skipped"),
    ),
    "quarantine": ("run_id", "url", "page_no", "outlet_id", "reason"),
}
# what is read of the partitions that did not change
_NARROW: Mapping[str, tuple[str, ...]] = {
    "republications": (
        *("doc_id", "outlet_id", "run_id"),
        *("first_seen_at", "published_at", "credit_present"),
    ),
    "stories": ("story_id", "n_republications", "n_outlets", "n_versions"),
    "registry": ("story_id", "current_story_id", "state"),
}
# they lie by the day of their story, and are told of a day together
_BY_STORY = ("stories", "republications", "versions", "pickups", "edges", "registry")
_BY_RUN = ("changes", "runs", "quarantine")
_ENDS = ("doc_id_a", "doc_id_b")


@dataclass(frozen=True, slots=True)
class Scope:
    """`rows`: those whose soundness is asked, of a whole candidate or of partitions that changed, with the
    columns COLUMNS and their seen_day, in published order. `every`: these first, then all others that they
    must fit, of republications, stories and registry all there are. `counts`: how many rows each table has.
    """

    rows: Tables
    every: Tables
    counts: Mapping[str, int]


def whole(tables: Tables) -> Scope:
    """All rows. `tables`: for each table of COLUMNS at least those columns and `seen_day`."""
    return Scope(tables, tables, {name: len(rows) for name, rows in tables.items()})


@dataclass(frozen=True, slots=True)
class _Files:
    """The files of a table: of partitions that changed, now and before, and of those that did not."""

    changed: tuple[FileEntry, ...]
    before: tuple[FileEntry, ...]
    same: tuple[FileEntry, ...]


def of_change(candidate: Candidate, base: Manifest, run: Run) -> Scope | None:
    """What differs from the release `base`; None where that alone does not tell whether the candidate is
    sound: a document or a story id that was published is gone, an outlet has another owner, or no partition
    of stories is the same."""
    files = _split(candidate, base)
    if not any(file.rows for name in _BY_STORY for file in files[name].same):
        return None
    read = _Reader(candidate, files)
    rows = {name: read.now(name, columns) for name, columns in COLUMNS.items()}
    every = dict(rows) | {name: read.all(name, rows[name], columns) for name, columns in _NARROW.items()}
    if (
        _gone(read.before("republications", ["doc_id"])["doc_id"], every["republications"]["doc_id"])
        or _gone(read.before("registry", ["story_id"])["story_id"], every["registry"]["story_id"])
        or _owned_otherwise(read.before("outlets", ["outlet_id", "owner_group"]), rows["outlets"])
    ):
        return None
    every["edges"] = read.edges(rows["edges"], every["republications"])
    for name in _BY_RUN:
        asked = [run.run_id] if name != "changes" else []
        every[name] = read.meeting(name, rows[name], asked)
    counts = {name: sum(f.rows for f in (*own.changed, *own.same)) for name, own in files.items()}
    return Scope(rows, every, counts)


@dataclass(frozen=True, slots=True)
class _Reader:
    candidate: Candidate
    files: Mapping[str, _Files]

    def now(self, name: str, columns: Sequence[str]) -> pa.Table:
        return self._read(name, self.files[name].changed, columns)

    def before(self, name: str, columns: Sequence[str]) -> pa.Table:
        return self._read(name, self.files[name].before, columns)

    def all(self, name: str, rows: pa.Table, columns: Sequence[str]) -> pa.Table:
        """The columns of all rows, those read already among them."""
        same = self._read(name, self.files[name].same, columns)
        return pa.concat_tables([rows.select(same.column_names), same])

    def edges(self, rows: pa.Table, copies: pa.Table) -> pa.Table:
        """The keys of the edges, and of those in partitions that did not change where a new one leads to: a
        pair lies on the day of one of its ends."""
        keys = [*_ENDS, SEEN_DAY.name]
        known = self.before("edges", list(_ENDS)).select(list(_ENDS))
        new = rows.select(list(_ENDS)).join(known, keys=list(_ENDS), join_type="left anti")
        ends = pa.chunked_array([chunk for end in _ENDS for chunk in new[end].chunks], pa.string()).unique()
        days = set(copies[SEEN_DAY.name].filter(pc.is_in(copies["doc_id"], value_set=ends)).to_pylist())
        there = self._read("edges", [f for f in self.files["edges"].same if f.seen_day in days], list(_ENDS))
        return pa.concat_tables([rows.select(keys), there.select(keys)])

    def meeting(self, name: str, rows: pa.Table, asked: Sequence[str]) -> pa.Table:
        """The rows, and those of unchanged files in whose range of keys one of them, or one that is asked
        for, falls."""
        column = BY_NAME[name].sort[0]
        kind = rows.schema.field(column).type
        values = pa.concat_arrays([rows[column].unique(), pa.array(asked, kind)])
        met = [file for file in self.files[name].same if _within(values, file, kind)]
        return pa.concat_tables([rows, self._read(name, met, COLUMNS[name])])

    def _read(self, name: str, files: Iterable[FileEntry], columns: Sequence[str]) -> pa.Table:
        return read_dated(self.candidate.lake, BY_NAME[name], list(files), columns)


def _split(candidate: Candidate, base: Manifest) -> dict[str, _Files]:
    old = {file.partition: file for file in base.files if file.table in COLUMNS}
    new = {file.partition: file for file in candidate.files if file.table in COLUMNS}
    changed = {at for at in old.keys() | new.keys() if at not in old or old[at] != new.get(at)}
    days = {day for name, day in changed if name in _BY_STORY}

    def differs(file: FileEntry) -> bool:
        if file.table in _BY_STORY:
            return file.seen_day in days
        return file.partition in changed or file.seen_day is None

    def of(
        name: str, files: Mapping[tuple[str, date | None], FileEntry], other: bool
    ) -> tuple[FileEntry, ...]:
        return tuple(file for file in files.values() if file.table == name and differs(file) == other)

    return {name: _Files(of(name, new, True), of(name, old, True), of(name, new, False)) for name in COLUMNS}


def _within(values: pa.Array, file: FileEntry, kind: pa.DataType) -> bool:
    if not file.rows:
        return False
    low, high = (pa.scalar(bound[0], pa.string()).cast(kind) for bound in (file.sort_min, file.sort_max))
    return bool(total(pc.and_(pc.greater_equal(values, low), pc.less_equal(values, high))))


def _gone(before: pa.ChunkedArray, now: pa.ChunkedArray) -> bool:
    return bool(total(pc.invert(pc.is_in(before, value_set=among(before, now)))))


def _owned_otherwise(before: pa.Table, now: pa.Table) -> bool:
    """Whether an outlet that is still there has another owner, or none."""
    at = pc.index_in(now["outlet_id"], value_set=before["outlet_id"])
    owner = pc.fill_null(before["owner_group"].take(at), "")
    return bool(total(pc.and_(pc.is_valid(at), pc.not_equal(owner, pc.fill_null(now["owner_group"], "")))))
