"""Has spark-submit match a run where the connection `wirefold_spark` says; its log is part of the task's.

Credentials are in its environment, never on its command line, which everybody on the machine can read.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from _spark_match import REFUSED
from _wiring import Opened, connection, s3_environment

CONNECTION = "wirefold_spark"
APPLICATION = Path(__file__).with_name("_spark_match.py")


def check_submit() -> None:
    """Raises `BadInput` where there is the connection, and what it takes is not."""
    from pipeline.errors import BadInput

    if not (found := connection(CONNECTION)):
        return
    try:
        import airflow.providers.apache.spark.hooks.spark_submit  # noqa: F401
    except ModuleNotFoundError:
        raise BadInput(
            f"connection {CONNECTION} needs its provider: "
            "pip install --no-deps apache-airflow-providers-apache-spark"
        ) from None
    if (mode := found.extra_dejson.get("deploy-mode") or "client") != "client":
        raise BadInput(
            f"connection {CONNECTION}: deploy-mode: expected client, got {mode}: "
            "the driver needs the worker's configuration and scratch files"
        )


def submit(context: Mapping[str, Any], at: Opened) -> None:
    """Have the run matched so, if `import_archive` asked for Spark and there is the connection. Raises
    `BadInput` for what the driver refuses, and what the hook raises for what may pass."""
    from pipeline import steps
    from pipeline.errors import BadInput

    executors = steps.asked_of_spark(at.lake, at.run)
    if executors is None or not connection(CONNECTION):
        return
    check_submit()
    from airflow.providers.apache.spark.hooks.spark_submit import SparkSubmitHook
    from airflow.sdk.exceptions import AirflowException

    name = f"wirefold match {at.run.run_id}"
    given = [at.run.run_id, str(os.getpid())]
    hook = SparkSubmitHook(conn_id=CONNECTION, name=name, application_args=given, **dict(executors))
    context["task"].on_kill = hook.on_kill  # when the task is ended, or its time is
    # not by the hook's `env_vars`: on YARN and Kubernetes it writes them into the command
    beside = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    python = {"PYSPARK_PYTHON": sys.executable, "PYSPARK_DRIVER_PYTHON": sys.executable}
    environment = {**python, **os.environ, "PATH": beside, **s3_environment(at.config.lake)}
    try:
        hook.submit(str(APPLICATION), env=environment)
    except AirflowException as error:
        if f"Error code is: {REFUSED}." not in str(error):
            raise
        raise BadInput(f"{CONNECTION}: the driver refused what it was given; the line is above") from error
