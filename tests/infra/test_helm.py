"""The values for the official chart set what the compose file sets, for the same image and the same dags."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from infra import prepare
from pipeline import __version__
from tests.infra.composed import ROOT, composed, unknown, variables_read

# which of compose's variables the chart sets itself, from its values and the secrets that these name
OF_THE_CHART = {
    "AIRFLOW__CORE__EXECUTOR",
    "AIRFLOW__CORE__EXECUTION_API_SERVER_URL",
    "AIRFLOW__CORE__FERNET_KEY_CMD",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD",
    "AIRFLOW__API__SECRET_KEY_CMD",
    "AIRFLOW__API_AUTH__JWT_SECRET_CMD",
    "AIRFLOW__METRICS__STATSD_ON",
    "AIRFLOW__METRICS__STATSD_HOST",
    "AIRFLOW__METRICS__STATSD_PORT",
    "AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_HOST",
    # connections come from the secret that extraEnvFrom names, not from a file
    "AIRFLOW__SECRETS__BACKEND",
    "AIRFLOW__SECRETS__BACKEND_KWARGS",
}


@pytest.fixture(scope="module")
def values() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "infra" / "helm" / "values.yaml").read_text()))


@pytest.fixture(scope="module")
def environment(values: dict[str, Any]) -> dict[str, str]:
    """The variables that the values come to."""
    named = {one["name"]: one["value"] for one in values["env"]}
    configured = {
        f"AIRFLOW__{section}__{option}".upper(): str(value)
        for section, held in values["config"].items()
        for option, value in held.items()
    }
    assert not named.keys() & configured.keys()
    return named | configured


def test_what_is_set_is_what_compose_sets(values: dict[str, Any], environment: dict[str, str]) -> None:
    settings = {"WIREFOLD_FOLDER": "/srv/wirefold", "WIREFOLD_USER": "1000:0"}
    compose = composed(settings)["services"]["scheduler"]["environment"]
    assert compose.keys() >= OF_THE_CHART
    ours = {name: value for name, value in compose.items() if name not in OF_THE_CHART}
    differ = {
        "AIRFLOW__API__BASE_URL",
        "AIRFLOW__CORE__AUTH_MANAGER",
    }  # the chart has another manager by default
    assert {name: environment.get(name) for name in ours.keys() - differ} == {
        name: ours[name] for name in ours.keys() - differ
    }
    assert environment.keys() - ours.keys() == {"AIRFLOW__CORE__AUTH_MANAGER"}
    assert values["executor"] == compose["AIRFLOW__CORE__EXECUTOR"]
    assert {name for name in environment if name.startswith("WIREFOLD_")} == variables_read()


def test_airflow_has_these_options(environment: dict[str, str]) -> None:
    assert unknown(environment) == set()
    assert unknown({"AIRFLOW__CORE__PARALELLISM": 1, "AIRFLOW__CORE__EXECUTOR_CMD": 1}) == {
        "AIRFLOW__CORE__PARALELLISM",
        "AIRFLOW__CORE__EXECUTOR_CMD",
    }


def test_no_secret_stands_in_it_and_nobody_is_root(values: dict[str, Any]) -> None:
    text = (ROOT / "infra" / "helm" / "values.yaml").read_text()
    for part in ("password:", "pass:", "AIRFLOW_CONN_WIREFOLD_S3:", "fernetKey:", "jwtSecret:"):
        assert part not in text
    assert values["securityContexts"]["pod"]["runAsUser"] == prepare.IMAGE_USER
    assert values["securityContexts"]["pod"]["runAsNonRoot"] is True
    assert values["securityContexts"]["containers"]["allowPrivilegeEscalation"] is False


def test_the_image_is_the_packages(values: dict[str, Any]) -> None:
    assert values["defaultAirflowTag"] == __version__
    image = f"{values['defaultAirflowRepository']}:{__version__}"
    assert [one["image"] for one in values["apiServer"]["extraInitContainers"]] == [image]
    lock = (ROOT / "requirements.lock").read_text()
    assert f"apache-airflow=={values['airflowVersion']} " in lock


def test_who_opens_the_lake_has_the_role_of_the_policy(values: dict[str, Any]) -> None:
    policy = json.loads((ROOT / "infra" / "s3-policy.json").read_text())
    workers = {one["Principal"]["AWS"] for one in policy["Statement"] if one["Sid"].startswith("Workers")}
    for component in ("scheduler", "apiServer", "migrateDatabaseJob"):
        annotations = values[component]["serviceAccount"]["annotations"]
        assert set(annotations.values()) == workers


def test_what_is_mounted_is_declared(values: dict[str, Any]) -> None:
    for component in ("scheduler", "apiServer", "dagProcessor", "triggerer"):
        declared = {one["name"] for one in values[component]["extraVolumes"]}
        assert {one["name"] for one in values[component]["extraVolumeMounts"]} <= declared
        assert values[component]["resources"]["limits"].keys() == {"memory"}, (
            "a throttled worker is a slow one"
        )
