"""Pairs of republications that the scorecard was least sure of, for a person to judge.

A score is in log-odds, above 0 where it accepts; near 0 it could as well have said the other thing. Pairs
that somebody has looked at (also those left open) do not come again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline import schema
from pipeline.desk.shelf import Desk, files_of, files_of_day
from pipeline.desk.story import paragraphs
from pipeline.errors import BadInput
from pipeline.judge import judged
from pipeline.publish.manifest import FileEntry, Manifest
from pipeline.publish.reader import as_declared, opened

WIDEST = 5.0  # log-odds: accepted at 99.3 %
QUEUED = 200  # longer than a person judges in a sitting
_PAIR = ("doc_id_a", "doc_id_b", "score", "decision", "rule", "decided_by", "jaccard")
_COPY = (
    *("doc_id", "story_id", "outlet_id", "url", "headline", "byline", "published_at", "wire_service"),
    *("word_count", "body", "takedown_id"),
)


def queue(desk: Desk, manifest: Manifest, within: float) -> dict[str, Any]:
    """The pairs whose score is at most `within` from 0, the least sure first, of the newest days that give
    QUEUED of them; `days`: how many days were looked through, of how many."""
    seen = {(row["doc_id_a"], row["doc_id_b"]) for row in judged(desk.lake).to_pylist()}
    found: list[dict[str, Any]] = []
    files = files_of(manifest, "edges")
    looked = 0
    for file in files:
        rows = _near(desk, file).to_pylist()
        found += [
            row | {"seen_day": file.seen_day}
            for row in rows
            if abs(row["score"]) <= within and (row["doc_id_a"], row["doc_id_b"]) not in seen
        ]
        looked += 1
        if len(found) >= QUEUED:
            break
    found.sort(key=lambda row: (abs(row["score"]), row["doc_id_a"], row["doc_id_b"]))
    return {"rows": found[:QUEUED], "within": within, "days": looked, "of_days": len(files)}


def pair(desk: Desk, manifest: Manifest, doc_a: str, doc_b: str, near: date | None) -> dict[str, Any]:
    """Two republications side by side with what the release says of the pair (`edge`, None if it keeps
    none) and with what was judged. `near`: the partition to look in first.

    Raises `BadInput` if the release lacks one of them.
    """
    a, b = sorted((doc_a, doc_b))
    one, other = (_copy(desk, manifest, doc, near) for doc in (a, b))
    days = {one["seen_day"], other["seen_day"]}
    edges = [
        row
        for day in sorted(days, key=lambda day: day or date.min)
        for file in files_of_day(manifest, "edges", day)
        if (row := _edge(desk, file, a, b))
    ]
    said = [row for row in judged(desk.lake).to_pylist() if (row["doc_id_a"], row["doc_id_b"]) == (a, b)]
    return {
        "a": one,
        "b": other,
        "edge": edges[0] if edges else None,
        "judgement": said[0] if said else None,
        "paragraphs": paragraphs(one["body"], other["body"]),
    }


def _near(desk: Desk, file: FileEntry) -> pa.Table:
    """The pairs of a file that a person could be asked about."""

    def draw() -> pa.Table:
        chosen = pa.schema([schema.EDGES.schema.field(name) for name in _PAIR])
        parts = [chosen.empty_table()]
        with opened(desk.lake, file.key) as parquet:
            # by row groups: of a million edges the memory is that of some ten thousand
            for batch in parquet.iter_batches(columns=list(_PAIR)):
                rows = as_declared(pa.Table.from_batches([batch]), chosen, file.key)
                near = pc.and_kleene(
                    pc.less_equal(pc.abs(rows["score"]), WIDEST), pc.equal(rows["decided_by"], "auto")
                )
                parts.append(rows.filter(near))
        return pa.concat_tables(parts)

    return desk.shelf.get(file, "near", draw)


def _edge(desk: Desk, file: FileEntry, a: str, b: str) -> dict[str, Any] | None:
    """The file's row on the pair, without its figures."""
    names = [name for name in schema.EDGES.schema.names if name != "figures"]
    return _find(desk, file, ("doc_id_a", "doc_id_b"), (a, b), names)


def _copy(desk: Desk, manifest: Manifest, doc_id: str, near: date | None) -> dict[str, Any]:
    """A republication, looked for from partition `near` outwards."""
    start = near or date.max
    files = sorted(
        files_of(manifest, "republications"), key=lambda file: abs((file.seen_day or date.min) - start)
    )
    for file in files:
        if row := _find(desk, file, ("doc_id",), (doc_id,), _COPY):
            return row | {"seen_day": file.seen_day}
    raise BadInput(f"{doc_id}: no such doc_id in release {manifest.release}")


def _find(
    desk: Desk, file: FileEntry, columns: Sequence[str], values: Sequence[str], wanted: Sequence[str]
) -> dict[str, Any] | None:
    """The row whose key is these values; files are not sorted by it, so the key is read of every row group
    and the rest only of the one that has it."""
    with desk.lake.open(file.key) as stored:
        parquet = pq.ParquetFile(stored, pre_buffer=True)
        for group in range(parquet.num_row_groups):
            keys = parquet.read_row_group(group, columns=list(columns))
            mask = pc.equal(keys[columns[0]], values[0])
            for column, value in zip(columns[1:], values[1:], strict=True):
                mask = pc.and_(mask, pc.equal(keys[column], value))
            at = pc.index(mask, True).as_py()
            if at >= 0:
                found = parquet.read_row_group(group, columns=list(wanted)).slice(at, 1).to_pylist()[0]
                return dict(found)
    return None
