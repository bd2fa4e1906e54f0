"""A lake's store from its URL."""

from __future__ import annotations

from typing import Any

from pipeline.lake.folder import FolderStore
from pipeline.lake.store import Store


def open_store(url: str, *, single_writer: bool = False, s3_client: Any = None) -> Store:
    """The lake at `url`: `s3://bucket/prefix` or a folder's path (made if missing).

    `s3_client`: a boto3 client to use instead of one from the standard AWS chain (Airflow passes
    the one of its connection). With `single_writer` a store without conditional writes is accepted,
    on the caller's word that nobody else writes.
    """
    if url.startswith("s3://"):
        from pipeline.lake.s3 import S3Store  # boto3 takes .13 s to import

        return S3Store(url, client=s3_client, single_writer=single_writer)
    return FolderStore(url)
