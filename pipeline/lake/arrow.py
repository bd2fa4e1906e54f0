"""A lake as pyarrow's own file systems see it, for what reads whole tables."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pyarrow import fs


def arrow_files(url: str) -> fs.FileSystem:
    """The lake at `url` (a folder, or `s3://bucket/prefix` by the standard AWS chain); paths are its keys."""
    if not url.startswith("s3://"):
        return fs.SubTreeFileSystem(str(Path(url.removeprefix("file://")).absolute()), fs.LocalFileSystem())
    return fs.SubTreeFileSystem(url.removeprefix("s3://").rstrip("/"), _s3())


def _s3() -> fs.S3FileSystem:
    """Credentials, region and endpoint as boto3 finds them, which knows more of them than pyarrow does."""
    import boto3

    session = boto3.session.Session()
    client = session.client("s3")
    try:
        endpoint, region = urlsplit(client.meta.endpoint_url), client.meta.region_name
    finally:
        client.close()
    own = not endpoint.netloc.endswith((".amazonaws.com", ".amazonaws.com.cn"))
    found = session.get_credentials()
    known = found.get_frozen_credentials() if found else None
    return fs.S3FileSystem(
        access_key=known.access_key if known else None,
        secret_key=known.secret_key if known else None,
        session_token=known.token if known else None,
        region=region,
        endpoint_override=endpoint.netloc if own else None,
        scheme=endpoint.scheme,
    )
