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


@pytest.fixture(params=["folder", "moto", pytest.param("ministack", marks=pytest.mark.slow)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "folder":
        yield FolderStore(str(tmp_path / "lake"))
    elif request.param == "moto":
        with moto_store() as on_moto:
            yield on_moto
    else:
        server: S3Server = request.getfixturevalue("s3_server")
        with server.client() as client:
            bucket = server.new_bucket(client)
            yield S3Store(f"s3://{bucket}/some/prefix", client=client)


@pytest.fixture
def folder_and_moto(tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    with moto_store() as on_moto:
        yield FolderStore(str(tmp_path / "lake")), on_moto
