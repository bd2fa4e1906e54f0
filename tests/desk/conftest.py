"""Desks over a lake with all tables and over one of many days."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipeline.desk.shelf import Desk
from pipeline.lake.locate import open_store
from tests.desk.lakes import Watched, many_days
from tests.docs_lake import make_lake
from tests.e2e.test_cli import NOW, articles, wirefold


@pytest.fixture(scope="package")
def full(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """The lake of the docs: versions, a kill, local paragraphs, chrome."""
    folder = tmp_path_factory.mktemp("desk")
    make_lake(folder)
    return Desk(open_store(str(folder / "lake")))


@pytest.fixture(scope="package")
def released_days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return many_days(tmp_path_factory.mktemp("days"))


@pytest.fixture
def days(released_days: Path) -> Desk:
    """A desk that has read nothing yet."""
    return Desk(Watched(str(released_days)))


@pytest.fixture(scope="package")
def clustered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clustered")
    wirefold("cluster", str(articles(folder)), "--out", str(folder / "lake"), "--now", NOW)
    return folder / "lake"


@pytest.fixture
def lake(clustered: Path, tmp_path: Path) -> str:
    """Three copies of one story and a story alone, to be judged."""
    shutil.copytree(clustered, tmp_path / "lake")
    return str(tmp_path / "lake")
