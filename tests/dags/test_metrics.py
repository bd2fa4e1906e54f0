"""The names of metrics are the same in the code, on the page and on the dashboard."""

from __future__ import annotations

import ast
import json
import re

from tests.dags.airflow_alone import DAGS, ROOT

DASHBOARD = ROOT / "infra" / "grafana" / "wirefold.json"


def named() -> set[str]:
    """All metrics that `dags/_metrics.py` names, as Airflow sends them, without its own prefix."""
    tables: dict[str, dict[str, tuple[str, ...]]] = {
        node.target.id: ast.literal_eval(node.value)
        for node in ast.parse((DAGS / "_metrics.py").read_text()).body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value
    }
    return {
        f"wirefold.{about}.{name}"
        for table in tables.values()
        for about, names in table.items()
        for name in names
    }


def test_the_dashboard_shows_what_is_sent() -> None:
    text = DASHBOARD.read_text()
    shown = set(re.findall(r"airflow_(wirefold_[a-z_]+)", text))
    assert len(shown) > 15
    assert shown <= {name.replace(".", "_") for name in named()}
    panels = json.loads(text)["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["title"] and (panel["type"] == "row" or panel["targets"]) for panel in panels)


def test_the_page_lists_what_is_sent() -> None:
    page = (ROOT / "docs" / "operating.md").read_text()
    listed = set(re.findall(r"^\| `(wirefold\.[a-z_.]+)` \|", page, re.MULTILINE))
    assert listed == named()
