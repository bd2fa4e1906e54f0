"""Runs the dags one after the other with `dag.test()` and prints what became of them, as JSON.

Arguments: pairs of dag id and simulated time, with further params as JSON after another `=`, or the variable
WIREFOLD_CONFIG with another path for what follows. `ingest_affiliates` is given the time as its dag run's
own, others by the `now` param, since `dag.test()` knows no triggering events.
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


def run(dags: Any, name: str, now: str, params: str = "{}") -> dict[str, Any]:
    if name == "ingest_affiliates":
        dag_run = dags[name].test(run_after=datetime.fromisoformat(now))
    else:
        dag_run = dags[name].test(run_conf={"now": now, **json.loads(params)})
    tasks = dag_run.get_task_instances()
    return {
        "state": str(dag_run.state),
        "tasks": sorted(f"{task.task_id} {task.map_index} {task.state}" for task in tasks),
        "labels": sorted(t.rendered_map_index for t in tasks if t.task_id == "shard.ingest"),
    }


def main() -> None:
    db.initdb()
    dags = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]).dags
    ran = []
    for argument in sys.argv[1:]:
        name, value, *params = argument.split("=", 2)
        if name == "WIREFOLD_CONFIG":
            os.environ[name] = value
        else:
            ran.append(run(dags, name, value, *params))
    with create_session() as session:
        events = [event.extra for event in session.scalars(select(AssetEvent).order_by(AssetEvent.id))]
    print(json.dumps({"runs": ran, "events": events}))


if __name__ == "__main__":
    main()
