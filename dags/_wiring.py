"""What the dags share: no dag reads a clock, a secret or the environment except through here.

Nothing heavy is imported at the top: pyarrow, numpy, boto3 and the steps are imported inside tasks,
so that parsing a dag file costs milliseconds and a worker that only plans stays small.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from _notify import Told, late
from airflow.sdk import (
    Asset,
    DeadlineAlert,
    DeadlineReference,
    ExceptionRetryPolicy,
    Param,
    RetryAction,
    RetryRule,
    SyncCallback,
)

if TYPE_CHECKING:
    from airflow.sdk import Connection

    from pipeline.config import Config
    from pipeline.lake.store import Store
    from pipeline.model import Run

log = logging.getLogger("wirefold")

# Each asset event carries run_id, now and counts in `extra`: enough for the next dag to go on.
PAGES = Asset("wirefold_pages", group="wirefold")
STORIES = Asset("wirefold_stories", group="wirefold")
RELEASE = Asset("wirefold_release", group="wirefold")

S3_CONNECTION = "wirefold_s3"
PROXY_CONNECTION = "wirefold_proxy"
AFFILIATES_POOL = "affiliates"  # its slots bound how many shards talk to affiliate sites at once


class Tag(StrEnum):
    """The taxonomy: every dag has `wirefold`, one stage and one impact."""

    PROJECT = "wirefold"
    INGEST = "stage:ingest"
    IMPORT = "stage:import"
    CLUSTER = "stage:cluster"
    PUBLISH = "stage:publish"
    REVIEW = "stage:review"
    UPKEEP = "stage:upkeep"
    PAGES_US = "impact:pages-on-call"
    CAN_WAIT = "impact:next-working-day"


DEFAULT_ARGS: Mapping[str, Any] = {
    "owner": "news-data",
    "retries": 2,
    "retry_delay": timedelta(seconds=30),
    "retry_exponential_backoff": 2,
    "max_retry_delay": timedelta(minutes=10),
    # A hung task must not hold up the run of the next hour.
    "execution_timeout": timedelta(minutes=55),
    "on_failure_callback": Told(),
    "retry_policy": ExceptionRetryPolicy(
        rules=[
            RetryRule(
                exception="pipeline.errors.BadInput",
                action=RetryAction.FAIL,
                reason="the configuration or registry is wrong: trying again reads the same file",
            ),
            RetryRule(
                exception="pipeline.lake.store.Missing",
                action=RetryAction.FAIL,
                reason="what an earlier task should have written is not there: that task is to be cleared",
            ),
            RetryRule(
                exception="pipeline.errors.CheckFailed",
                action=RetryAction.FAIL,
                reason="a check of the release did not hold: trying again builds the same tables",
            ),
        ]
    ),
}

NOW = Param(
    None,
    type=["null", "string"],
    format="date-time",
    title="Now",
    description_md="The run's clock. Empty: the time this run is for, so that clearing a task repeats "
    "the same run. The `run_id` is made from it.",
)


@dataclass(frozen=True, slots=True)
class Opened:
    """What a step needs: the lake, the run, the configuration."""

    lake: Store
    run: Run
    config: Config


def ingest_cron() -> str | None:
    """When `ingest_affiliates` runs: hourly, or WIREFOLD_INGEST_CRON; empty for by hand only."""
    return os.environ.get("WIREFOLD_INGEST_CRON", "0 * * * *") or None


def deadline() -> DeadlineAlert | None:
    """A dag run that takes longer, counted from when it was queued, is told of (`_notify.late`): an hour and
    a half, or WIREFOLD_LATE_MINUTES; empty for none, as `dag.test()` of Airflow 3.3 needs it. It goes on all
    the same."""
    said = os.environ.get("WIREFOLD_LATE_MINUTES", "90")
    if not said:
        return None
    minutes = float(said)
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(minutes=minutes),
        # by the executor: a triggerer is not needed for it
        callback=SyncCallback(late, kwargs={"minutes": minutes}),
        name="late",
    )


def runs_of(context: Mapping[str, Any]) -> list[Run]:
    """The runs that a task works for: those of the triggering events, else that of the `now` param, else that
    of the dag run's own time.

    Raises `BadInput` if `now` is given without a time zone.
    """
    from pipeline.errors import BadInput
    from pipeline.model import Run

    triggers = context.get("triggering_asset_events") or {}
    given = [event.extra["now"] for of_asset in triggers.values() for event in of_asset]
    if not given and (by_hand := context["params"].get("now")):
        given = [by_hand]
    clocks = [datetime.fromisoformat(text) for text in given] or [context["dag_run"].run_after]
    for now in clocks:
        if now.tzinfo is None:
            raise BadInput(f"params: now: expected a time with its zone, such as {now}Z, got {now}")
    return [Run.at(now) for now in clocks]


def open_run(
    context: Mapping[str, Any],
    run_id: str | None = None,
    ready: Callable[[Store], Sequence[str]] | None = None,
) -> Opened:
    """Read the configuration named by WIREFOLD_CONFIG and open its lake for the task's run.

    That is `run_id` if it is given. Started by an asset it is the one that was taken up last: it sees the
    others' pages, which is not so of the one whose event is the newest. Not only the triggering runs count,
    but those that the lake has `ready`, oldest first: of the events that come while a dag is at its
    `max_active_runs`, Airflow 3.3 gives the next run but the first (apache/airflow#56050).

    S3 credentials come from the connection `wirefold_s3` and nowhere else. Raises `BadInput` on a missing or
    broken configuration, `Failed` on a lake that ignores conditional writes.
    """
    from pipeline import steps
    from pipeline.config import load_config
    from pipeline.errors import BadInput
    from pipeline.lake.order import by_place
    from pipeline.model import Run

    path = os.environ.get("WIREFOLD_CONFIG")
    if not path:
        raise BadInput("WIREFOLD_CONFIG: not set for this worker: expected the path of wirefold.toml")
    config = load_config(Path(path))
    lake = steps.open_lake(config, s3_client=s3_client(config.lake))
    if run_id is not None:
        return Opened(lake, Run.of(run_id), config)
    of_others = ready(lake) if ready and context.get("triggering_asset_events") else ()
    runs, place = [*runs_of(context), *map(Run.of, of_others)], by_place(lake)
    return Opened(lake, max(runs, key=lambda run: place(run.run_id)), config)


def behind_proxy(at: Opened) -> Opened:
    """The same, with all asked through the proxy of the connection `wirefold_proxy`, if there is one."""
    from yarl import URL

    from pipeline.config import through

    if not (found := connection(PROXY_CONNECTION)):
        return at
    url = URL.build(
        scheme=found.schema or "http",
        user=found.login or None,
        password=found.password or None,
        host=found.host or "",
        port=found.port,
    )
    network = through(at.config.network, str(url), f"connection {PROXY_CONNECTION}")
    return replace(at, config=replace(at.config, network=network))


def connection(name: str) -> Connection | None:
    """Airflow's connection of that name, if there is one."""
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        return Connection.get(name)
    except AirflowNotFoundException:
        return None


def s3_client(url: str) -> Any:
    """A boto3 client of the connection `wirefold_s3`; None for what is not on S3."""
    if not url.startswith("s3://"):
        return None
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook
    from botocore.config import Config

    from pipeline.lake.s3 import CLIENT_CONFIG

    # what the connection says of the client goes before
    said = S3Hook(aws_conn_id=S3_CONNECTION).config or Config()
    return S3Hook(aws_conn_id=S3_CONNECTION, config=CLIENT_CONFIG.merge(said)).get_conn()


def s3_environment(url: str) -> dict[str, str]:
    """The environment in which the standard AWS chain finds what the connection `wirefold_s3` says; empty for
    what is not on S3."""
    if not (client := s3_client(url)):
        return {}
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    where = {
        "AWS_DEFAULT_REGION": client.meta.region_name,
        "AWS_ENDPOINT_URL_S3": client.meta.endpoint_url,
    }
    session = S3Hook(aws_conn_id=S3_CONNECTION).get_session()
    if not (found := session.get_credentials()):
        return where  # the driver's own chain may have some
    login = found.get_frozen_credentials()
    return {
        "AWS_ACCESS_KEY_ID": login.access_key,
        "AWS_SECRET_ACCESS_KEY": login.secret_key,
        "AWS_SESSION_TOKEN": login.token or "",  # the worker's own would not fit these keys
        **where,
    }


def event_extra(run: Run, **figures: Any) -> dict[str, Any]:
    """What an asset event says of the run that made it."""
    return {"run_id": run.run_id, "now": run.now.isoformat(), **figures}


def tell(run: Run, what: str, figures: Mapping[str, Any]) -> None:
    """The one line that a task logs when it is done."""
    log.info("%s %s: %s", run.run_id, what, ", ".join(f"{name} {value}" for name, value in figures.items()))
