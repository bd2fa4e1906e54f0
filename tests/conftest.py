"""Fixtures that several rooms share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.servers import S3Server, ministack, rclone

# the same examples each time: what is green here is green elsewhere; `--hypothesis-profile=default`
# searches further
settings.register_profile("repeatable", derandomize=True, print_blob=True)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One MiniStack for all tests of a session; each test makes its own bucket in it."""
    with ministack(tmp_path_factory.mktemp("ministack")) as server:
        yield server


@pytest.fixture(scope="session")
def rclone_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One rclone for all tests of a session."""
    with rclone(tmp_path_factory.mktemp("rclone")) as server:
        yield server
