"""What cannot be worked with is noticed at start-up and said in one line."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from pipeline.errors import BadInput, Failed
from pipeline.lake.folder import FolderStore
from pipeline.lake.locate import open_store
from pipeline.lake.s3 import S3Store
from pipeline.lake.store import Conflict
from tests.servers import S3Server


def careless_client(*ignored: str) -> Any:
    """A client whose server does not look at these conditions, as rclone's does not at any."""

    def drop(params: dict[str, Any], **_: Any) -> None:
        for condition in ignored:
            params.pop(condition, None)

    client = boto3.client("s3", region_name="us-east-1")
    client.create_bucket(Bucket="lake")
    client.meta.events.register("provide-client-params.s3.PutObject", drop)
    return client


@pytest.fixture
def stubbed() -> Iterator[tuple[S3Store, Stubber]]:
    client = boto3.client(
        "s3", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    with Stubber(client) as stub:
        yield S3Store("s3://lake", client=client), stub
    client.close()


@pytest.mark.parametrize("ignored", [("IfMatch",), ("IfNoneMatch",), ("IfMatch", "IfNoneMatch")])
def test_a_store_that_ignores_conditions_is_refused(ignored: tuple[str, ...]) -> None:
    with mock_aws(), closing(careless_client(*ignored)) as client:
        store = S3Store("s3://lake/x", client=client)
        with pytest.raises(Failed, match="ignores conditional writes") as error:
            store.probe()
        assert "\n" not in str(error.value)
        assert list(store.list("")) == []


def test_a_single_writer_may_use_it_and_still_sees_what_is_there() -> None:
    with mock_aws(), closing(careless_client("IfMatch", "IfNoneMatch")) as client:
        store = open_store("s3://lake/x", single_writer=True, s3_client=client)
        store.probe()
        assert store.put_if_absent("m", b"1")
        assert not store.put_if_absent("m", b"2")
        tag = store.swap("p", b"1", None)
        assert store.get_tagged("p") == (b"1", tag)
        new = store.swap("p", b"2", tag)
        for stale in (tag, None):
            with pytest.raises(Conflict):
                store.swap("p", b"3", stale)
        assert store.get_tagged("p") == (b"2", new)


def test_a_missing_bucket_is_named_with_its_endpoint() -> None:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        with pytest.raises(Failed, match=r"no bucket 'lake' at https://.*amazonaws\.com"):
            S3Store("s3://lake/x", client=client).probe()
        client.close()


@pytest.mark.parametrize("code", ["InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied"])
def test_refused_credentials_are_said(stubbed: tuple[S3Store, Stubber], code: str) -> None:
    store, stub = stubbed
    stub.add_client_error("put_object", code, http_status_code=403)
    with pytest.raises(Failed, match=rf"refuses these credentials on 'lake' \({code}\)"):
        store.probe()


def test_nobody_at_the_endpoint_and_no_bucket_in_the_url(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in S3Server("http://127.0.0.1:9").environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("time.sleep", lambda _: None)
    with pytest.raises(Failed, match=r"no answer from http://127.0.0.1:9"):
        S3Store("s3://lake").probe()
    with pytest.raises(BadInput, match="expected s3://bucket/prefix"):
        S3Store("s3://")


def test_a_busy_key_is_tried_again_until_the_race_is_decided(
    stubbed: tuple[S3Store, Stubber], monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS answers 409 while another conditional write of the key is under way: not yet a loss."""
    store, stub = stubbed
    monkeypatch.setattr("time.sleep", lambda _: None)
    asked = {"Bucket": "lake", "Key": "k", "Body": b"1", "IfNoneMatch": "*"}
    stub.add_client_error("put_object", "ConditionalRequestConflict", http_status_code=409)
    stub.add_response("put_object", {"ETag": '"e"'}, asked)
    assert store.put_if_absent("k", b"1")
    stub.add_client_error("put_object", "ConditionalRequestConflict", http_status_code=409)
    stub.add_client_error("put_object", "PreconditionFailed", http_status_code=412)
    assert not store.put_if_absent("k", b"1")
    for _ in range(10):
        stub.add_client_error("put_object", "ConditionalRequestConflict", http_status_code=409)
    with pytest.raises(Conflict, match="being written"):
        store.swap("k", b"1", '"e"')


@pytest.mark.slow
def test_the_standard_chain_finds_another_endpoint(
    s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with s3_server.client() as client:
        bucket = s3_server.new_bucket(client)
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    store = open_store(f"s3://{bucket}/x")
    store.probe()
    store.put("a", b"1")
    assert [item.key for item in store.list("")] == ["a"]


def test_probing_a_folder_clears_what_killed_writers_left_and_only_that(tmp_path: Path) -> None:
    store = FolderStore(str(tmp_path))
    litter, living = tmp_path / ".tmp/write-litter", tmp_path / ".tmp/write-living"
    litter.write_bytes(b"half")
    with living.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        store.probe()
        assert living.exists()
    assert not litter.exists()
