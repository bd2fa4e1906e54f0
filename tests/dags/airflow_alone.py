"""Runs Python beside the tests with an Airflow of its own: importing Airflow changes warnings, logging
and the environment of its process, and writes to AIRFLOW_HOME."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
DAGS = ROOT / "dags"
HERE = Path(__file__).parent


def ask_airflow(home: Path, script: str, *arguments: str, **environment: str) -> Any:
    """What a script of this folder prints as the last line, as JSON. Raises AssertionError if it fails."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "AWS_"))}
    env |= {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__CORE__HOSTNAME_CALLABLE": "socket.gethostname",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",
        "WIREFOLD_LATE_MINUTES": "90" if script == "describe.py" else "",
        "PYTHONPATH": f"{ROOT}{os.pathsep}{DAGS}",
        **environment,
    }
    done = subprocess.run(
        [sys.executable, HERE / script, *arguments], env=env, capture_output=True, text=True, cwd=home
    )
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return json.loads(done.stdout.splitlines()[-1])
