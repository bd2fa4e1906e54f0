"""What Airflow makes of dags/: their shape, their words, and that parsing them costs nothing."""

from __future__ import annotations

import ast
import sys
from typing import Any

import pytest

from tests.dags.airflow_alone import DAGS, ask_airflow

SHAPES = {
    "ingest_affiliates": {
        "schedule": "0 * * * *",
        "edges": [
            "plan > shard.extract",
            "plan > shard.ingest",
            "settle > reached",
            "shard.extract > settle",
            "shard.ingest > shard.extract",
        ],
        "emits": ["settle > wirefold_pages"],
        "pools": ["shard.ingest > affiliates"],
        "rules": ["settle > all_done"],
        "params": ["now"],
        "deadline": [90.0],
    },
    "import_archive": {
        "schedule": None,
        "edges": ["check > take_in"],
        "emits": ["take_in > wirefold_pages"],
        "pools": [],
        "rules": [],
        "params": ["columns", "engine", "executors", "kind", "memory", "now", "outlet_field", "path"],
        "deadline": [],
    },
    "cluster_stories": {
        "schedule": ["wirefold_pages"],
        "edges": ["match > story"],
        "emits": ["story > wirefold_stories"],
        "pools": [],
        "rules": [],
        "params": ["now"],
        "deadline": [90.0],
    },
    "publish_release": {
        "schedule": ["wirefold_stories"],
        "edges": [],
        "emits": ["publish > wirefold_release"],
        "pools": [],
        "rules": [],
        "params": ["now"],
        "deadline": [90.0],
    },
    "review_stories": {
        "schedule": ["wirefold_release"],
        "edges": ["pair.ask > pair.keep", "pairs > pair.ask", "pairs > pair.keep"],
        "emits": [],
        "pools": [],
        "rules": [],
        "params": ["hours", "now", "pairs", "within"],
        "deadline": [],
    },
    "maintain_lake": {
        "schedule": "30 4 * * 1",
        "edges": [],
        "emits": [],
        "pools": [],
        "rules": [],
        "params": ["now"],
        "deadline": [],
    },
}
# A dag file may import at its top: Airflow's task SDK, the shared wiring and the standard library.
LIGHT = {
    "airflow",
    "_lineage",
    "_metrics",
    "_notify",
    "_pace",
    "_spark",
    "_spark_match",
    "_wiring",
    *sys.stdlib_module_names,
}


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = tmp_path_factory.mktemp("airflow")
    return dict(ask_airflow(home, "describe.py", str(DAGS)))


def test_dags_have_their_shape(described: dict[str, Any]) -> None:
    assert described["errors"] == {}
    shown = {
        name: {key: dag[key] for key in SHAPES["ingest_affiliates"]}
        for name, dag in described["dags"].items()
    }
    assert shown == SHAPES
    for dag in described["dags"].values():
        assert (dag["catchup"], dag["max_active_runs"]) == (False, 1)
    assert [name for name, dag in described["dags"].items() if dag["paused"]] == ["review_stories"]


def test_dags_follow_the_taxonomy_and_tell_the_person_on_call(described: dict[str, Any]) -> None:
    for dag in described["dags"].values():
        kinds = sorted(tag.partition(":")[0] for tag in dag["tags"])
        assert kinds == ["impact", "stage", "wirefold"]
        assert dag["owner"] == "news-data"
        assert "## When it is red" in dag["doc"]
    stages = [tag for dag in described["dags"].values() for tag in dag["tags"] if tag.startswith("stage:")]
    assert len(set(stages)) == len(stages), "each stage is one dag"


def test_parsing_is_cheap_and_imports_nothing_heavy(described: dict[str, Any]) -> None:
    assert described["heavy"] == []
    assert described["cpu_seconds"] < 0.3


@pytest.mark.parametrize("path", sorted(DAGS.glob("*.py")), ids=lambda path: path.stem)
def test_a_dag_file_imports_only_light_modules_at_its_top(path: Any) -> None:
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [str(node.module)]
        else:
            continue
        assert {name.split(".")[0] for name in names} <= LIGHT


def test_a_task_finds_its_run(described: dict[str, Any]) -> None:
    assert described["runs"] == {
        "dag run": ["20310407T080000Z"],
        "param": ["20310407T053000Z"],
        "events": ["20310407T060000Z", "20310407T050000Z"],
    }


def test_of_several_runs_the_one_taken_up_last_is_worked_for(described: dict[str, Any]) -> None:
    assert described["worked for"] == {
        "two": "20310407T080000Z",
        "one of two ready": "20310407T080000Z",
        "by hand": "20310407T090000Z",
        "told": "20310407T070000Z",
    }


def test_only_what_may_pass_is_tried_again(described: dict[str, Any]) -> None:
    assert described["retries"] == {
        "BadInput": "fail",
        "CheckFailed": "fail",
        "Missing": "fail",
        "Failed": "default",
        "Conflict": "default",
        "OSError": "default",
    }


def test_the_proxy_is_that_of_its_connection(described: dict[str, Any]) -> None:
    assert described["proxies"] == {"without": None, "with": "http://w:p%40ss%2Fw@proxy.example:3128"}


def test_a_listener_that_is_down_breaks_nothing(described: dict[str, Any]) -> None:
    assert described["notices"] == {"nobody listens": False, "nothing to tell": False}
