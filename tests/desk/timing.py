"""How long the desk's main pages take over a large lake, and what the memory is before and after 200 views.

    python -m tests.desk.timing FOLDER [REPUBLICATIONS]

Makes the lake in FOLDER if it is not there; a million republications take some minutes. Each page is
asked for by a process that has read nothing, then again. Bodies are drawn from a pool, so that files fold
better than real ones.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline import schema
from pipeline.columns import Table
from pipeline.desk.api import Guards, make_app
from pipeline.desk.shelf import Desk
from pipeline.lake.folder import FolderStore
from pipeline.lake.locate import open_store
from pipeline.publish.drafts import Drafts
from pipeline.publish.release import write_release
from pipeline.publish.verdict import Checked
from tests.publish import sample

DAYS, OUTLETS, COPIES = 30, 400, 4
FIRST = date(2031, 4, 1)
WORDS = ["harbor", "council", "ferry", "quay", "tide", "bridge", "vote", "ledger", "grain", "signal"]


def make_lake(folder: Path, republications: int) -> None:
    pick = np.random.default_rng(7)
    pool = pa.array([" ".join(pick.choice(WORDS, 380)) for _ in range(2000)])
    others = sample.tables(sample.World((), days={"r1": FIRST}))
    with TemporaryDirectory(dir=folder.parent) as scratch:
        drafts = Drafts(Path(scratch))
        for name, by_day in others.items():
            for day, rows in by_day.items():
                if rows.num_rows:
                    drafts.add(schema.BY_NAME[name], rows, day and pa.repeat(pa.scalar(day), rows.num_rows))
        for number in range(DAYS):
            day = FIRST + timedelta(number)
            for table, given, rows in of_day(number, republications // DAYS // COPIES, pool, pick):
                drafts.add(table, filled(table, given, rows), pa.repeat(pa.scalar(day), rows))
        write_release(
            FolderStore(str(folder)),
            release="large",
            run=sample.World((), days={"r1": FIRST}).run,
            partitions=drafts.partitions(),
            params=sample.PARAMS,
            counts=sample.World(()).counts,
            check=lambda _: Checked.of([]),
        )


def of_day(
    number: int, stories: int, pool: pa.Array, pick: Any
) -> Iterator[tuple[Table, dict[str, Any], int]]:
    """The columns that are not empty, of the stories first seen on a day, each with COPIES copies."""
    of = [f"s_{number:03d}{at:013x}" for at in range(stories)]
    n = stories * COPIES
    own = pa.array(np.repeat(of, COPIES))
    docs = pa.array([f"d_{number:03d}{at:013x}" for at in range(n)])
    outlets = pa.array([f"outlet-{at:03d}" for at in pick.integers(OUTLETS, size=n)])
    headline = pa.array([" ".join(pick.choice(WORDS, 8)) for _ in range(stories)])
    body = pool.take(pa.array(pick.integers(len(pool), size=stories)))
    at = pa.array([datetime(2031, 4, 1, 9, tzinfo=UTC) + timedelta(number)] * n, pa.timestamp("us", "UTC"))
    first = pa.array(np.arange(0, n, COPIES))
    yield (
        schema.STORIES,
        {
            "story_id": pa.array(of),
            "headline": headline,
            "body": body,
            "pub_status": "usable",
            "canonical_doc_id": docs.take(first),
            "first_seen_at": at[:stories],
            "n_outlets": pa.array(pick.integers(1, COPIES + 1, size=stories), pa.int32()),
        },
        stories,
    )
    yield (
        schema.REPUBLICATIONS,
        {
            "doc_id": docs,
            "story_id": own,
            "outlet_id": outlets,
            "version_no": 1,
            "headline": headline.take(pa.array(np.repeat(np.arange(stories), COPIES))),
            "first_seen_at": at,
            "body": body.take(pa.array(np.repeat(np.arange(stories), COPIES))),
        },
        n,
    )
    yield (
        schema.VERSIONS,
        {
            "story_id": pa.array(of),
            "version_no": 1,
            "kind": "initial",
            "representative_doc_id": docs.take(first),
        },
        stories,
    )
    yield schema.PICKUPS, {"story_id": own, "outlet_id": outlets, "first_seen_at": at}, n
    later = pa.array(np.flatnonzero(np.arange(n) % COPIES))
    yield (
        schema.EDGES,
        {
            "story_id": own.take(later),
            "doc_id_b": docs.take(later),
            "decided_by": "auto",
            "doc_id_a": docs.take(pa.array(np.repeat(np.arange(0, n, COPIES), COPIES - 1))),
            "score": pa.array(pick.normal(6, 4, len(later)), pa.float32()),
            "decision": "accepted",
        },
        len(later),
    )
    yield schema.REGISTRY, {"story_id": pa.array(of), "current_story_id": pa.array(of)}, stories


def filled(table: Table, given: dict[str, Any], rows: int) -> pa.Table:
    """A table of so many rows: columns as given, an array or one value; the others null, empty or zero."""
    columns = []
    for column in table.schema:
        value = given.get(column.name, None if column.nullable else sample._zero(column.type))
        array = value if isinstance(value, pa.Array) else pa.repeat(pa.scalar(value, column.type), rows)
        columns.append(array.cast(column.type))
    return pa.Table.from_arrays(columns, schema=table.schema)


def pages() -> dict[str, str]:
    story = f"s_{DAYS - 1:03d}{5:013x}"
    return {
        "stories, first page": "stories",
        "stories, of an outlet": "stories?outlet=outlet-007",
        "stories, a search that finds nothing": "stories?text=zeppelin",
        "a story": f"story?story_id={story}",
        "a copy beside its version": f"copy?story_id={story}&doc_id=d_{DAYS - 1:03d}{21:013x}",
        "outlets": "outlets",
        "releases": "releases",
        "queue": "queue",
        "a pair": f"pair?doc_a=d_{DAYS - 1:03d}{20:013x}&doc_b=d_{DAYS - 1:03d}{21:013x}&near=2031-04-30",
    }


def ask(folder: str, path: str, views: int, told: Any) -> None:
    """Seconds of the first and of the second time that a page is asked for, and MB before and after."""
    from fastapi.testclient import TestClient

    guards = Guards(lambda: None, lambda: None, lambda: "petra")
    desk = Desk(open_store(folder))
    client = TestClient(make_app(lambda: desk, guards))
    client.get("/static/desk.js")
    took, before = [], resident()
    paths = [path] * 2 if views == 2 else [*pages().values()] * (views // len(pages()) + 1)
    for one in paths:
        start = time.perf_counter()
        assert client.get(f"/api/{one}").status_code == 200, one
        took.append(time.perf_counter() - start)
    told.put((took[0], took[1], before, resident()))


def resident() -> float:
    """MB that this process has in memory."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def main(folder: Path, republications: int) -> None:
    if not (folder / "latest.json").exists():
        make_lake(folder, republications)
    alone = multiprocessing.get_context("spawn")
    found = {}
    for name, path, views in [*((name, path, 2) for name, path in pages().items()), ("200 views", "", 200)]:
        told = alone.Queue()
        process = alone.Process(target=ask, args=(str(folder), path, views, told))
        process.start()
        found[name] = [round(value, 3) for value in told.get()]
        process.join()
        print(
            f"{name:40} first {found[name][0]:7.3f} s, again {found[name][1]:7.3f} s,"
            f" {found[name][2]:5.0f} MB -> {found[name][3]:5.0f} MB",
            flush=True,
        )
    (folder.parent / "desk-timing.json").write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000)
