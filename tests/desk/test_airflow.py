"""The desk inside Airflow: on the API server's own application, with its users and their tokens."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipeline.desk import releases, stories
from pipeline.desk.shelf import Desk
from pipeline.lake.locate import open_store
from tests.dags.airflow_alone import ask_airflow

pytestmark = pytest.mark.slow
WALK = str(Path(__file__).with_name("walk.py"))


@pytest.fixture(scope="module")
def walked(clustered: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = tmp_path_factory.mktemp("airflow")
    lake = shutil.copytree(clustered, home / "lake")
    config = home / "wirefold.toml"
    config.write_text(f'lake = "{lake}"')
    desk = Desk(open_store(str(lake)))
    story = stories.search(desk, desk.newest(), stories.Asked(at_least=2), 0, 1)["rows"][0]["story_id"]
    release = releases.releases(desk)["rows"][0]["release"]
    queries = {
        "/api/story": f"?story_id={story}",
        "/api/copy": f"?story_id={story}&doc_id=a2",
        "/api/version": f"?story_id={story}&version_no=1",
        "/api/release": f"?release={release}",
        "/api/pair": "?doc_a=a1&doc_b=b1",
    }
    return dict(
        ask_airflow(
            home,
            WALK,
            json.dumps(queries),
            WIREFOLD_CONFIG=str(config),
            AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS="vera:viewer,otto:op",
            AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE=str(home / "passwords.json"),
            AIRFLOW__API_AUTH__JWT_SECRET="of this test alone, and long enough for it",
            AIRFLOW__API__BASE_URL="http://localhost/",
        )
    )


def test_who_may_do_what_on_every_route(walked: dict[str, Any]) -> None:
    answers = walked["answers"]
    reads = [route for route in answers["op"] if route.startswith("GET ")]
    writes = [route for route in answers["op"] if not route.startswith("GET ")]
    assert len(reads) >= 14
    assert writes == ["POST /api/judgements"]
    expected = {
        "anonymous": dict.fromkeys([*reads, *writes], 401),
        "forged": dict.fromkeys(reads + writes, 403),
        "viewer": dict.fromkeys(reads, 200) | dict.fromkeys(writes, 403),
        "op": dict.fromkeys(reads, 200) | dict.fromkeys(writes, 201),
    }
    assert answers == expected


def test_a_judgement_is_kept_under_the_name_of_the_airflow_user(walked: dict[str, Any]) -> None:
    assert walked["judged"] == ["otto"]


def test_the_ui_is_told_of_its_page_card_and_tab(walked: dict[str, Any]) -> None:
    told = walked["plugin"]
    assert [view["href"] for view in told["external_views"]] == ["/wirefold/"]
    bundles = {app["destination"]: app["bundle_url"] for app in told["react_apps"]}
    assert bundles == {"dashboard": "/wirefold/static/card.js", "dag_run": "/wirefold/static/run.js"}
    assert [app["url_prefix"] for app in told["fastapi_apps"]] == ["/wirefold"]


def test_loading_the_plugin_costs_a_task_nothing(walked: dict[str, Any]) -> None:
    assert walked["heavy"] == []
