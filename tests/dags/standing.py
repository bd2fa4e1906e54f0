"""A whole Airflow: scheduler, API server, dag processor, an S3 server, outlets, and who listens."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from infra import airflow_home, store
from infra.airflow_api import Airflow
from infra.demo.server import DemoServer
from infra.home import Home, Ports, Secrets
from infra.processes import Processes
from pipeline.lake.locate import open_store
from pipeline.lake.order import places
from pipeline.lake.store import Store
from pipeline.publish.release import read_manifest
from tests.dags.outlets import write_config
from tests.e2e.network import EVENING

SECONDS = 600.0  # for what takes some seconds on a machine that does nothing else
LATE_MINUTES = 0.4
CRON = "0 15-17,20 5 3 *"  # the last tick before now is at 20:00 of a 5 March: that run starts at once
API, DAG_PROCESSOR = "airflow-api-server", "airflow-dag-processor"
ALL = ("publish_release", "cluster_stories", "ingest_affiliates")


@dataclass
class Heard:
    """Messages of the notifier, and by name the values of all metrics of ours that came over UDP."""

    messages: list[str] = field(default_factory=list)
    metrics: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))


@dataclass
class Standing:
    """What runs, and how it is asked."""

    home: Home
    ports: Ports
    secrets: Secrets
    processes: Processes
    env: Mapping[str, str]
    server: DemoServer
    airflow: Airflow
    heard: Heard

    def go(self) -> None:
        """Let Airflow begin with what is asked of it. Before, nobody writes to its database: SQLite has room
        for one writer, and `airflow backfill create` gives up on the second."""
        for name in (DAG_PROCESSOR, "airflow-scheduler"):
            self.processes.start(name, airflow_home.COMPONENTS[name], self.env)

    def lake(self) -> Store:
        return open_store(store.LAKE, s3_client=store.client(self.ports, self.secrets))

    def ask(self, method: str, path: str, body: Any = None, **query: Any) -> dict[str, Any]:
        return dict(self.airflow._ask(method, path, json=body, params=query).json())

    def pause(self, dag: str, paused: bool) -> None:
        self.ask("PATCH", f"/dags/{dag}", {"is_paused": paused}, update_mask="is_paused")

    def trigger(self, dag: str, **conf: Any) -> str:
        dag_run_id = f"by_hand_{len(self.runs(dag))}"
        self.ask(
            "POST",
            f"/dags/{dag}/dagRuns",
            {"dag_run_id": dag_run_id, "logical_date": None, "conf": conf},
        )
        return dag_run_id

    def runs(self, dag: str = "~") -> list[dict[str, Any]]:
        found = self.ask("GET", f"/dags/{dag}/dagRuns", order_by="run_after", limit=200)["dag_runs"]
        return [dict(run) for run in found]

    def tasks(self, dag: str, run: str) -> dict[str, str | None]:
        rows = self.ask("GET", f"/dags/{dag}/dagRuns/{run}/taskInstances", limit=200)["task_instances"]
        return {f"{row['task_id']} {row['map_index']}": row["state"] for row in rows}

    def wait(self, holds: Callable[[], Any], what: str) -> Any:
        """What `holds` gives as soon as it is true."""
        deadline = time.monotonic() + SECONDS
        while not (found := holds()):
            self.processes.check()
            assert time.monotonic() < deadline, f"{what}: not within {SECONDS:.0f} s; {self.states()}"
            time.sleep(1.0)
        return found

    def states(self) -> dict[str, str]:
        return {f"{run['dag_id']} {run['dag_run_id']}": run["state"] for run in self.runs()}

    def ended(self, dag: str, run: str) -> str:
        """The state in which a dag run ended."""

        def state() -> str | None:
            said = str(self.ask("GET", f"/dags/{dag}/dagRuns/{run}")["state"])
            return said if said in ("success", "failed") else None

        return str(self.wait(state, f"{dag} {run}"))

    def released(self, count: int) -> tuple[str, ...]:
        """The ids of the first runs taken up, so many, once the last of all is released and nothing runs."""

        def all_out() -> bool:
            newest = read_manifest(self.lake())
            order = places(self.lake())
            done = len(order) >= count and newest is not None and newest.run_id == order[-1].run_id
            return done and not any(state in ("queued", "running") for state in self.states().values())

        self.wait(all_out, f"{count} runs released")
        return tuple(place.run_id for place in places(self.lake()))

    def command(self, *arguments: str) -> str:
        """What `airflow …` tells."""
        done = subprocess.run(
            [Path(sys.executable).with_name("airflow"), *arguments],
            env=dict(self.env),
            cwd=airflow_home.ROOT,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def digests(self) -> dict[str, str]:
        """Of every object of the lake."""
        lake = self.lake()
        return {one.key: hashlib.sha256(lake.get(one.key)).hexdigest() for one in lake.list("")}


@contextmanager
def standing(folder: Path) -> Iterator[Standing]:
    """All of it up but for what `go` starts, the dags paused."""
    before = os.umask(0o077)
    home = Home(folder / ".local")
    home.make()
    ports, secrets, heard = home.ports(), home.secrets(), Heard()
    processes = Processes(home.pids, home.logs, airflow_home.ROOT)
    with ExitStack() as stack:
        stack.callback(os.umask, before)
        stack.callback(processes.stop_all)
        server = stack.enter_context(DemoServer(now=EVENING, slow_seconds=0.2))
        write_config(home.root, store.LAKE, server.address, shards=1)
        statsd = stack.enter_context(_statsd(heard))
        hook = stack.enter_context(listener(heard))
        env = airflow_home.airflow_environment(home, ports, secrets) | {
            "WIREFOLD_INGEST_CRON": CRON,
            "WIREFOLD_LATE_MINUTES": str(LATE_MINUTES),
            "AIRFLOW__METRICS__STATSD_ON": "True",
            "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1",
            "AIRFLOW__METRICS__STATSD_PORT": str(statsd),
            "AIRFLOW_CONN_WIREFOLD_NOTIFY": json.dumps(
                {"conn_type": "http", "host": f"http://127.0.0.1:{hook}", "password": "hook/of/ours"}
            ),
        }
        airflow_home.prepare(home, secrets)
        store.start(processes, home, ports)
        processes.start("airflow-db", [sys.executable, "-m", "infra.airflow_home", str(home.root)], env)
        processes.wait("airflow-db", SECONDS)
        for name in (API, DAG_PROCESSOR):
            processes.start(name, airflow_home.COMPONENTS[name], env)
        store.make_bucket(processes, ports, secrets, SECONDS)
        airflow = Airflow(ports.airflow, airflow_home.LOGIN, secrets.login)
        stack.callback(airflow._http.close)
        stands = Standing(home, ports, secrets, processes, env, server, airflow, heard)
        stands.wait(airflow.is_up, "the API server")
        stands.wait(airflow.has_dags, "the dags")
        processes.stop([DAG_PROCESSOR])
        yield stands


@contextmanager
def _statsd(heard: Heard) -> Iterator[int]:
    """A StatsD server: its port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        bound.settimeout(0.5)
        ended = threading.Event()

        def listen() -> None:
            while not ended.is_set():
                with suppress(TimeoutError):
                    for line in bound.recv(65536).decode().splitlines():
                        name, _, value = line.partition(":")
                        if ".wirefold." in name:
                            heard.metrics[name].append(float(value.partition("|")[0]))

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield int(bound.getsockname()[1])
        finally:
            ended.set()
            thread.join()


@contextmanager
def listener(heard: Heard) -> Iterator[int]:
    """A web hook: its port. Takes messages at the secret path only."""

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            ours = self.path == "/hook/of/ours" and body.keys() == {"text"}
            if ours:
                heard.messages.append(body["text"])
            self.send_response(200 if ours else 404)
            self.end_headers()

        def log_message(self, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
