"""The stores under test: a folder, moto in this process, and MiniStack behind a socket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from pipeline.lake.folder import FolderStore
from pipeline.lake.s3 import S3Store
from pipeline.lake.store import Store
from tests.servers import S3Server


@contextmanager
def moto_store() -> Iterator[S3Store]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="lake")
        yield S3Store("s3://lake/some/prefix", client=client)
        client.close()


@contextmanager
def ministack_store(server: S3Server) -> Iterator[S3Store]:
    with server.client() as client:
        bucket = server.new_bucket(client)
        yield S3Store(f"s3://{bucket}/some/prefix", client=client)


FOLDER, MOTO, MINISTACK = "folder", "moto", pytest.param("ministack", marks=pytest.mark.slow)


@pytest.fixture(params=[FOLDER, MOTO, MINISTACK])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "folder":
        yield FolderStore(str(tmp_path / "lake"))
    else:
        s3 = (
            moto_store() if request.param == "moto" else ministack_store(request.getfixturevalue("s3_server"))
        )
        with s3 as opened:
            yield opened


@pytest.fixture(params=[FOLDER, MINISTACK])
def contested_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """For races: moto looks at a condition and writes in two steps, so now and then two writers win."""
    if request.param == "folder":
        yield FolderStore(str(tmp_path / "lake"))
    else:
        with ministack_store(request.getfixturevalue("s3_server")) as opened:
            yield opened


@pytest.fixture
def folder_and_moto(tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    with moto_store() as on_moto:
        yield FolderStore(str(tmp_path / "lake")), on_moto
