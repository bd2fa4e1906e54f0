"""The documents of a lake against a dictionary: each once, as first seen, whatever the segments hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import hypothesis.strategies as st
import pyarrow as pa
from hypothesis import given, settings

from pipeline.lake.folder import FolderStore
from pipeline.lake.order import place
from pipeline.lake.pages import documents
from pipeline.lake.segment import ROW_GROUP, count_rows, read_batches, write_segment, writing_segment
from pipeline.model import Run
from pipeline.segments import PAGES, segment_key

START = datetime(2031, 4, 7, 9, tzinfo=UTC)
RUNS = [Run.at(START + timedelta(hours=n)) for n in range(3)]
Fetched = tuple[str, int]  # doc_id, minutes after the start
SHARDS = st.lists(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 3)), max_size=6), min_size=3, max_size=3
)


def pages(rows: list[tuple[str, datetime, str]]) -> pa.Table:
    """Pages from (doc_id, fetched_at, body); what else is required is empty."""
    given = {name: [row[n] for row in rows] for n, name in enumerate(("doc_id", "fetched_at", "body"))}
    empty = {pa.types.is_list: [], pa.types.is_boolean: False, pa.types.is_string: ""}

    def value(kind: pa.DataType) -> object:
        return next((value for test, value in empty.items() if test(kind)), 0)

    columns = [
        given.get(field.name, [None if field.nullable else value(field.type)] * len(rows)) for field in PAGES
    ]
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, PAGES, strict=True)], PAGES)


@settings(deadline=None, max_examples=40)
@given(runs=st.lists(SHARDS, min_size=3, max_size=3), taken=st.permutations(RUNS), until=st.integers(0, 2))
def test_each_document_once_as_it_was_first_seen(
    runs: list[list[list[Fetched]]], taken: list[Run], until: int
) -> None:
    with TemporaryDirectory() as folder:
        lake = FolderStore(folder)
        for run in taken:
            place(lake, run.run_id)
        found: dict[str, tuple[Run, datetime, str]] = {}
        first: dict[str, datetime] = {}
        last: dict[str, datetime] = {}
        for run, shards in zip(taken, runs, strict=True):
            for shard, fetched in enumerate(shards):
                rows = [
                    (doc, run.now + timedelta(minutes=at), f"{run.run_id} {shard} {n}")
                    for n, (doc, at) in enumerate(fetched)
                ]
                write_segment(lake, segment_key("pages", run.run_id, f"{shard:03d}"), pages(rows))
                for doc, at, body in rows if run in taken[: until + 1] else ():
                    if doc not in found or (found[doc][0] is run and at < found[doc][1]):
                        found[doc] = (run, at, body)
                    first[doc] = min(at, first.get(doc, at))
                    last[doc] = max(at, last.get(doc, at))
        docs = documents(lake, taken[until])
        ids = sorted(found)
        assert docs.doc_ids.to_pylist() == ids
        assert docs.first_seen_at.to_pylist() == [first[doc] for doc in ids]
        assert docs.last_seen_at.to_pylist() == [last[doc] for doc in ids]
        read = docs.read(["body", "doc_id"])
        assert read.to_pydict() == {"body": [found[doc][2] for doc in ids], "doc_id": ids}
        streamed = [
            (int(place), row["body"])
            for places, rows in docs.stream(["body"])
            for place, row in zip(places, rows.to_pylist(), strict=True)
        ]
        assert sorted(streamed) == list(enumerate(read["body"].to_pylist()))


def test_a_segment_written_in_portions_is_read_in_batches(tmp_path: Path) -> None:
    lake = FolderStore(str(tmp_path))
    rows = pages([(f"d{n}", START, "text") for n in range(3_000)])
    with writing_segment(lake, "pages/run=x/0.parquet", PAGES) as write:
        write(rows.slice(0, 10))
        write(rows.slice(10))
        assert not lake.exists("pages/run=x/0.parquet"), "a segment appears whole or not at all"
    assert count_rows(lake, "pages/run=x/0.parquet") == 3_000 < ROW_GROUP
    batches = list(read_batches(lake, PAGES, ["pages/run=x/0.parquet"], ["doc_id"]))
    assert max(batch.num_rows for batch in batches) == 1_024
    assert pa.concat_tables(batches).equals(rows.select(["doc_id"]))
