"""`python -m infra.local run|up|down|sql`: the whole of Wirefold on this machine, and nothing left behind.

A run starts the store, the affiliate sites and Airflow on loopback, triggers `ingest_affiliates` at
the next simulated hour, waits for the release that `publish_release` makes of it, tells what came out
and ends every process that it started, however it is itself ended.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType

import httpx
from rich.console import Console

from infra import airflow_home, store
from infra.airflow_api import Airflow, Task
from infra.home import Busy, Home, Ports, Secrets
from infra.processes import Died, Processes
from infra.progress import Finished, Progress, steps_of
from pipeline.model import Run

ROOT = airflow_home.ROOT
DEMO = ROOT / "infra" / "demo"
POLL_SECONDS = 1.0
START_SECONDS = 180.0  # a cold disk; on a warm one Airflow answers within 15 s
RUN_SECONDS = 1200.0


class RunFailed(Exception):
    """The run ended without a release; the message says which task and why."""


@dataclass(frozen=True, slots=True)
class Local:
    """One launcher at work: its folder, ports, secrets and processes."""

    home: Home
    ports: Ports
    secrets: Secrets
    processes: Processes
    progress: Progress


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0, or 1 if there is no release."""
    asked = _arguments(argv)
    home = Home(Path(asked.home), asked.database)
    home.make()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stopped)
    try:
        match asked.command:
            case "run":
                return run(home, stay=False)
            case "up":
                return run(home, stay=True)
            case "down":
                return down(home)
            case _:
                return sql(home, asked.c)
    except (RunFailed, Died, TimeoutError, httpx.HTTPError, Busy) as error:
        print(f"wirefold: {error}\nlogs are in {home.logs} and {home.airflow / 'logs'}", file=sys.stderr)
    except KeyboardInterrupt:
        print("wirefold: stopped", file=sys.stderr)
    return 1


def run(home: Home, stay: bool) -> int:
    """One simulated hour from nothing to a release; with `stay`, everything is left up until Ctrl-C."""
    with at_work(home, "make up" if stay else "make run", Progress()) as local:
        now = home.next_run()
        airflow = start(local, now)
        from infra import report  # after the start, which its imports (2 s) would hold up

        finished = follow(local, airflow, now)
        home.finished(now)
        if not stay:
            # Airflow takes 2 s to end and the tables 1 s to read: both at once would be no quicker here
            local.processes.stop(list(airflow_home.COMPONENTS))
        told = report.read(local.ports, local.secrets, finished.released["run_id"])
        report.write_summary(home, finished, told, local.progress.seconds)
        report.show(local.progress.console, finished, told)
        if stay:
            _stay(local)
    return 0


def down(home: Home) -> int:
    """End what a launcher left behind, or ask one at work to end."""
    if holder := home.holder():
        os.kill(holder, signal.SIGTERM)
        while home.holder() == holder:
            time.sleep(0.1)
        print("stopped the launcher at work and all that it had started")
        return 0
    left = Processes(home.pids, home.logs, ROOT).stop_all()
    print(f"stopped {left} leftover processes" if left else "nothing was running")
    return 0


def sql(home: Home, statements: str | None) -> int:
    """A prompt on the newest release, or the given statements; starts the store only if it is down."""
    if home.holder():
        return _ask(home.last_ports(), home.secrets(), statements)
    # on stderr: what is asked for on stdout may be read by a program
    with at_work(home, "make sql", Progress(Console(stderr=True, highlight=False))) as local:
        store.start(local.processes, home, local.ports)
        store.make_bucket(local.processes, local.ports, local.secrets)
        return _ask(local.ports, local.secrets, statements)


def _ask(ports: Ports, secrets: Secrets, statements: str | None) -> int:
    import duckdb

    from infra import tables
    from pipeline.query.answers import show
    from pipeline.query.prompt import prompt
    from pipeline.query.views import connect

    release = tables.newest(ports, secrets)
    if release is None:
        raise RunFailed("there is no release yet: `make run` makes the first one")
    views = connect(release, tables.files(ports, secrets))
    if statements is None and sys.stdin.isatty():
        prompt(views, release)
        return 0
    try:
        show(views, statements if statements is not None else sys.stdin.read())
    except duckdb.Error as error:
        print(error, file=sys.stderr)
        return 1
    return 0


@contextmanager
def at_work(home: Home, doing: str, progress: Progress) -> Iterator[Local]:
    """Hold the folder, end a dead launcher's leftovers, at the end everything of this one. Raises `Busy`."""
    with home.held(doing):
        processes = Processes(home.pids, home.logs, ROOT)
        if left := processes.stop_all():
            progress.say(f"ended {left} processes that a killed launcher had left")
        try:
            yield Local(home, home.ports(), home.secrets(), processes, progress)
        finally:
            # A second Ctrl-C must not leave half of it running; ending is bounded by the grace period.
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            processes.stop_all()


def start(local: Local, now: datetime) -> Airflow:
    """Start everything; returns when Airflow has the dags and is ready to be triggered."""
    home, ports, processes = local.home, local.ports, local.processes
    env = airflow_home.airflow_environment(home, ports, local.secrets)
    airflow_home.prepare(home, local.secrets)
    _write_config(home, ports)
    store.start(processes, home, ports)
    fresh = not airflow_home.is_ready(home)
    if fresh:
        local.progress.say("making Airflow's database")
        processes.start("airflow-db", [sys.executable, "-m", "infra.airflow_home", str(home.root)], env)
    _start_sites(local, now)
    if fresh:
        processes.wait("airflow-db", START_SECONDS)
    for name, argv in airflow_home.COMPONENTS.items():
        processes.start(name, argv, env)
    local.progress.say("starting Airflow, the store and the affiliate sites, all on 127.0.0.1")
    store.make_bucket(processes, ports, local.secrets)
    airflow = Airflow(ports.airflow, airflow_home.LOGIN, local.secrets.login)
    _until(local, airflow.is_up, "Airflow's API")
    _until(local, airflow.has_dags, "the dags")
    return airflow


def follow(local: Local, airflow: Airflow, now: datetime) -> Finished:
    """Trigger a run and wait for its release. Raises `RunFailed`."""
    airflow.unpause()
    if left := airflow.abandon_unfinished():
        local.progress.say(f"failed {left} dag runs that a killed launcher had left; this run repeats them")
    since = datetime.now(UTC) - timedelta(seconds=1)
    airflow.trigger(now)
    run_id = Run.at(now).run_id
    ready = local.progress.seconds
    local.progress.say(f"run {run_id}: {now:%Y-%m-%d %H:%M} UTC on the sites' clock")
    deadline = time.monotonic() + RUN_SECONDS
    told: set[Task] = set()
    with local.progress.live():
        while time.monotonic() < deadline:
            local.processes.check()
            tasks = airflow.tasks_since(since)
            steps = steps_of(tasks, datetime.now(UTC))
            local.progress.show(steps)
            for task in {task for task in tasks if task.state == "up_for_retry"} - told:
                told.add(task)
                local.progress.say(f"{task.title} is tried again after {airflow.error(task)}")
            states = airflow.runs_since(since)
            if "failed" in states.values():
                raise RunFailed(_why(airflow, tasks))
            if states.get("publish_release") == "success" and (released := airflow.released(run_id)):
                return Finished(now, released, steps, ready)
            time.sleep(POLL_SECONDS)
    raise RunFailed(f"no release within {RUN_SECONDS:.0f} s")


def _why(airflow: Airflow, tasks: Sequence[Task]) -> str:
    failed = [task for task in tasks if task.state == "failed"]
    if not failed:
        return "a dag run failed before any of its tasks did"
    first = min(failed, key=lambda task: task.ended or datetime.max.replace(tzinfo=UTC))
    return f"{first.title} failed: {airflow.error(first)}"


def _stay(local: Local) -> None:
    """Hold everything up until Ctrl-C or SIGTERM."""
    url = f"http://127.0.0.1:{local.ports.airflow}"
    env = airflow_home.airflow_environment(local.home, local.ports, local.secrets)
    name, argv = airflow_home.TRIGGERER
    # No dag here defers; it runs so that Airflow's own health page is green.
    local.processes.start(name, argv, env)
    local.home.say(f"make up, with Airflow on {url}")
    local.progress.say(f"Airflow  {url}   login {airflow_home.LOGIN} / {local.secrets.login}")
    local.progress.say("Ctrl-C stops everything; `make sql` in another terminal asks the tables")
    try:
        while True:
            local.processes.check()
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        local.progress.say("stopping")


def _start_sites(local: Local, now: datetime) -> None:
    local.processes.start(
        "sites",
        [
            *(sys.executable, "-m", "infra.demo", "serve"),
            *("--port", str(local.ports.sites), "--now", now.isoformat()),
        ],
        airflow_home.plain_environment(),
    )


def _write_config(home: Home, ports: Ports) -> None:
    """The tasks' configuration; a TOML string is written as JSON writes it."""
    home.config.write_text(
        f"lake = {json.dumps(store.LAKE)}\n"
        f"outlets = {json.dumps(str(DEMO / 'outlets.toml'))}\n"
        f"cache = {json.dumps('cache')}\n"
        f"wires = [{json.dumps(str(DEMO / 'wires.toml'))}]\n"
        "shards = 4\n\n[network]\n"
        f'test_address = "127.0.0.1:{ports.sites}"\n'
    )


def _until(local: Local, holds: Callable[[], bool], what: str) -> None:
    """Wait until `holds()`. Raises `Died` if a process ends meanwhile, `TimeoutError` after START_SECONDS."""
    deadline = time.monotonic() + START_SECONDS
    while not holds():
        local.processes.check()
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come up in {START_SECONDS:.0f} s; see {local.home.logs}")
        time.sleep(0.25)


def _stopped(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.local", description=__doc__)
    parser.add_argument("--home", default=str(ROOT / ".local"), help="where everything is kept")
    parser.add_argument(
        "--database", metavar="URL", help="Airflow's database, such as one on Postgres; SQLite"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="one simulated hour to a release, then stop everything")
    commands.add_parser("up", help="the same, and stay up with Airflow's UI")
    commands.add_parser("down", help="stop what is running or was left behind")
    asking = commands.add_parser("sql", help="DuckDB on the newest release")
    asking.add_argument("-c", metavar="SQL", help="run these statements instead of a prompt")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
