"""The one way to objects, in a folder or on S3: whole objects, atomic, with conditional writes.

Nothing here ever leaves a half-written object under its key: a reader sees the old bytes or the new.
`folder.py` and `s3.py` implement the protocol; `locate.py` picks by the lake's URL.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from pipeline.errors import Failed


class Missing(KeyError):
    """No object has this key."""


class Conflict(Failed):
    """Somebody else wrote the object since it was read."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An object's key and size in bytes."""

    key: str
    size: int


class Store(Protocol):
    """A lake's objects by key (`a/b/c`, no leading slash). Raises `Missing` for unknown keys."""

    url: str

    def get(self, key: str) -> bytes: ...

    def get_tagged(self, key: str) -> tuple[bytes, str]:
        """The object and its tag, to be given to `swap`."""
        ...

    def get_range(self, key: str, start: int, length: int) -> bytes: ...

    def put(self, key: str, data: bytes) -> None:
        """Write or replace the object."""
        ...

    def put_file(self, key: str, path: str) -> None:
        """Write or replace the object from a local file, without holding it in memory."""
        ...

    def copy(self, source: str, target: str) -> None:
        """Write or replace `target` with the bytes of `source`, inside the store."""
        ...

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Create the object; False, and nothing written, if the key is taken."""
        ...

    def swap(self, key: str, data: bytes, tag: str | None) -> str:
        """Replace the object only if its tag still is `tag` (None: only if absent); the new tag.

        Raises `Conflict` if it is not.
        """
        ...

    def exists(self, key: str) -> bool: ...

    def list(self, prefix: str) -> Iterator[Stored]:
        """Objects whose key begins with `prefix`, in the order of their keys."""
        ...

    def delete(self, key: str) -> None:
        """Remove the object; no error if it is gone already."""
        ...

    def open(self, key: str) -> BinaryIO:
        """A seekable reader that fetches what is read, for Parquet footers and WARC offsets."""
        ...

    def probe(self) -> None:
        """Raise `Failed` if the store ignores conditional writes."""
        ...


def checked_key(key: str) -> str:
    """The key itself. Raises `ValueError` for one that would mean something else as a path."""
    if "\\" in key or "\0" in key or any(part in ("", ".", "..") for part in key.split("/")):
        raise ValueError(f"not a key: {key!r}")
    return key
