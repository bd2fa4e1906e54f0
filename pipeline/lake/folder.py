"""A lake in a folder: an object is a file that appears whole, by link or rename, or not at all.

What is being written lies under `<root>/.tmp/`, outside every prefix that people glob.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import Failed
from pipeline.lake.store import Conflict, Missing, Stored, checked_key

_SCRATCH = ".tmp"


class FolderStore:
    """The `Store` protocol on a local file system. Tags are the SHA-256 of the content, hex."""

    def __init__(self, url: str) -> None:
        """Open the folder, made if missing. Raises `Failed` if it cannot be made or written."""
        self.url = url
        self._root = Path(url.removeprefix("file://")).absolute()
        self._scratch = self._root / _SCRATCH
        try:
            self._scratch.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Failed(f"{self._root}: cannot be used as a lake: {error.strerror}") from None

    def get(self, key: str) -> bytes:
        with self.open(key) as file:
            return file.read()

    def get_tagged(self, key: str) -> tuple[bytes, str]:
        data = self.get(key)
        return data, _tag(data)

    def get_range(self, key: str, start: int, length: int) -> bytes:
        with self.open(key) as file:
            file.seek(start)
            return file.read(length)

    def put(self, key: str, data: bytes) -> None:
        with self._written(data) as temporary:
            self._rename(temporary, key)

    def put_file(self, key: str, path: str) -> None:
        with Path(path).open("rb") as file, self._written(file) as temporary:
            self._rename(temporary, key)

    def copy(self, source: str, target: str) -> None:
        # not a hard link: whoever edits a file under current/ must not edit the release it came from
        with self.open(source) as file, self._written(file) as temporary:
            self._rename(temporary, target)

    def put_if_absent(self, key: str, data: bytes) -> bool:
        with self._written(data) as temporary:
            return self._link(temporary, key)

    def swap(self, key: str, data: bytes, tag: str | None) -> str:
        with self._locked(), self._written(data) as temporary:
            if tag is None:
                if not self._link(temporary, key):
                    raise Conflict(f"{self.url}: {key} was created by somebody else")
            else:
                if not self.exists(key) or self.get_tagged(key)[1] != tag:
                    raise Conflict(f"{self.url}: {key} was changed by somebody else")
                self._rename(temporary, key)
        return _tag(data)

    def exists(self, key: str) -> bool:
        return self._path(key).is_file()

    def list(self, prefix: str) -> Iterator[Stored]:
        top = self._root / prefix.rpartition("/")[0]
        found: list[Stored] = []
        for folder, folders, names in os.walk(top):
            if Path(folder) == self._root:
                folders.remove(_SCRATCH)
            for name in names:
                path = Path(folder, name)
                key = path.relative_to(self._root).as_posix()
                if key.startswith(prefix):
                    try:
                        found.append(Stored(key, path.stat().st_size))
                    except FileNotFoundError:
                        continue
        return iter(sorted(found, key=lambda stored: stored.key))

    def delete(self, key: str) -> None:
        # empty folders stay: pruning them would race with a writer that has just made one
        self._path(key).unlink(missing_ok=True)

    def open(self, key: str) -> BinaryIO:
        try:
            return self._path(key).open("rb")
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise Missing(key) from None

    def probe(self) -> None:
        """Clear what killed writers left behind; a folder's conditional writes need no probing.

        Every temporary file is locked while its writer lives, so one that can be locked is litter.
        """
        for path in self._scratch.glob("write-*"):
            try:
                with path.open("rb") as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    path.unlink()
            except (BlockingIOError, FileNotFoundError):
                continue

    def _path(self, key: str) -> Path:
        if checked_key(key).split("/", 1)[0] == _SCRATCH:
            raise ValueError(f"not a key: {key!r}")
        return self._root / key

    @contextmanager
    def _written(self, data: bytes | BinaryIO) -> Iterator[Path]:
        """The data in a temporary file, on the disk for good; removed afterwards if still there."""
        file, path = self._temporary()
        try:
            with file:
                if isinstance(data, bytes):
                    file.write(data)
                else:
                    shutil.copyfileobj(data, file, 1 << 20)
                file.flush()
                os.fchmod(file.fileno(), 0o644)
                os.fsync(file.fileno())
                yield path
        finally:
            path.unlink(missing_ok=True)

    def _temporary(self) -> tuple[BinaryIO, Path]:
        while True:
            descriptor, name = tempfile.mkstemp(prefix="write-", dir=self._scratch)
            file = os.fdopen(descriptor, "wb")
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_nlink:
                return file, Path(name)
            file.close()  # cleared away by a probe between its creation and its lock

    def _rename(self, temporary: Path, key: str) -> None:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.replace(path)
        _sync_folder(path.parent)

    def _link(self, temporary: Path, key: str) -> bool:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
        _sync_folder(path.parent)
        return True

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One swap at a time; flock also holds between threads, each with its own open file."""
        with (self._scratch / "swap.lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _tag(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
