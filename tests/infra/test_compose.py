"""The compose file is one that Compose reads, and keeps the rules: loopback, no secret in it, no root."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

from infra import prepare
from pipeline import __version__
from tests.infra.composed import AIRFLOW, ROOT, composed, unknown, variables_read


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("production") / "wirefold"
    prepare.make(made)
    return made


@pytest.fixture(scope="module")
def compose(folder: Path) -> dict[str, Any]:
    return composed(prepare.settings(folder))


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, Any]:
    return dict(compose["services"])


def test_compose_reads_it(compose: dict[str, Any]) -> None:
    """By a parser of the Compose Specification, which knows each key and what refers to what."""
    PyCompose.from_yaml(yaml.safe_dump(compose)).validate()
    compose["services"]["store"]["prots"] = compose["services"]["store"]["ports"]
    with pytest.raises(ValueError, match="prots"):
        PyCompose.from_yaml(yaml.safe_dump(compose))
    del compose["services"]["store"]["prots"]


@pytest.mark.skipif(
    subprocess.run(["docker", "compose", "version"], capture_output=True).returncode != 0
    if shutil.which("docker")
    else True,
    reason="no docker compose",
)
def test_docker_compose_reads_it(folder: Path) -> None:
    command = ["docker", "compose", "--env-file", folder / "compose.env", "-f", "infra/compose.yaml"]
    subprocess.run([*command, "--profile", "metrics", "config", "--quiet"], cwd=ROOT, check=True)


def test_only_this_machine_reaches_it(services: dict[str, Any], compose: dict[str, Any]) -> None:
    published = [port for service in services.values() for port in service.get("ports", ())]
    assert len(published) == 3
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in published)
    assert compose["networks"]["inner"] == {"internal": True}
    assert services["postgres"]["networks"] == ["inner"]


def test_images_have_a_version_and_ours_is_the_packages(services: dict[str, Any]) -> None:
    for name, service in services.items():
        image, _, tag = service["image"].partition(":")
        assert re.search(r"\d+\.\d+", tag), image
        if name in AIRFLOW:
            assert service["image"] == f"wirefold:{__version__}"


def test_no_container_is_root_or_may_become_it(services: dict[str, Any], folder: Path) -> None:
    for service in services.values():
        assert service["user"] == prepare.settings(folder)["WIREFOLD_USER"]
        assert not service["user"].startswith("0")
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["cap_drop"] == ["ALL"]


def test_secrets_are_files_that_are_made_and_that_only_their_readers_get(
    compose: dict[str, Any], services: dict[str, Any], folder: Path
) -> None:
    files = {name: Path(secret["file"]) for name, secret in compose["secrets"].items()}
    assert set(files.values()) == set((folder / "secrets").iterdir())
    used = {name for service in services.values() for name in service.get("secrets", ())}
    assert used == files.keys()
    text = (ROOT / "infra" / "compose.yaml").read_text()
    for service in services.values():
        for name, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET|KEY|CONN|TOKEN", name):
                assert "/run/secrets/" in value or name.startswith(
                    ("AIRFLOW__SECRETS", "AIRFLOW__CORE__SIMPLE")
                )
            for named in re.findall(r"/run/secrets/([\w.]+)", str(value)):
                assert named in service["secrets"], f"{name} reads a secret that the service is not given"
    assert not re.search(r"password\s*[:=]\s*\w", text, re.IGNORECASE)


def test_what_is_mounted_is_there_and_what_is_read_is_set(services: dict[str, Any], folder: Path) -> None:
    for service in services.values():
        for volume in service.get("volumes", ()):
            source = Path(volume.partition(":")[0])
            assert source.exists() or source == Path("./grafana") or (ROOT / "infra" / source).exists(), (
                volume
            )
    for name in AIRFLOW:
        environment = services[name]["environment"]
        given = {key for key in environment if key.startswith("WIREFOLD_")}
        assert given == variables_read(), (
            "set in compose.yaml, helm/values.yaml and docs what the code asks for"
        )
        assert unknown(environment) == set()
        targets = [volume.split(":")[1] for volume in services[name]["volumes"]]
        assert str(Path(environment["WIREFOLD_CONFIG"]).parent) in targets


def test_everybody_of_the_password_file_has_a_role(services: dict[str, Any]) -> None:
    users = services["api-server"]["environment"]["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"]
    assert tuple(user.partition(":")[0] for user in users.split(",")) == prepare.USERS


def test_each_server_is_asked_whether_it_is_well(services: dict[str, Any]) -> None:
    without = {name for name, service in services.items() if "healthcheck" not in service}
    assert without == {"init", "statsd"}, "one ends by itself, and the other's image has no program to ask it"
    for name in AIRFLOW[1:]:
        assert services[name]["depends_on"]["init"] == {"condition": "service_completed_successfully"}
