"""What goes wrong outside, and what comes by hand: outlets down, an archive, the upkeep; in Airflow."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from infra.demo.server import DemoServer
from pipeline.lake.locate import open_store
from pipeline.lake.order import places
from pipeline.lake.store import Store
from pipeline.matching.result import done
from pipeline.publish.release import read_manifest, read_table
from tests.dags.airflow_alone import ask_airflow
from tests.dags.outlets import GONE, SOME, write_config
from tests.e2e.network import EVENING
from tests.servers import S3Server

pytestmark = pytest.mark.slow
FIRST, ARCHIVE, DARK = (EVENING + timedelta(hours=hours) for hours in range(3))
FOLD = ("cluster_stories", "publish_release")


class Troubled(NamedTuple):
    runs: dict[str, dict[str, Any]]
    events: list[dict[str, Any]]
    lake: Store


def archive(server: DemoServer, file: Path) -> None:
    """A wire piece that one of the outlets runs as others have it, an own one, a row without text."""
    copy = next(c for c in server.service.network.copies if c.site.site_id == SOME[0] and c.kind == "wire")
    text = "\n\n".join(copy.piece(copy.showings[0]).paragraphs)
    own = "The heron stood on the weir at Tarn Mill all morning. " * 12
    rows: Sequence[dict[str, Any]] = (
        {"key": "a-1", "story": text, "url": "https://archive.example/1", "paper": "old-post"},
        {"key": "a-2", "story": own, "url": "https://archive.example/2", "paper": "old-post"},
        {"key": "a-3", "story": "", "url": "https://archive.example/3", "paper": "old-post"},
    )
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory, s3_server: S3Server) -> Troubled:
    """A run with one outlet down, an archive on S3, a run with all outlets down, and the upkeep of it all."""
    home = tmp_path_factory.mktemp("airflow")
    lake, file = home / "lake", home / "old.jsonl"
    connection = {
        "conn_type": "aws",
        "login": "test",
        "password": "test",
        "extra": {"endpoint_url": s3_server.endpoint, "region_name": "us-east-1"},
    }
    with DemoServer(now=EVENING, slow_seconds=0.2) as server, s3_server.client() as client:
        archive(server, file)
        bucket = s3_server.new_bucket(client)
        client.upload_file(str(file), bucket, "archives/2026/old.jsonl")
        form = json.dumps(
            {
                "path": f"s3://{bucket}/archives",
                "kind": "jsonl",
                "outlet_field": "paper",
                "columns": {"doc_id": "key", "text": "story"},
                "memory": "1GiB",
            }
        )
        config = write_config(home, str(lake), server.address, (*SOME, GONE))
        dark = write_config(home, str(lake), "127.0.0.1:9", (*SOME, GONE), "dark")
        told = ask_airflow(
            home,
            "flow.py",
            *(f"{dag}={FIRST.isoformat()}" for dag in ("ingest_affiliates", *FOLD)),
            f"import_archive={ARCHIVE.isoformat()}={form}",
            *(f"{dag}={ARCHIVE.isoformat()}" for dag in FOLD),
            f"import_archive={FIRST.isoformat()}={form}",
            f"WIREFOLD_CONFIG={dark}",
            *(f"{dag}={DARK.isoformat()}" for dag in ("ingest_affiliates", *FOLD)),
            f"maintain_lake={(DARK + timedelta(days=40)).isoformat()}",
            WIREFOLD_CONFIG=str(config),
            AIRFLOW_CONN_WIREFOLD_S3=json.dumps(connection),
        )
    names = (
        *("first", "first match", "first release", "archive", "archive match", "archive release"),
        *("clash", "dark", "dark match", "dark release", "upkeep"),
    )
    return Troubled(dict(zip(names, told["runs"], strict=True)), told["events"], open_store(str(lake)))


def test_one_outlet_down_leaves_the_run_green_and_marked(troubled: Troubled) -> None:
    assert troubled.runs["first"]["state"] == "success"
    marked = [label for label in troubled.runs["first"]["labels"] if "(" in label]
    assert len(marked) == 1 and marked[0].endswith(f"({GONE} down)")
    ingested = troubled.events[0]
    assert ingested["troubled"] == {GONE: "down"}
    assert ingested["counts"]["published"] > 20
    assert "reached -1 success" in troubled.runs["first"]["tasks"]


def test_all_outlets_down_is_red_and_the_lake_goes_on(troubled: Troubled) -> None:
    dark = troubled.runs["dark"]
    assert dark["state"] == "failed"
    assert [task for task in dark["tasks"] if task.endswith("failed")] == ["reached -1 failed"]
    assert [troubled.runs[f"dark {step}"]["state"] for step in ("match", "release")] == ["success"] * 2
    newest = read_manifest(troubled.lake)
    assert newest and newest.run_id == f"{DARK:%Y%m%dT%H%M%SZ}"
    runs = read_table(troubled.lake, "runs").to_pylist()
    assert {(r["outlet_id"], r["state"]) for r in runs if r["run_id"] == newest.run_id} == {
        (outlet, "down") for outlet in (*SOME, GONE)
    }


def test_an_archive_folds_into_the_stories_that_there_are(troubled: Troubled) -> None:
    assert troubled.runs["archive"]["state"] == troubled.runs["archive release"]["state"] == "success"
    [event] = [e for e in troubled.events if e.get("counts", {}).get("fetched") == 3]
    assert (event["counts"]["published"], event["counts"]["quarantined"]) == (2, 1)
    copies = read_table(troubled.lake, "republications").to_pylist()
    told = done(troubled.lake, f"{ARCHIVE:%Y%m%dT%H%M%SZ}")
    assert told and told.whole, "the form asked for it"
    of = {row["doc_id"]: row for row in copies}
    assert {row["outlet_id"] for row in copies if row["story_id"] == of["a-1"]["story_id"]} > {"old-post"}
    assert [row["doc_id"] for row in copies if row["story_id"] == of["a-2"]["story_id"]] == ["a-2"]


def test_an_archive_does_not_take_the_clock_of_a_run_that_fetched(troubled: Troubled) -> None:
    assert troubled.runs["clash"]["state"] == "failed"
    assert troubled.runs["clash"]["tasks"] == ["check -1 success", "take_in -1 failed"]
    assert [place.run_id for place in places(troubled.lake)] == [
        f"{now:%Y%m%dT%H%M%SZ}" for now in (FIRST, ARCHIVE, DARK)
    ]


def test_upkeep_keeps_what_readers_have(troubled: Troubled) -> None:
    assert troubled.runs["upkeep"]["state"] == "success"
    assert troubled.runs["upkeep"]["tasks"] == [f"{t} -1 success" for t in ("current", "order", "releases")]
    assert read_table(troubled.lake, "stories").num_rows
