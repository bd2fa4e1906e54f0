from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.lake.folder import FolderStore
from tests.ingest.site import World, serving


@pytest.fixture
def world() -> Iterator[World]:
    with serving() as world:
        yield world


@pytest.fixture
def lake(tmp_path: Path) -> FolderStore:
    return FolderStore(str(tmp_path / "lake"))
