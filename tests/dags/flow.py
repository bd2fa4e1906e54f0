"""Runs the dags one after the other with `dag.test()` and prints what became of them, as JSON.

Arguments: pairs of dag id and simulated time. The first is given the time as its dag run's own; dags
that an asset triggers get it by the `now` param, since `dag.test()` knows no triggering events.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime
from typing import Any

from airflow.dag_processing.dagbag import DagBag
from airflow.models.asset import AssetEvent
from airflow.utils import db
from airflow.utils.session import create_session
from sqlalchemy import select


def run(dags: Any, name: str, now: str) -> dict[str, Any]:
    if name == "ingest_affiliates":
        dag_run = dags[name].test(run_after=datetime.fromisoformat(now))
    else:
        dag_run = dags[name].test(run_conf={"now": now})
    tasks = dag_run.get_task_instances()
    return {
        "state": str(dag_run.state),
        "tasks": sorted(f"{task.task_id} {task.map_index} {task.state}" for task in tasks),
        "labels": sorted(t.rendered_map_index for t in tasks if t.task_id == "shard.ingest"),
    }


def main() -> None:
    db.initdb()
    dags = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]).dags
    ran = [run(dags, *arguments.split("=")) for arguments in sys.argv[1:]]
    with create_session() as session:
        events = [event.extra for event in session.scalars(select(AssetEvent).order_by(AssetEvent.id))]
    print(json.dumps({"runs": ran, "events": events}))


if __name__ == "__main__":
    main()
