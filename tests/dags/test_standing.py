"""A real Airflow backfilled, cleared, cut off from its store, asked and answered: readers see one truth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from infra import store
from infra.airflow_home import LOGIN
from pipeline.config import load_config
from pipeline.judge import judged
from pipeline.lake.store import Store
from pipeline.publish.release import read_manifest, read_table
from tests.dags.outlets import write_config
from tests.dags.standing import ALL, Standing, standing
from tests.dags.test_metrics import named
from tests.e2e.network import EVENING, Site

pytestmark = pytest.mark.slow
BACKFILLED = ("20260305T150000Z", "20260305T160000Z", "20260305T170000Z")
BY_HAND = "20260305T210000Z"


@pytest.fixture(scope="module")
def stands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """With five runs released that were begun at once: a scheduled one, one by hand, a backfill of three."""
    with standing(tmp_path_factory.mktemp("standing")) as up:
        up.command(
            *("backfill", "create", "--dag-id", "ingest_affiliates", "--max-active-runs", "3"),
            *("--from-date", "2026-03-05T15:00:00+00:00", "--to-date", "2026-03-05T17:00:00+00:00"),
        )
        up.trigger("ingest_affiliates", now="2026-03-05T21:00:00Z")
        for dag in ALL:
            up.pause(dag, False)
        up.go()
        up.released(5)
        yield up


def stories(lake: Store) -> set[frozenset[str]]:
    """The URLs that lie together, story by story."""
    together: defaultdict[str, set[str]] = defaultdict(set)
    for row in read_table(lake, "republications", columns=["story_id", "url_normalised"]).to_pylist():
        together[row["story_id"]].add(row["url_normalised"])
    return {frozenset(urls) for urls in together.values()}


def test_each_interval_of_a_backfill_is_a_run_of_its_own(stands: Standing) -> None:
    runs = stands.runs("ingest_affiliates")
    assert [run["state"] for run in runs] == ["success"] * 5
    assert sorted(run["run_type"] for run in runs) == ["backfill"] * 3 + ["manual", "scheduled"]
    scheduled = next(run for run in runs if run["run_type"] == "scheduled")
    at = datetime.fromisoformat(scheduled["run_after"]).astimezone(UTC)
    ours = {*BACKFILLED, BY_HAND, f"{at:%Y%m%dT%H%M%SZ}"}
    told = read_table(stands.lake(), "runs").to_pylist()
    assert {row["run_id"] for row in told} == ours
    assert len(told) == 3 * len(ours), "each asked each outlet"


def test_runs_at_once_give_what_one_run_gives(stands: Standing, tmp_path: Path) -> None:
    config = write_config(tmp_path, str(tmp_path / "lake"), stands.server.address)
    alone = Site(stands.server, load_config(config))
    alone.run(EVENING)
    assert len(stories(alone.lake())) > 20
    assert stories(stands.lake()) == stories(alone.lake())
    assert not [run for run in stands.runs() if run["state"] == "failed"]


def test_any_task_cleared_and_run_again_leaves_the_same_bytes(stands: Standing) -> None:
    newest = read_manifest(stands.lake())
    assert newest
    before = stands.digests()
    for dag, run in [(dag, _run_of(stands, dag, newest.run_id)) for dag in ALL]:
        for task in dict.fromkeys(name.rpartition(" ")[0] for name in stands.tasks(dag, run)):
            clear(stands, dag, run, task)
            assert stands.ended(dag, run) == "success"
    stands.released(5)
    after = stands.digests()
    assert {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)} == set()


def clear(stands: Standing, dag: str, run: str, task: str) -> None:
    """A task alone, in all its instances."""
    which = {"dag_run_id": run, "task_ids": [task], "only_failed": False}
    cleared = stands.ask("POST", f"/dags/{dag}/clearTaskInstances", {"dry_run": False, **which})
    assert {row["task_id"] for row in cleared["task_instances"]} == {task}


def _run_of(stands: Standing, dag: str, run_id: str) -> str:
    """The first dag run of a dag that worked for a run: by what its tasks returned or told."""
    task = {"ingest_affiliates": "settle", "cluster_stories": "story", "publish_release": "publish"}[dag]
    events = stands.ask("GET", "/assets/events", source_dag_id=dag, source_task_id=task, limit=100)
    return next(str(e["source_run_id"]) for e in events["asset_events"] if e["extra"].get("run_id") == run_id)


def test_a_store_that_goes_away_in_mid_run_and_comes_back(stands: Standing) -> None:
    run = stands.trigger("ingest_affiliates", now="2026-03-05T22:00:00Z")
    stands.wait(
        lambda: stands.tasks("ingest_affiliates", run).get("plan -1") in ("running", "success"),
        "the plan begun",
    )
    stands.processes.stop([store.NAME])
    stands.wait(
        lambda: "up_for_retry" in stands.tasks("ingest_affiliates", run).values(),
        "a task that is tried again",
    )
    store.start(stands.processes, stands.home, stands.ports)
    store.make_bucket(stands.processes, stands.ports, stands.secrets)
    assert stands.ended("ingest_affiliates", run) == "success"
    assert stands.released(6)[-1] == "20260305T220000Z"
    stands.wait(
        lambda: any(f"ingest_affiliates is late: {run}" in text for text in stands.heard.messages),
        "the missed deadline told",
    )


def ask_one(stands: Standing, hours: float) -> tuple[str, dict[str, Any]]:
    run = stands.trigger("review_stories", pairs=1, within=5.0, hours=hours)
    path = f"/dags/review_stories/dagRuns/{run}/taskInstances/pair.ask/0"
    stands.wait(
        lambda: stands.tasks("review_stories", run).get("pair.ask 0") == "awaiting_input", "a question"
    )
    return path, stands.ask("GET", f"{path}/hitlDetails")


def test_a_review_is_answered_and_one_times_out(stands: Standing) -> None:
    stands.pause("review_stories", False)
    path, question = ask_one(stands, hours=12)
    assert question["options"] == ["same", "different", "skip"]
    assert "| A | B |" in question["body"]
    stands.ask(
        "PATCH",
        f"{path}/hitlDetails",
        {"chosen_options": ["different"], "params_input": {"why": "two ferries"}},
    )
    assert stands.ended("review_stories", "by_hand_0") == "success"
    [said] = judged(stands.lake()).to_pylist()
    assert (said["verdict"], said["by"], said["why"]) == ("different", LOGIN, "two ferries")

    _, other = ask_one(stands, hours=0.001)
    assert other["body"] != question["body"], "what was answered is not asked again"
    assert stands.ended("review_stories", "by_hand_1") == "success"
    assert stands.tasks("review_stories", "by_hand_1")["pair.keep 0"] == "skipped"
    assert judged(stands.lake()).num_rows == 1


def test_a_release_starts_a_review(stands: Standing) -> None:
    newest = read_manifest(stands.lake())
    assert newest
    clear(stands, "publish_release", _run_of(stands, "publish_release", newest.run_id), "publish")

    def started() -> list[str]:
        return [
            str(run["dag_run_id"])
            for run in stands.runs("review_stories")
            if run["run_type"] == "asset_triggered" and stands.tasks("review_stories", run["dag_run_id"])
        ]

    [run] = stands.wait(started, "a review started by the release")
    stands.wait(lambda: stands.tasks("review_stories", run)["pairs -1"] == "success", "its pairs found")
    stands.pause("review_stories", True)


def test_every_metric_that_we_name_is_sent(stands: Standing) -> None:
    stands.pause("maintain_lake", False)
    assert stands.ended("maintain_lake", stands.trigger("maintain_lake")) == "success"
    heard = stands.heard.metrics
    stands.wait(lambda: {f"airflow.{name}" for name in named()} <= heard.keys(), f"all of {sorted(named())}")
    assert sum(heard["airflow.wirefold.outlets.asked"]) >= 18
    newest = read_manifest(stands.lake())
    assert newest
    assert heard["airflow.wirefold.release.stories"][-1] == newest.tables["stories"].rows


def test_who_listens_hears_of_failures_and_questions(stands: Standing) -> None:
    stands.pause("import_archive", False)
    run = stands.trigger("import_archive", path="/nowhere/old.jsonl")
    assert stands.ended("import_archive", run) == "failed"
    error = f"import_archive.check failed in {run}: BadInput: /nowhere/old.jsonl: no such file or folder"
    stands.wait(lambda: f"Wirefold\n{error}" in stands.heard.messages, "the failure told")
    asked = [text for text in stands.heard.messages if text.endswith(": 1 questions wait for an answer")]
    assert len(asked) == 2
