"""The folder of a production: secrets that only its owner reads, made once, as each reader takes them."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography.fernet import Fernet

from infra import prepare
from pipeline.config import load_config


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert prepare.main([str(tmp_path / "wirefold")]) == 0
    return tmp_path / "wirefold"


def secrets_of(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in (folder / "secrets").iterdir()}


def test_nobody_else_reads_it_and_no_container_runs_as_root(folder: Path) -> None:
    told = dict(line.split("=") for line in (folder / "compose.env").read_text().splitlines())
    owner = int(told["WIREFOLD_USER"].removesuffix(":0"))
    assert owner > 0
    for path in [folder, *folder.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
        assert path.stat().st_uid == owner, path


def test_secrets_are_made_once_and_never_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = secrets_of(folder)
    (folder / "secrets" / "jwt_secret").unlink()
    (folder / "config" / "wirefold.toml").write_text('lake = "s3://other"\n')
    assert prepare.main([str(folder)]) == 0
    again = secrets_of(folder)
    assert {name for name in first if first[name] != again[name]} == {"jwt_secret"}
    assert (folder / "config" / "wirefold.toml").read_text() == 'lake = "s3://other"\n'
    told = capsys.readouterr()
    assert "made" in told.out
    passwords = json.loads((folder / "auth" / "passwords.json").read_text())
    for secret in (*again.values(), *passwords.values()):
        assert secret not in told.out + told.err


def test_each_secret_is_what_its_reader_takes(folder: Path) -> None:
    made = secrets_of(folder)
    Fernet(made["fernet_key"])
    assert urlsplit(made["database_url"]).password == made["postgres_password"]
    lake = json.loads(made["connections.json"])["wirefold_s3"]
    [worker] = json.loads(made["store.json"])["identities"]
    assert worker["credentials"] == [{"accessKey": lake["login"], "secretKey": lake["password"]}]
    assert lake["password"] in (folder / "aws.config").read_text()
    single = [made[name] for name in ("fernet_key", "jwt_secret", "api_secret_key", "grafana_password")]
    assert len({*single, made["postgres_password"], lake["password"]}) == len(single) + 2


def test_the_configuration_is_read_and_wants_outlets(folder: Path) -> None:
    assert load_config(folder / "config" / "wirefold.toml").lake == f"s3://{prepare.BUCKET}"


def test_a_folder_that_cannot_be_made_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert prepare.main([str(tmp_path / "missing" / "wirefold")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
