"""Bucket by bucket the files become what they are when all rows are in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import hypothesis.strategies as st
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings

from pipeline import schema
from pipeline.publish import layout, spill
from pipeline.publish.drafts import Drafts
from pipeline.publish.parquet import sort_order, write_parquet
from pipeline.publish.spill import Spill
from tests.publish.sample import MONDAY, TUESDAY, table

COPIES = st.lists(
    st.tuples(st.sampled_from("stuv"), st.none() | st.integers(0, 3), st.sampled_from((MONDAY, TUESDAY))),
    max_size=40,
)
Copies = list[tuple[str, int | None, date]]


def copies_of(rows: Copies) -> tuple[pa.Table, pa.Array]:
    """Republications in no order, and their days: a story's day is that of its first row."""
    day_of = {story: day for story, _, day in reversed(rows)}
    found = [
        {
            "doc_id": f"d{n}",
            "story_id": story,
            "published_at": None if hour is None else datetime(2031, 4, 7, hour, tzinfo=UTC),
            "body": f"The ferry of {story} sails. " * 20,
        }
        for n, (story, hour, _) in enumerate(rows)
    ]
    days = pa.array([day_of[story] for story, *_ in rows], pa.date32())
    return table(schema.REPUBLICATIONS, found), days


@settings(deadline=None, max_examples=40)
@given(rows=COPIES, cuts=st.lists(st.integers(0, 40), max_size=5), row_group=st.integers(1, 7))
def test_the_same_bytes_however_the_rows_are_cut(rows: Copies, cuts: list[int], row_group: int) -> None:
    declared = replace(schema.REPUBLICATIONS, row_group=row_group)
    copies, days = copies_of(rows)
    order = sort_order(copies.append_column("seen_day", days), ("seen_day", *declared.sort))
    bounds = sorted({0, len(rows), *(cut for cut in cuts if cut < len(rows))})
    with TemporaryDirectory() as folder:
        drafts = Drafts(Path(folder))
        for start, end in pairwise(bounds):
            portion = order.slice(start, end - start).to_numpy()[::-1]  # in any order within a call
            drafts.add(declared, copies.take(portion), days.take(portion))
        partitions = drafts.partitions()
        assert [part.seen_day for part in partitions] == sorted(set(days.to_pylist()))
        assert sum(part.rows for part in partitions) == len(rows)
        for part in partitions:
            whole = Path(folder, "whole.parquet")
            write_parquet(declared, copies.filter(pa.compute.equal(days, pa.scalar(part.seen_day))), whole)
            assert part.path.read_bytes() == whole.read_bytes()


def test_a_day_does_not_fit_a_table_without_days(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="outlets: seen_day 2031-04-07 does not fit"):
        row = table(schema.OUTLETS, [{"outlet_id": "channel-40"}])
        Drafts(tmp_path).add(schema.OUTLETS, row, pa.array([MONDAY]))


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 5), max_size=10), max_size=8))
def test_a_bucket_holds_its_rows_in_the_order_they_came(batches: list[list[int]]) -> None:
    rows = pa.schema([pa.field("n", pa.int64(), nullable=False), ("text", pa.string())])
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(spill, "_RUN_BYTES", 100)
        spilled, expected = Spill(Path(folder), "rows", rows), {}
        at = 0
        for batch in batches:
            numbers = list(range(at, at + len(batch)))
            texts = [None if n % 3 == 0 else f"word {n}" for n in numbers]
            spilled.add(pa.table([numbers, texts], rows), np.array(batch, np.int64))
            for n, bucket in zip(numbers, batch, strict=True):
                expected.setdefault(bucket, []).append(n)
            at += len(batch)
        for bucket in range(7):
            found = spilled.read(bucket)
            assert found.schema == rows
            assert found["n"].to_pylist() == expected.get(bucket, [])
            assert found["text"].to_pylist() == [
                None if n % 3 == 0 else f"word {n}" for n in expected.get(bucket, [])
            ]


@given(
    st.lists(st.tuples(st.sampled_from("stuvwxyz"), st.integers(0, 900)), min_size=1, max_size=40),
    st.lists(st.integers(0, 3), min_size=8, max_size=8),
)
def test_a_story_lies_in_one_bucket_and_buckets_in_the_order_of_days(
    docs: list[tuple[str, int]], days: list[int]
) -> None:
    day_of = dict(zip("stuvwxyz", days, strict=True))
    seen = pa.array([day_of[story] for story, _ in docs], pa.int32()).cast(pa.date32())
    words = np.array([size for _, size in docs])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout, "_BUCKET_WORDS", 1_000)
        found = layout.lay_out(pa.array([story for story, _ in docs]), seen, words)
    ordered = sorted({story for story, _ in docs}, key=lambda story: (day_of[story], story))
    assert found.story_ids.to_pylist() == ordered
    assert found.days.cast(pa.int32()).to_pylist() == [day_of[story] for story in ordered]
    assert [ordered[place] for place in found.story] == [story for story, _ in docs]
    assert sorted(set(found.buckets.tolist())) == list(range(found.bucket_count))
    assert (np.diff(found.buckets) >= 0).all()
    weight = np.bincount(found.buckets[found.story], words + 100)
    heaviest = np.bincount(found.story, words + 100).max()
    assert weight.max() < 1_000 + heaviest
