"""An Airflow that only this machine and this person can reach, configured by environment alone.

Loopback, generated secrets, no anonymous admin, no cfg file to keep. `python -m infra.airflow_home`
makes its database and the pool; the launcher runs that in a child, since importing Airflow takes 3 s
and 120 MB that the launcher itself has no use for.
"""

from __future__ import annotations

import json
import os
import sys
from importlib.metadata import version
from pathlib import Path

from infra import first_run
from infra.home import Home, Ports, Secrets, write_private

ROOT = Path(__file__).resolve().parent.parent
LOGIN = "admin"
POOL_SLOTS = 2  # of the demo: two shards may talk to sites at once
_PROGRAM = str(Path(sys.executable).parent / "airflow")
COMPONENTS = {
    "airflow-api-server": [_PROGRAM, "api-server"],
    "airflow-scheduler": [sys.executable, "-m", "infra.airflow_scheduler", "--skip-serve-logs"],
    "airflow-dag-processor": [_PROGRAM, "dag-processor"],
}
# Without --skip-serve-logs scheduler and triggerer would serve task logs on 0.0.0.0.
TRIGGERER = ("airflow-triggerer", [_PROGRAM, "triggerer", "--skip-serve-logs"])


def plain_environment() -> dict[str, str]:
    """The caller's environment without what would lead a child astray: other Airflows, AWS keys, proxies."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "AWS_", "WIREFOLD_"))}
    return kept | {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", "PYTHONUNBUFFERED": "1"}


def airflow_environment(home: Home, ports: Ports, secrets: Secrets) -> dict[str, str]:
    """The environment of every Airflow component and, through the scheduler, of every task."""
    url = f"http://127.0.0.1:{ports.airflow}"
    settings = {
        "CORE__DAGS_FOLDER": ROOT / "dags",
        "CORE__PLUGINS_FOLDER": home.airflow / "plugins",
        "CORE__LOAD_EXAMPLES": False,
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": 4,
        # getfqdn asks a name server; without one that is seconds a process
        "CORE__HOSTNAME_CALLABLE": "socket.gethostname",
        "CORE__FERNET_KEY": secrets.fernet,
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": home.passwords,
        "CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "API__HOST": "127.0.0.1",
        "API__PORT": ports.airflow,
        "API__BASE_URL": url,
        "API__SECRET_KEY": secrets.api,
        "API__ENABLE_SWAGGER_UI": False,
        "API__INSTANCE_NAME": "Wirefold",
        "API_AUTH__JWT_SECRET": secrets.jwt,
        # SQLite has one writer; its default of 5 s to wait for it was once not enough under load
        "DATABASE__SQL_ALCHEMY_CONN": home.database or f"sqlite:///{home.airflow / 'airflow.db'}?timeout=60",
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": 0.3,
        "LOGGING__BASE_LOG_FOLDER": home.airflow / "logs",
    }
    connection = {
        "conn_type": "aws",
        "login": secrets.s3_key,
        "password": secrets.s3_secret,
        "extra": {"endpoint_url": f"http://127.0.0.1:{ports.store}", "region_name": "us-east-1"},
    }
    return plain_environment() | {
        "AIRFLOW_HOME": str(home.airflow),
        **{f"AIRFLOW__{name}": str(value) for name, value in settings.items()},
        "AIRFLOW_CONN_WIREFOLD_S3": json.dumps(connection),
        "WIREFOLD_CONFIG": str(home.config),
        # The demo's clock is simulated: a run at the real hour would publish from the future.
        "WIREFOLD_INGEST_CRON": "",
    }


def prepare(home: Home, secrets: Secrets) -> None:
    """Write the login before Airflow would invent and print one."""
    write_private(home.passwords, json.dumps({LOGIN: secrets.login}))


def is_ready(home: Home) -> bool:
    """True if the database was made by this version of Airflow; making sure by asking it takes 4.5 s.

    One that is not ours is always asked: it may be another than the last time.
    """
    return not home.database and _marker(home).exists() and (home.airflow / "airflow.db").exists()


def _marker(home: Home) -> Path:
    return home.airflow / f"ready-{version('apache-airflow-core')}"


def make_database(home: Home) -> None:
    """Create or migrate the database that the environment names, and the pool of the dags."""
    first_run.make_database(POOL_SLOTS)
    _marker(home).touch()


if __name__ == "__main__":
    make_database(Home(Path(sys.argv[1])))
