"""What the launcher asks of Airflow, over its REST API and nothing else."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

DAGS = ("ingest_affiliates", "cluster_stories", "publish_release")


@dataclass(frozen=True, slots=True)
class Task:
    """One task instance as the launcher shows it."""

    dag: str
    task: str
    label: str
    state: str | None
    tries: int
    started: datetime | None
    ended: datetime | None
    dag_run_id: str
    map_index: int

    @property
    def title(self) -> str:
        """How a person knows it: `cluster_stories.match`, with its outlets if it is one of several."""
        return f"{self.dag}.{self.task}" + (f" ({self.label})" if self.label else "")


class Airflow:
    """A logged-in client. Raises httpx.HTTPError when Airflow does not answer as it should."""

    def __init__(self, port: int, login: str, password: str) -> None:
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30.0, trust_env=False)
        self._login = {"username": login, "password": password}

    def is_up(self) -> bool:
        """True once the API server answers; logs in then."""
        try:
            answer = self._http.post("/auth/token", json=self._login)
        except httpx.TransportError:
            return False
        answer.raise_for_status()
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return True

    def has_dags(self) -> bool:
        """True once the dag processor has stored all dags of the way of a page."""
        listed = self._get("/dags", dag_id_pattern="%_%", exclude_stale=True)["dags"]
        return {dag["dag_id"] for dag in listed} >= set(DAGS)

    def import_errors(self) -> list[str]:
        return [str(error["stack_trace"]) for error in self._get("/importErrors")["import_errors"]]

    def unpause(self) -> None:
        """Let the dags run. `maintain_lake` stays paused: its clock is the real one."""
        for dag in DAGS:
            self._send("PATCH", f"/dags/{dag}", {"is_paused": False}, update_mask="is_paused")

    def abandon_unfinished(self) -> int:
        """Fail the dag runs that a killed launcher left; they would hold up the next. How many."""
        left = self._get("/dags/~/dagRuns", state=["queued", "running"], limit=100)["dag_runs"]
        for run in left:
            path = f"/dags/{run['dag_id']}/dagRuns/{run['dag_run_id']}"
            self._send("PATCH", path, {"state": "failed", "note": "left by a launcher that was killed"})
        return len(left)

    def trigger(self, now: datetime) -> str:
        """Start `ingest_affiliates` for a time; the dag run's id."""
        # named by us, so that asking again after an error cannot start a second one
        dag_run_id = f"launcher__{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"
        body = {"dag_run_id": dag_run_id, "logical_date": None, "conf": {"now": now.isoformat()}}
        self._send("POST", "/dags/ingest_affiliates/dagRuns", body)
        return dag_run_id

    def runs_since(self, since: datetime) -> dict[str, str]:
        """State of the newest run of each dag since then."""
        rows = self._get("/dags/~/dagRuns", run_after_gte=since.isoformat(), order_by="start_date", limit=100)
        return {row["dag_id"]: row["state"] for row in rows["dag_runs"]}

    def tasks_since(self, since: datetime) -> list[Task]:
        """Task instances of the dag runs begun since then, as they stand."""
        rows = self._get(
            "/dags/~/dagRuns/~/taskInstances",
            run_after_gte=since.isoformat(),
            order_by="start_date",
            limit=100,
        )
        return [_task(row) for row in rows["task_instances"]]

    def released(self, run_id: str) -> dict[str, Any] | None:
        """What `publish_release` said of this run in its asset event, if it has."""
        events = self._get("/assets/events", source_dag_id="publish_release", order_by="-timestamp", limit=20)
        extras = (event["extra"] for event in events["asset_events"])
        return next((extra for extra in extras if extra.get("run_id") == run_id), None)

    def error(self, task: Task) -> str:
        """The error that a task's last try ended in, or the end of its log if it names none."""
        path = f"/dags/{task.dag}/dagRuns/{task.dag_run_id}/taskInstances/{task.task}/logs"
        log = self._get(f"{path}/{max(task.tries, 1)}", map_index=task.map_index, full_content=True)
        errors = [e for line in log["content"] for e in line.get("error_detail") or ()]
        if errors:
            return f"{errors[0]['exc_type']}: {errors[0]['exc_value']}"
        return "\n".join(str(line["event"]) for line in log["content"][-5:])

    def _get(self, path: str, **query: Any) -> dict[str, Any]:
        return dict(self._ask("GET", path, params=query).json())

    def _send(self, method: str, path: str, body: Mapping[str, Any], **query: Any) -> None:
        self._ask(method, path, json=body, params=query)

    def _ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Ask until it is answered.

        A server error (SQLite was locked too long, say) is asked again, and so is silence: on two busy
        cores Airflow was seen to take over 30 s for one answer. Raises httpx.HTTPError after five tries.
        """
        for pause in (0.5, 1.0, 2.0, 4.0, None):
            try:
                answer = self._http.request(method, f"/api/v2{path}", **request)
            except httpx.TransportError as error:
                if pause is None:
                    raise httpx.TransportError(f"Airflow does not answer {method} {path}: {error}") from error
            else:
                if not answer.is_server_error or pause is None:
                    break
            time.sleep(pause)
        if not (method == "POST" and answer.status_code == httpx.codes.CONFLICT):  # an earlier try did it
            answer.raise_for_status()
        return answer


def _task(row: Mapping[str, Any]) -> Task:
    return Task(
        dag=row["dag_id"],
        task=row["task_id"],
        label=row["rendered_map_index"] or "",
        state=row["state"],
        tries=row["try_number"],
        started=_time(row["start_date"]),
        ended=_time(row["end_date"]),
        dag_run_id=row["dag_run_id"],
        map_index=row["map_index"],
    )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
