"""The newest release on the demo's store, and its files as pyarrow sees them."""

from __future__ import annotations

from pyarrow import fs

from infra import store
from infra.home import Ports, Secrets
from pipeline.lake.s3 import S3Store
from pipeline.publish.manifest import Manifest, read_manifest


def newest(ports: Ports, secrets: Secrets) -> Manifest | None:
    """The newest release on the demo's store, or None before the first."""
    return read_manifest(S3Store(store.LAKE, client=store.client(ports, secrets)))


def files(ports: Ports, secrets: Secrets) -> fs.FileSystem:
    """The lake on the demo's store as pyarrow sees it: paths are the lake's keys."""
    s3 = fs.S3FileSystem(
        endpoint_override=f"127.0.0.1:{ports.store}",
        scheme="http",
        region="us-east-1",
        access_key=secrets.s3_key,
        secret_key=secrets.s3_secret,
    )
    return fs.SubTreeFileSystem(store.BUCKET, s3)
