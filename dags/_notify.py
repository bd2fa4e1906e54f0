"""Tells people, where they said so: the connection `wirefold_notify`, and nothing is sent without one.

It is an HTTP connection: its host (with schema and port) and, after a slash, its password, which is what is
secret of a webhook's address. One JSON object is posted, `{"text": "…"}`, which Slack, Mattermost and
Rocket.Chat take as it is; `extra` of the connection gives further headers. Whoever listens in another form
puts a small relay between. A listener that is down never fails a task.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseNotifier

if TYPE_CHECKING:
    from airflow.sdk import Connection

log = logging.getLogger("wirefold")

CONNECTION = "wirefold_notify"
_SECONDS = 10.0
_LONGEST = 3000  # characters; Slack cuts a text off at 4,000


class Told(BaseNotifier):
    """Tells of a task that failed for good: which, for which run, and of what."""

    def notify(self, context: Mapping[str, Any]) -> None:
        ti = context["task_instance"]
        error = context.get("exception")
        post([f"{ti.dag_id}.{ti.task_id} failed in {ti.run_id}: {type(error).__name__}: {error}"])


def late(context: Mapping[str, Any] | None = None, minutes: float = 0.0) -> None:
    """What the deadline calls: a dag run is not finished so many minutes after it was queued."""
    run = (context or {}).get("dag_run") or {}
    post([f"{run.get('dag_id')} is late: {run.get('dag_run_id')} has not ended after {minutes:g} minutes"])


def post(lines: Sequence[str]) -> bool:
    """Post the lines as one message; True if somebody took it. Without lines or connection nothing is sent.

    Tried twice. What goes wrong is a line of level WARNING in the log.
    """
    if not lines or (connection := _connection()) is None:
        return False
    import httpx

    text = "\n".join(("Wirefold", *lines))[:_LONGEST]
    try:
        with httpx.Client(transport=httpx.HTTPTransport(retries=1), timeout=_SECONDS) as client:
            answer = client.post(_address(connection), json={"text": text}, headers=_headers(connection))
        answer.raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # neither the address nor what httpx says of it: the secret is part of it
        log.warning("nobody was told (%s of %s): %s", type(error).__name__, CONNECTION, "; ".join(lines))
        return False
    return True


def _connection() -> Connection | None:
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        return Connection.get(CONNECTION)
    except AirflowNotFoundException:
        return None


def _address(connection: Connection) -> str:
    host = str(connection.host or "")
    if "://" not in host:
        host = f"{connection.schema or 'https'}://{host}"
    port = f":{connection.port}" if connection.port else ""
    return f"{host}{port}/{connection.password or ''}"


def _headers(connection: Connection) -> dict[str, str]:
    return {name: str(value) for name, value in connection.extra_dejson.items()}
