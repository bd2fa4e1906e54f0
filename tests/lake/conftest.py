"""The stores under test: a folder, moto in this process, MiniStack and rclone behind a socket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from pipeline.lake.folder import FolderStore
from pipeline.lake.s3 import CLIENT_CONFIG, S3Store
from pipeline.lake.store import Store
from tests.servers import S3Server


@contextmanager
def moto_store() -> Iterator[S3Store]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1", config=CLIENT_CONFIG)
        client.create_bucket(Bucket="lake")
        yield S3Store("s3://lake/some/prefix", client=client)
        client.close()


@contextmanager
def ministack_store(server: S3Server) -> Iterator[S3Store]:
    with server.client() as client:
        bucket = server.new_bucket(client)
        yield S3Store(f"s3://{bucket}/some/prefix", client=client)


@contextmanager
def rclone_store(server: S3Server) -> Iterator[S3Store]:
    """On a server that ignores conditions, with our word that nobody else writes."""
    with server.client() as client:
        bucket = server.new_bucket(client)
        yield S3Store(f"s3://{bucket}/some/prefix", client=client, single_writer=True)


FOLDER, MOTO = "folder", "moto"
MINISTACK, RCLONE = (pytest.param(name, marks=pytest.mark.slow) for name in ("ministack", "rclone"))


@contextmanager
def opened(name: str, request: pytest.FixtureRequest) -> Iterator[Store]:
    """The store of that name, empty."""
    match name:
        case "folder":
            yield FolderStore(str(request.getfixturevalue("tmp_path") / "lake"))
        case "moto":
            with moto_store() as store:
                yield store
        case "ministack":
            with ministack_store(request.getfixturevalue("s3_server")) as store:
                yield store
        case _:
            with rclone_store(request.getfixturevalue("rclone_server")) as store:
                yield store


@pytest.fixture(params=[FOLDER, MOTO, MINISTACK, RCLONE])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    with opened(request.param, request) as store:
        yield store


# moto looks at a condition and writes in two steps, so now and then two writers win; rclone looks at none
CONTESTED = (FOLDER, MINISTACK)


@pytest.fixture(params=CONTESTED)
def contested_store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """For races."""
    with opened(request.param, request) as store:
        yield store


@pytest.fixture
def folder_and_moto(tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    with moto_store() as on_moto:
        yield FolderStore(str(tmp_path / "lake")), on_moto
