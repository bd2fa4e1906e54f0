"""The wire desk in the Airflow UI: under /wirefold, in the navigation, on the home page, with each dag run.

Every component of Airflow and every task loads its plugins, and only the API server answers requests: so
nothing is imported here but what Airflow has loaded anyway, and the application is made by the first request.
Who may read assets reads the desk; who may create asset events judges.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, MutableMapping
from functools import cache
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from airflow.plugins_manager import AirflowPlugin

if TYPE_CHECKING:
    from fastapi import FastAPI

    from pipeline.desk.shelf import Desk

PREFIX = "/wirefold"
S3_CONNECTION = "wirefold_s3"  # as the dags have it
Message = MutableMapping[str, Any]


@cache
def open_desk() -> Desk:
    """The lake of WIREFOLD_CONFIG, with the credentials of the connection and nobody else's.

    Raises `Failed` where the API server is not told of a lake that can be read.
    """
    from pipeline.config import load_config
    from pipeline.desk.shelf import Desk
    from pipeline.errors import BadInput, Failed
    from pipeline.lake.locate import open_store

    path = os.environ.get("WIREFOLD_CONFIG")
    if not path:
        raise Failed("WIREFOLD_CONFIG: not set for the API server: expected the path of wirefold.toml")
    try:
        config = load_config(Path(path))
    except BadInput as wrong:
        raise Failed(str(wrong)) from wrong
    client = None
    if config.lake.startswith("s3://"):
        from airflow.providers.amazon.aws.hooks.s3 import S3Hook
        from botocore.config import Config

        from pipeline.lake.s3 import CLIENT_CONFIG

        # as in the dags: what the connection says of the client goes before
        said: Any = S3Hook(aws_conn_id=S3_CONNECTION).config  # None where it says nothing
        client = S3Hook(aws_conn_id=S3_CONNECTION, config=CLIENT_CONFIG.merge(said or Config())).get_conn()
    return Desk(open_store(config.lake, single_writer=config.single_writer, s3_client=client))


def make_app() -> FastAPI:
    """The desk behind Airflow's authentication and permissions."""
    from airflow.api_fastapi.core_api.security import get_user, requires_access_asset
    from fastapi import Depends

    from pipeline.desk import api
    from pipeline.desk.story import paragraphs

    # the first two texts that are held against each other load compiled kernels, for nearly 2 s; nobody
    # waits for that while looking at the first page
    Thread(target=paragraphs, args=("", ""), daemon=True).start()

    def who(user: Any = Depends(get_user)) -> str:  # noqa: B008
        return str(user.get_name())

    guards = api.Guards(requires_access_asset("GET"), requires_access_asset("POST"), who)
    return api.make_app(open_desk, guards)


class WhenAsked:
    """An ASGI application that is made when it is first called."""

    def __init__(self, make: Callable[[], FastAPI]) -> None:
        self._make, self._lock = make, Lock()
        self._made: FastAPI | None = None

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        await self.app(scope, receive, send)

    @property
    def app(self) -> FastAPI:
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made


def _base_path() -> str:
    """What stands before the path of every page where Airflow is served below a prefix."""
    from urllib.parse import urlsplit

    from airflow.configuration import conf

    return urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/")


class WireDesk(AirflowPlugin):
    """Found by its entry point; nothing is to be put in the plugins folder."""

    name = "wirefold"
    fastapi_apps = [{"app": WhenAsked(make_app), "url_prefix": PREFIX, "name": "Wire desk"}]  # noqa: RUF012
    external_views = [  # noqa: RUF012
        {
            "name": "Wire desk",
            "href": f"{_base_path()}{PREFIX}/",
            "destination": "nav",
            "url_route": "wire-desk",
            "icon": f"{_base_path()}{PREFIX}/static/icon.svg",
            "icon_dark_mode": f"{_base_path()}{PREFIX}/static/icon-dark.svg",
            "nav_top_level": True,
        }
    ]
    react_apps = [  # noqa: RUF012
        {
            "name": "Wire desk card",
            "bundle_url": f"{_base_path()}{PREFIX}/static/card.js",
            "destination": "dashboard",
            "url_route": "wire-desk-card",
        },
        {
            "name": "Wire desk run",
            "bundle_url": f"{_base_path()}{PREFIX}/static/run.js",
            "destination": "dag_run",
            "url_route": "wire-desk-run",
        },
    ]
