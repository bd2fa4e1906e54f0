"""A lake on S3 or on what speaks like it: every race is decided by the store's own conditional writes.

`If-None-Match: *` creates, `If-Match: <etag>` swaps; the loser is told by 412, or by 409 while the
winner is still being written. A store that ignores the conditions is noticed by `probe`.
"""

from __future__ import annotations

import io
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar, cast

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from pipeline.errors import BadInput, Failed
from pipeline.lake.store import Conflict, Missing, Stored, checked_key

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from mypy_boto3_s3 import S3Client

_MIB = 1 << 20
# one part up to here: a single PUT costs one request and is atomic without an upload to abort
_TRANSFER = TransferConfig(multipart_threshold=64 * _MIB, multipart_chunksize=32 * _MIB)
# one request here, too, while a server may be trusted to answer in time: rclone's takes no copy in parts
_COPY = TransferConfig(multipart_threshold=1024 * _MIB, multipart_chunksize=256 * _MIB)
_READ_AHEAD = 256 * 1024  # holds the footer of nearly every Parquet file in one request
_RACES = 6
_CUT_SHORT = 3  # bodies
T = TypeVar("T")
# what clients are made with
CLIENT_CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 4},
    connect_timeout=5,
    read_timeout=60,
    max_pool_connections=16,
    # other servers than AWS's trip over checksum trailers, and rclone answers a range with the checksum of
    # the whole (boto3 1.36 made them the default)
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)

_MISSING = {"404", "NoSuchKey"}
_LOST = {"304", "412", "PreconditionFailed", "NotModified"}  # MinIO has answered 304
_BUSY = {"409", "ConditionalRequestConflict", "OperationAborted"}
_REFUSED = {
    "401",
    "403",
    "AccessDenied",
    "AuthorizationHeaderMalformed",
    "ExpiredToken",
    "Forbidden",
    "InvalidAccessKeyId",
    "InvalidToken",
    "SignatureDoesNotMatch",
}


class S3Store:
    """The `Store` protocol on `s3://bucket/prefix`. Tags are ETags.

    Credentials, region and endpoint (AWS_ENDPOINT_URL_S3) come from the standard AWS chain, or with
    `client`. With `single_writer` conditions are checked by reading before writing: for stores that
    ignore or refuse conditional writes, on the caller's word that nobody else writes.
    """

    def __init__(self, url: str, client: S3Client | None = None, single_writer: bool = False) -> None:
        """Opens no connection. Raises `BadInput` if the URL names no bucket."""
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        if not bucket:
            raise BadInput(f"{url}: expected s3://bucket/prefix")
        self.url = url
        self._bucket = bucket
        self._prefix = prefix.rstrip("/") + "/" if prefix.strip("/") else ""
        self._single_writer = single_writer
        with self._explained(""):
            self._client = client or _standard_client()

    def get(self, key: str) -> bytes:
        return self.get_tagged(key)[0]

    def get_tagged(self, key: str) -> tuple[bytes, str]:
        def read() -> tuple[bytes, str]:
            answer = self._client.get_object(Bucket=self._bucket, Key=self._name(key))
            with closing(answer["Body"]) as body:
                return body.read(), answer["ETag"]

        with self._explained(key):
            return _whole(read)

    def get_range(self, key: str, start: int, length: int) -> bytes:
        if length <= 0:
            return b""
        span = f"bytes={start}-{start + length - 1}"

        def read() -> bytes:
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=self._name(key), Range=span)
            except ClientError as error:
                if _code(error) in {"416", "InvalidRange"}:  # begins past the end, as a file would read
                    return b""
                raise
            with closing(answer["Body"]) as body:
                return body.read()

        with self._explained(key):
            return _whole(read)

    def put(self, key: str, data: bytes) -> None:
        with self._explained(key):
            self._client.put_object(Bucket=self._bucket, Key=self._name(key), Body=data)

    def put_file(self, key: str, path: str) -> None:
        # not upload_file: that wraps the error whose code says what is wrong
        with self._explained(key), Path(path).open("rb") as file:
            self._client.upload_fileobj(file, self._bucket, self._name(key), Config=_TRANSFER)

    def copy(self, source: str, target: str) -> None:
        with self._explained(source):
            origin = {"Bucket": self._bucket, "Key": self._name(source)}
            self._client.copy(cast(Any, origin), self._bucket, self._name(target), Config=_COPY)

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """As the protocol says; False too if a retry met the object its own lost answer had created."""
        if self._single_writer:
            if self.exists(key):
                return False
            self.put(key, data)
            return True
        return self._conditional(key, data, IfNoneMatch="*") is not None

    def swap(self, key: str, data: bytes, tag: str | None) -> str:
        if self._single_writer:
            if (self.get_tagged(key)[1] if self.exists(key) else None) != tag:
                raise Conflict(f"{self.url}: {key} was changed by somebody else")
            self.put(key, data)
            return self.get_tagged(key)[1]
        condition = {"IfNoneMatch": "*"} if tag is None else {"IfMatch": tag}
        new = self._conditional(key, data, **condition)
        if new is None:
            raise Conflict(f"{self.url}: {key} was changed by somebody else")
        return new

    def exists(self, key: str) -> bool:
        try:
            self._size(key)
        except Missing:
            return False
        return True

    def list(self, prefix: str) -> Iterator[Stored]:
        with self._explained(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix + prefix
            )
            for page in pages:
                for item in page.get("Contents", ()):
                    yield Stored(item["Key"].removeprefix(self._prefix), item["Size"])

    def delete(self, key: str) -> None:
        with self._explained(key):
            self._client.delete_object(Bucket=self._bucket, Key=self._name(key))

    def open(self, key: str) -> BinaryIO:
        raw = _Ranges(self._size(key), lambda start, length: self.get_range(key, start, length))
        return io.BufferedReader(raw, _READ_AHEAD)

    def probe(self) -> None:
        """Write one object under `probe/` three times, twice under conditions that do not hold; remove it.

        Raises `Failed` in one line: no such bucket, refused credentials, no answer, conditions ignored.
        """
        key = f"probe/{uuid.uuid4().hex}"  # own name: workers probe at the same time
        self.put(key, b"first")
        try:
            if self._single_writer:
                return
            ignored = self.put_if_absent(key, b"second")
            try:
                self.swap(key, b"third", '"00000000000000000000000000000000"')
                ignored = True
            except Conflict:
                pass
        finally:
            self.delete(key)
        if ignored:
            raise Failed(
                f"{self.url}: {self._endpoint} ignores conditional writes, so two writers could overwrite "
                "each other's release; use another store or set single_writer = true and keep to one writer"
            )

    def _conditional(self, key: str, data: bytes, **condition: str) -> str | None:
        """The new ETag, or None if the condition did not hold."""
        name = self._name(key)
        for attempt in range(_RACES):
            with self._explained(key):
                try:
                    answer = self._client.put_object(
                        Bucket=self._bucket, Key=name, Body=data, **cast(Any, condition)
                    )
                    return answer["ETag"]
                except ClientError as error:
                    # an If-Match on what is not there: 404
                    if _code(error) in _LOST | _MISSING:
                        return None
                    if _code(error) not in _BUSY:
                        raise
            time.sleep(0.05 * 2**attempt)
        raise Conflict(f"{self.url}: {key} is being written by somebody else")

    def _size(self, key: str) -> int:
        with self._explained(key):
            return self._client.head_object(Bucket=self._bucket, Key=self._name(key))["ContentLength"]

    def _name(self, key: str) -> str:
        return self._prefix + checked_key(key)

    @property
    def _endpoint(self) -> str:
        return self._client.meta.endpoint_url

    @contextmanager
    def _explained(self, key: str) -> Iterator[None]:
        """Turn boto's errors into `Missing`, or into `Failed` with one line that says what to mend."""
        try:
            yield
        except ClientError as error:
            code = _code(error)
            if code in _MISSING:
                raise Missing(key) from None
            if code == "NoSuchBucket":
                raise Failed(f"{self.url}: no bucket {self._bucket!r} at {self._endpoint}") from None
            if code in _REFUSED:
                raise Failed(
                    f"{self.url}: {self._endpoint} refuses these credentials on {self._bucket!r} ({code})"
                ) from None
            raise Failed(f"{self.url}: {key}: {error}") from error
        except (NoCredentialsError, PartialCredentialsError) as error:
            raise Failed(f"{self.url}: {error}; give them by environment, profile or connection") from None
        except EndpointConnectionError:
            raise Failed(f"{self.url}: no answer from {self._endpoint}") from None
        except BotoCoreError as error:
            raise Failed(f"{self.url}: {key}: {error}") from error


class _Ranges(io.RawIOBase):
    """A read-only file over ranged GETs; wrapped in a BufferedReader, large reads pass straight through."""

    def __init__(self, size: int, fetch: Callable[[int, int], bytes]) -> None:
        self._size = size
        self._fetch = fetch
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        data = self._fetch(self._at, min(len(view), self._size - self._at))
        view[: len(data)] = data
        self._at += len(data)
        return len(data)


def _whole(read: Callable[[], T]) -> T:
    """What is read, asked for again if the answer broke off: boto3 tries requests again, not bodies."""
    for _ in range(_CUT_SHORT):
        with suppress(IncompleteReadError, ResponseStreamingError, ReadTimeoutError):
            return read()
    return read()


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _standard_client() -> S3Client:
    """A client from the standard AWS chain; path-style where the endpoint is not AWS's own."""
    session = boto3.session.Session()
    client = session.client("s3", config=CLIENT_CONFIG)
    if client.meta.endpoint_url.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        return client
    client.close()
    return session.client("s3", config=CLIENT_CONFIG.merge(Config(s3={"addressing_style": "path"})))
