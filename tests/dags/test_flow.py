"""The dags on the demo network: ingest → cluster → publish, each task in Airflow, the lake in a folder."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.lake.order import places
from pipeline.publish.release import read_manifest
from tests.dags.airflow_alone import ask_airflow
from tests.dags.standing import Heard, listener
from tests.e2e.network import EVENING, site

CHAIN = ("ingest_affiliates", "cluster_stories", "publish_release")


@pytest.mark.slow
def test_the_dags_make_a_release_of_the_network(tmp_path: Path) -> None:
    home, events = tmp_path / "airflow", tmp_path / "lineage.jsonl"
    home.mkdir()
    heard = Heard()
    with site(tmp_path) as network, listener(heard) as hook:
        now = EVENING.isoformat()
        told = ask_airflow(
            home,
            "flow.py",
            *(f"{dag}={now}" for dag in CHAIN),
            WIREFOLD_CONFIG=str(tmp_path / "wirefold.toml"),
            AIRFLOW_CONN_WIREFOLD_NOTIFY=json.dumps(
                {"conn_type": "http", "host": f"http://127.0.0.1:{hook}", "password": "hook/of/ours"}
            ),
            AIRFLOW__OPENLINEAGE__DISABLED="false",
            AIRFLOW__OPENLINEAGE__TRANSPORT=json.dumps(
                {"type": "file", "log_file_path": str(events), "append": True}
            ),
        )
        release = read_manifest(network.lake())
    assert [run["state"] for run in told["runs"]] == ["success"] * 3
    assert release and release.release == "20260305T200000Z"
    ingested, folded, published = told["events"]
    assert {event["run_id"] for event in told["events"]} == {release.release}
    assert ingested["counts"]["fetched"] == release.counts.fetched > 300
    assert folded["stories"] == published["stories"] == release.tables["stories"].rows
    labels = told["runs"][0]["labels"]
    assert len(labels) == 4 and all("," in label for label in labels), "the grid shows outlets, not numbers"
    warned = [check.check for check in release.checks if not check.ok]
    assert warned and [line.partition(" ")[0] for line in published["warnings"]] == warned
    [message] = heard.messages
    assert message.startswith(f"Wirefold\nrelease {release.release}:\n")
    assert all(f"\ncheck {check} is" in message for check in warned)
    emitted = [json.loads(line) for line in events.read_text().splitlines()]
    [lineage] = [
        event for event in emitted if any(o["name"].endswith("/tables/stories") for o in event["outputs"])
    ]
    assert lineage["job"]["name"] == "publish_release.publish"
    outputs = {one["name"].rpartition("/")[2]: one for one in lineage["outputs"]}
    assert outputs.keys() == release.tables.keys()
    assert outputs["stories"]["outputFacets"]["outputStatistics"]["rowCount"] == folded["stories"]
    assert {one["name"].rpartition("/")[2] for one in lineage["inputs"]} == {"raw", "pages"}


@pytest.mark.slow
def test_a_dag_run_with_an_older_clock_is_folded_as_it_comes(tmp_path: Path) -> None:
    home = tmp_path / "airflow"
    home.mkdir()
    clocks = (EVENING + timedelta(hours=1), EVENING)
    with site(tmp_path) as network:
        told = ask_airflow(
            home,
            "flow.py",
            *(f"{dag}={now.isoformat()}" for now in clocks for dag in CHAIN),
            WIREFOLD_CONFIG=str(tmp_path / "wirefold.toml"),
        )
        release, order = read_manifest(network.lake()), places(network.lake())
    assert [run["state"] for run in told["runs"]] == ["success"] * 6
    assert [place.run_id for place in order] == ["20260305T210000Z", "20260305T200000Z"]
    assert release
    assert (release.release, release.previous) == ("20260305T200000Z", "20260305T210000Z")


@pytest.mark.slow
def test_a_broken_registry_fails_the_plan_at_once_and_hands_nothing_over(tmp_path: Path) -> None:
    home = tmp_path / "airflow"
    home.mkdir()
    (tmp_path / "outlets.toml").write_text('[[outlet]]\nid = "kdun"\nname = 7\n')
    (tmp_path / "wirefold.toml").write_text(f'lake = "{tmp_path / "lake"}"\n')
    told = ask_airflow(
        home,
        "flow.py",
        f"ingest_affiliates={EVENING.isoformat()}",
        WIREFOLD_CONFIG=str(tmp_path / "wirefold.toml"),
    )
    assert told["runs"][0]["state"] == "failed"
    assert "plan -1 failed" in told["runs"][0]["tasks"]
    assert told["events"] == []
