"""Asks an API server of Airflow, in this process, for every route of the desk, as everybody in turn.

Prints as JSON what became of it: `answers`, by who, method and path the status; `plugin`, what the UI is told
of the plugin; `heavy`, what its loading alone imports; `judged`, the name under which a judgement was kept.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

HEAVY = ("pyarrow", "numpy", "numba", "boto3", "pipeline.judge")
ROLES = {"vera": "viewer", "otto": "op"}


def main() -> None:
    from airflow import plugins_manager
    from airflow.utils import db

    plugins_manager.get_fastapi_plugins()
    heavy = [name for name in HEAVY if name in sys.modules]
    db.initdb()
    from airflow.api_fastapi.app import create_app
    from fastapi.testclient import TestClient

    passwords = {name: f"{name}-secret" for name in ROLES}
    Path(os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"]).write_text(json.dumps(passwords))
    app = create_app()
    client = TestClient(app, base_url="http://localhost")
    heads: dict[str, dict[str, str]] = {"anonymous": {}, "forged": {"Authorization": "Bearer x.y.z"}}
    for name, secret in passwords.items():
        token = client.post("/auth/token", json={"username": name, "password": secret}).json()["access_token"]
        heads[ROLES[name]] = {"Authorization": f"Bearer {token}"}
    answers = {who: walk(client, head, json.loads(sys.argv[1])) for who, head in heads.items()}
    listed = client.get("/api/v2/plugins", headers=heads["op"]).json()["plugins"]
    (told,) = [plugin for plugin in listed if plugin["name"] == "wirefold"]
    judged = client.get("/wirefold/api/judgements", headers=heads["op"]).json()
    shown = {key: told[key] for key in ("fastapi_apps", "external_views", "react_apps")}
    who = [row["by"] for row in judged]
    print(json.dumps({"answers": answers, "plugin": shown, "heavy": heavy, "judged": who}))


def walk(client: Any, head: dict[str, str], queries: dict[str, str]) -> dict[str, int]:
    """The status of each route, with the parameters that it needs."""
    from pipeline.desk.plugin import PREFIX, WireDesk

    found = {}
    for route in WireDesk.fastapi_apps[0]["app"].app.routes:
        path = route.path.replace("{name}", "desk.js")
        for method in sorted(route.methods):
            body = (
                {"doc_id_a": "a1", "doc_id_b": "a2", "verdict": "same", "why": "cut"}
                if method == "POST"
                else None
            )
            asked = client.request(
                method,
                f"{PREFIX}{path}{queries.get(path, '')}",
                headers=head | {"X-Wirefold-Desk": "1", "Sec-Fetch-Site": "same-origin"},
                json=body,
                follow_redirects=False,
            )
            found[f"{method} {path}"] = asked.status_code
    return found


if __name__ == "__main__":
    main()
