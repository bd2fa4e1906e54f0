"""The launcher's own care: nobody else reads its files, nothing it started is left, the clock is honest."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import socket
import stat
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import psutil
import pytest

from infra import airflow_home, report
from infra.airflow_api import Airflow, Task
from infra.home import FIRST_RUN, Busy, Home, Ports
from infra.processes import Died, Processes
from infra.progress import steps_of
from pipeline.lake.arrow import arrow_files
from pipeline.lake.locate import open_store
from pipeline.query.views import connect
from tests.publish.sample import FIRST, publish

ROOT = Path(__file__).parents[2]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    before = os.umask(0o022)
    home = Home(tmp_path / ".local")
    home.make()
    yield home
    os.umask(before)


@pytest.fixture
def processes(home: Home) -> Iterator[Processes]:
    started = Processes(home.pids, home.logs, home.root)
    yield started
    started.stop_all()


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_secrets_are_kept_and_for_the_owner_alone(home: Home) -> None:
    made = home.secrets()
    airflow_home.prepare(home, made)
    assert home.secrets() == made
    assert json.loads(home.passwords.read_text()) == {"admin": made.login}
    for path in [home.root, *home.root.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    assert home.secrets() != replace(made, login="")
    assert len({*vars_of(made)}) == len(vars_of(made)), "no secret serves twice"


def vars_of(made: object) -> list[str]:
    return [getattr(made, name) for name in made.__slots__]  # type: ignore[attr-defined]


def test_the_clock_moves_only_past_finished_runs(home: Home) -> None:
    assert home.next_run() == home.next_run() == FIRST_RUN
    home.finished(FIRST_RUN)
    assert home.next_run() == FIRST_RUN + timedelta(hours=1)


def test_ports_are_kept_until_somebody_takes_them(home: Home) -> None:
    first = home.ports()
    assert home.ports() == home.last_ports() == first
    with socket.socket() as other:
        other.bind(("127.0.0.1", first.airflow))
        other.listen()
        moved = home.ports()
    assert (moved.store, moved.sites) == (first.store, first.sites)
    assert moved.airflow != first.airflow


def _hold(home: Home, ready: multiprocessing.synchronize.Event) -> None:  # type: ignore[name-defined]
    with home.held("make up"):
        ready.set()
        time.sleep(60)


def test_one_launcher_at_a_time_and_a_killed_one_lets_go(home: Home) -> None:
    spawn = multiprocessing.get_context("spawn")
    ready = spawn.Event()
    other = spawn.Process(target=_hold, args=(home, ready))
    other.start()
    try:
        assert ready.wait(60)  # it imports all of this anew
        assert home.holder() == other.pid
        with pytest.raises(Busy, match="make up is at work"), home.held("make run"):
            pass
    finally:
        other.kill()
        other.join()
    assert home.holder() is None
    with home.held("make run"):
        pass


# A leader whose child leaves its process group, as Airflow's task runners do, and heeds no SIGTERM.
STUBBORN = """
import os, signal, sys, time
if os.fork() == 0:
    os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    open(sys.argv[1], "w").write(str(os.getpid()))
time.sleep(60)
"""


def alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def start_stubborn(processes: Processes, home: Home) -> tuple[psutil.Process, psutil.Process]:
    told = home.root / "child"
    processes.start("stubborn", [sys.executable, "-c", STUBBORN, str(told)], os.environ)
    until(lambda: told.exists() and told.read_text() != "")
    leader = json.loads((home.pids / "stubborn.json").read_text())["pid"]
    return psutil.Process(leader), psutil.Process(int(told.read_text()))


def test_stopping_ends_what_left_the_process_group(processes: Processes, home: Home) -> None:
    both = start_stubborn(processes, home)
    assert processes.stop_all() == 1
    assert not any(alive(process) for process in both)
    assert list(home.pids.iterdir()) == []


def test_the_next_launcher_ends_what_a_killed_one_left(processes: Processes, home: Home) -> None:
    leader, child = start_stubborn(processes, home)
    leader.kill()
    leader.wait(5)
    assert alive(child)
    assert Processes(home.pids, home.logs, home.root).stop_all() == 1
    assert not alive(child)


def test_a_pid_that_is_somebody_elses_by_now_is_left_alone(processes: Processes, home: Home) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    try:
        started = psutil.Process(stranger.pid).create_time() - 5
        (home.pids / "store.json").write_text(
            json.dumps({"name": "store", "pid": stranger.pid, "started": started})
        )
        assert processes.stop_all() == 0
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_process_that_dies_is_told_with_the_end_of_its_log(processes: Processes) -> None:
    processes.start("sites", [sys.executable, "-c", "raise SystemExit('port taken')"], os.environ)
    with pytest.raises(Died, match=r"(?s)sites ended with code 1.*port taken"):
        until(lambda: bool(processes.check()))


def test_airflow_is_reached_from_this_machine_and_by_its_owner_only(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS", "True")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-the-caller")
    made = home.secrets()
    env = airflow_home.airflow_environment(home, Ports(1, 2, 3), made)
    assert env["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert env["AIRFLOW__API__ENABLE_SWAGGER_UI"] == "False"
    assert "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS" not in env
    assert "of-the-caller" not in env.values()
    assert made.login not in " ".join(env.values())
    assert [name for name, value in env.items() if made.s3_secret in value] == ["AIRFLOW_CONN_WIREFOLD_S3"]


def test_silence_of_airflow_is_asked_again_and_in_the_end_named() -> None:
    """Answers are cut off twice, then given; then the server is gone."""
    asked: list[str] = []

    class Flaky(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            if len(asked) > 2:
                self.send_response(200)
                self.send_header("Content-Length", "21")
                self.end_headers()
                self.wfile.write(b'{"import_errors": []}')

        def log_message(self, *args: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Flaky) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        airflow = Airflow(server.server_port, "name", "word")
        assert airflow.import_errors() == []
        assert asked == ["/api/v2/importErrors"] * 3
        server.shutdown()
    with pytest.raises(httpx.HTTPError, match=r"does not answer GET /importErrors: .*refused"):
        airflow.import_errors()


def test_tasks_add_up_to_steps() -> None:
    begun = datetime(2031, 4, 7, 9, tzinfo=UTC)

    def task(name: str, state: str, start: int | None, end: int | None) -> Task:
        at = [None if second is None else begun + timedelta(seconds=second) for second in (start, end)]
        return Task("ingest_affiliates", name, "", state, 1, at[0], at[1], "r", 0)

    steps = steps_of(
        [
            task("plan", "success", 0, 2),
            task("shard.ingest", "success", 3, 5),
            task("shard.ingest", "running", 4, None),
            task("shard.extract", "up_for_retry", 6, 7),
            task("settle", "upstream_failed", None, None),
        ],
        begun + timedelta(seconds=10),
    )
    assert [(step.name, step.state, step.done, step.total, step.seconds) for step in steps[:5]] == [
        ("plan", "done", 1, 1, 2.0),
        ("ingest", "running", 1, 2, 7.0),
        ("extract", "retrying", 0, 1, 1.0),
        ("settle", "failed", 0, 1, 0.0),
        ("match", "waiting", 0, 0, 0.0),
    ]


def test_views_hold_the_rows_of_the_newest_release(tmp_path: Path) -> None:
    lake = open_store(str(tmp_path))
    release = publish(lake, FIRST, "rel-1")
    with connect(release, arrow_files(lake.url)) as views:
        shown = report.ask(views, FIRST.run_id)
        days = views.execute("select distinct seen_day from stories").fetchall()
    assert (shown.stories, shown.republications) == (2, 4)
    assert shown.top and (shown.top.headline, len(shown.top.outlets)) == ("About the ferry", 3)
    assert [count for _, count in shown.quarantined] == [1]
    assert days == [(release.tables["stories"].files[0].seen_day,)]


LAUNCH = textwrap.dedent(
    """
    import signal, sys
    signal.signal(signal.SIGINT, signal.default_int_handler)
    from infra.local import main
    sys.exit(main(["--home", sys.argv[1], *sys.argv[2:]]))
    """
)


@contextmanager
def launch(home: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A launcher in the home, in a process of its own; a test that fails meanwhile ends it."""
    with subprocess.Popen(
        [sys.executable, "-c", LAUNCH, str(home), *arguments],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def completed(home: Path, *arguments: str, seconds: float = 400) -> str:
    """What a launcher told that ended well."""
    with launch(home, *arguments) as process:
        told, _ = process.communicate(timeout=seconds)
        assert process.returncode == 0, told
    return str(told)


def sessions(home: Path) -> list[int]:
    """Leaders that the launcher started and that are alive."""
    pids = [json.loads(file.read_text())["pid"] for file in (home / "pids").glob("*.json")]
    return [pid for pid in pids if psutil.pid_exists(pid) and alive(psutil.Process(pid))]


def listening(home: Path) -> list[tuple[int, str]]:
    """Pid and address of each socket on which something that the launcher started waits for others."""
    leaders = set(sessions(home))
    waiting = [c for c in psutil.net_connections("inet") if c.status == psutil.CONN_LISTEN and c.pid]
    return [(c.pid, c.laddr.ip) for c in waiting if os.getsid(c.pid) in leaders]


@pytest.mark.slow
def test_runs_follow_each_other_through_interruptions(tmp_path: Path) -> None:
    """A run, one stopped by Ctrl-C, one killed -9, and one that takes over what they left."""
    home = tmp_path / "home"
    completed(home, "run")
    summary = json.loads((home / "summary.json").read_text())
    assert summary["release"] == "20260305T200000Z"
    assert summary["pages"] > 300 and summary["stories"] > 80
    assert sessions(home) == []

    for how in (signal.SIGINT, signal.SIGKILL):
        with launch(home, "run") as cut:
            until_line(cut, "plan")
            assert {address for _, address in listening(home)} == {"127.0.0.1"}
            cut.send_signal(how)
            cut.communicate(timeout=60)
            assert cut.returncode not in (0, None)
            assert bool(sessions(home)) == (how is signal.SIGKILL)

    told = completed(home, "run")
    assert "a killed launcher had left" in told
    again = json.loads((home / "summary.json").read_text())
    assert again["release"] == "20260305T210000Z", "what was cut short is repeated"
    assert (again["stories"], again["changed_stories"]) == (summary["stories"], 0)
    assert sessions(home) == []

    told = completed(home, "sql", "-c", "select count(*) as stories_in_all from stories", seconds=60)
    assert str(summary["stories"]) in told
    assert sessions(home) == []


def until_line(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdout
    told = []
    for line in process.stdout:
        told.append(line)
        if word in line:
            return
    raise AssertionError(f"ended before it said {word!r}:\n{''.join(told)}")
