"""Prints what Airflow makes of dags/, and what the wiring makes of a task's context, as JSON."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from airflow.dag_processing.dagbag import DagBag

HEAVY = ("aiohttp", "boto3", "datasketch", "numba", "numpy", "pandas", "pyarrow", "pipeline.steps")


def parse(folder: str) -> tuple[Any, float]:
    """The bag of a folder, and the CPU seconds that it took."""
    begun = time.process_time()
    bag = DagBag(folder)
    return bag, time.process_time() - begun


def dag(found: Any) -> dict[str, Any]:
    when = found.schedule
    return {
        "schedule": when if when is None or isinstance(when, str) else [asset.name for asset in when],
        "edges": sorted(f"{t.task_id} > {down}" for t in found.tasks for down in t.downstream_task_ids),
        "tasks": sorted(found.task_ids),
        "emits": sorted(f"{t.task_id} > {asset.name}" for t in found.tasks for asset in t.outlets),
        "pools": sorted(f"{t.task_id} > {t.pool}" for t in found.tasks if t.pool != "default_pool"),
        "rules": sorted(
            f"{t.task_id} > {r}" for t in found.tasks if (r := t.trigger_rule.value) != "all_success"
        ),
        "tags": sorted(found.tags),
        "owner": found.owner,
        "doc": found.doc_md,
        "catchup": found.catchup,
        "max_active_runs": found.max_active_runs,
        "params": sorted(found.params),
        "deadline": [alert.interval.total_seconds() / 60 for alert in found.deadline or ()],
        "paused": found.is_paused_upon_creation,
    }


def run_ids() -> dict[str, list[str]]:
    """The runs that `_wiring.runs_of` finds in contexts as Airflow gives them."""
    from _wiring import runs_of

    def event(minute: int, now: str) -> SimpleNamespace:
        return SimpleNamespace(timestamp=datetime(2031, 4, 7, 9, minute, tzinfo=UTC), extra={"now": now})

    dag_run = SimpleNamespace(run_after=datetime(2031, 4, 7, 8, 0, 0, 123456, tzinfo=UTC))
    given = {"now": "2031-04-07T07:30:00+02:00"}
    newest_last = [event(5, "2031-04-07T05:00:00+00:00"), event(6, "2031-04-07T06:00:00+00:00")]
    contexts: dict[str, dict[str, Any]] = {
        "dag run": {"params": {"now": None}},
        "param": {"params": given},
        "events": {"params": given, "triggering_asset_events": {"pages": newest_last[::-1]}},
    }
    return {
        name: [run.run_id for run in runs_of({"dag_run": dag_run, **context})]
        for name, context in contexts.items()
    }


def worked_for() -> dict[str, str]:
    """The run that a task works for: of two handed over, the one with the newer clock taken up first; of one
    handed over and two that are ready; of one by hand and two ready; of one that it is told."""
    from _wiring import open_run

    from pipeline.lake import order
    from pipeline.lake.locate import open_store

    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "wirefold.toml"
        config.write_text('lake = "lake"\n')
        os.environ["WIREFOLD_CONFIG"] = str(config)
        for run_id in ("20310407T090000Z", "20310407T080000Z"):
            order.place(open_store(f"{folder}/lake"), run_id)
        events = [SimpleNamespace(extra={"now": f"2031-04-07T0{hour}:00:00+00:00"}) for hour in (8, 9)]
        started = {"triggering_asset_events": {"pages": events[1:]}}
        by_hand = {"params": {"now": "2031-04-07T09:00:00+00:00"}}
        opened = {
            "two": open_run({"triggering_asset_events": {"pages": events}}),
            "one of two ready": open_run(started, ready=order.runs_placed),
            "by hand": open_run(by_hand, ready=order.runs_placed),
            "told": open_run(started, run_id="20310407T070000Z"),
        }
        return {name: at.run.run_id for name, at in opened.items()}


def retries() -> dict[str, str]:
    """What the retry policy decides on each kind of error."""
    from _wiring import DEFAULT_ARGS

    from pipeline.errors import BadInput, CheckFailed, Failed
    from pipeline.lake.store import Conflict, Missing

    policy = DEFAULT_ARGS["retry_policy"]
    errors = (BadInput("x"), CheckFailed("x"), Missing("x"), Failed("x"), Conflict("x"), OSError("x"))
    return {type(e).__name__: policy.evaluate(e, 1, 3).action.value for e in errors}


def notices() -> dict[str, bool]:
    """Whether somebody took a message, by who there was to take it."""
    from _notify import CONNECTION, post

    variable = f"AIRFLOW_CONN_{CONNECTION.upper()}"
    os.environ[variable] = '{"conn_type": "http", "host": "http://127.0.0.1:9"}'
    return {"nobody listens": post(["a line"]), "nothing to tell": post([])}


def proxies() -> dict[str, str | None]:
    """The proxy of an opened run without the connection, and with it."""
    from _wiring import PROXY_CONNECTION, Opened, behind_proxy

    from pipeline.config import Config
    from pipeline.lake.folder import FolderStore
    from pipeline.model import Run

    at = Opened(FolderStore("lake"), Run.of("20310407T080000Z"), Config.for_files("lake", ()))
    without = behind_proxy(at).config.network.proxy
    os.environ[f"AIRFLOW_CONN_{PROXY_CONNECTION.upper()}"] = json.dumps(
        {"conn_type": "http", "host": "proxy.example", "port": 3128, "login": "w", "password": "p@ss/w"}
    )
    return {"without": without, "with": behind_proxy(at).config.network.proxy}


def main() -> None:
    with tempfile.TemporaryDirectory() as empty:
        parse(empty)
        _, nothing = parse(empty)
    before = set(sys.modules)
    bag, ours = parse(sys.argv[1])
    described = {
        "errors": bag.import_errors,
        "cpu_seconds": ours - nothing,
        "heavy": sorted((set(sys.modules) - before) & set(HEAVY)),
        "dags": {name: dag(found) for name, found in bag.dags.items()},
        "runs": run_ids(),
        "worked for": worked_for(),
        "retries": retries(),
        "notices": notices(),
        "proxies": proxies(),
    }
    print(json.dumps(described))


if __name__ == "__main__":
    main()
