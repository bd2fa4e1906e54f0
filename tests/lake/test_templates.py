"""A run begins with the newest templates of the runs before it, and with none of a later one."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.extract.standing import Standing
from pipeline.extract.tables import to_templates
from pipeline.lake.folder import FolderStore
from pipeline.lake.segment import write_segment
from pipeline.lake.templates import templates_after, templates_before
from pipeline.model import Run
from pipeline.segments import TEMPLATES, segment_key

RUNS = [Run.of(f"20260305T{hour:02}0000Z") for hour in range(24)]


@pytest.fixture
def lake(tmp_path: Path) -> FolderStore:
    return FolderStore(str(tmp_path))


def leave(lake: FolderStore, run: Run, shard: str, **pages: int) -> None:
    """Templates of outlets, told apart by their number of pages."""
    rows = to_templates(Standing(name, pages=count) for name, count in sorted(pages.items()))
    write_segment(lake, segment_key("templates", run.run_id, shard), rows)


def pages(rows: pa.Table) -> dict[str, int]:
    assert rows.schema.equals(TEMPLATES)
    return dict(zip(rows["outlet_id"].to_pylist(), rows["pages"].to_pylist(), strict=True))


def test_an_empty_lake_has_none(lake: FolderStore) -> None:
    assert pages(templates_before(lake, RUNS[0])) == pages(templates_after(lake, RUNS[0])) == {}


def test_the_newest_row_of_each_outlet_counts(lake: FolderStore) -> None:
    leave(lake, RUNS[0], "000", courier=1, ledger=1)
    leave(lake, RUNS[1], "000", ledger=2)
    leave(lake, RUNS[1], "001", post=2)
    leave(lake, RUNS[2], "000", courier=3, post=3)
    assert pages(templates_before(lake, RUNS[2])) == {"courier": 1, "ledger": 2, "post": 2}
    assert pages(templates_after(lake, RUNS[2])) == {"courier": 3, "ledger": 2, "post": 3}
    assert pages(templates_before(lake, RUNS[2], ["post", "nobody"])) == {"post": 2}
    assert pages(templates_before(lake, RUNS[0])) == {}


def test_an_outlet_that_was_not_seen_for_long_is_learned_anew(lake: FolderStore) -> None:
    leave(lake, RUNS[0], "000", courier=1)
    for run in RUNS[1:9]:
        leave(lake, run, "000", ledger=1)
    assert pages(templates_before(lake, RUNS[8])) == {"courier": 1, "ledger": 1}
    assert pages(templates_before(lake, RUNS[9])) == {"ledger": 1}
