"""What an input is made of: files on this machine or objects on S3, each of a known kind, in a fixed order.

A folder is either pages (HTML) or an archive (WARC, JSONL, Parquet, however deep). On S3 only archives are
read.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from pipeline.errors import BadInput

if TYPE_CHECKING:
    from pipeline.lake.store import Store

HTML_SUFFIXES = (".html", ".htm", ".html.gz", ".htm.gz")
_TEXT = (".txt", ".txt.gz")
_WARC = (".warc", ".warc.gz", ".warc.zst")
_FEED = (".rss", ".atom", ".xml", ".rss.gz", ".atom.gz", ".xml.gz")
_JSONL = tuple(f"{suffix}{packed}" for suffix in (".jsonl", ".ndjson") for packed in ("", ".gz", ".zst"))
_PARQUET = (".parquet",)
# a request takes some 50 ms: 1 GB by pieces of 8 MiB waits 6 s in all
_AHEAD = 8 << 20


class Kind(StrEnum):
    """What an input holds. The first two are articles (`read_articles`), the rest pages (`read_pages`)."""

    JSONL = "jsonl"
    PARQUET = "parquet"
    FOLDER = "folder"
    HTML = "html"
    TEXT = "text"
    WARC = "warc"
    FEED = "feed"

    @property
    def holds_articles(self) -> bool:
        return self in (Kind.JSONL, Kind.PARQUET)


_SUFFIXES = {
    Kind.JSONL: _JSONL,
    Kind.PARQUET: _PARQUET,
    Kind.HTML: HTML_SUFFIXES,
    Kind.TEXT: _TEXT,
    Kind.WARC: _WARC,
    Kind.FEED: _FEED,
}
_ARCHIVES = (Kind.JSONL, Kind.PARQUET, Kind.WARC)


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file, an object (`store` and `key`) or a folder of HTML; `size` in bytes, `uri` what addresses below
    it begin with."""

    name: str
    kind: Kind
    size: int
    uri: str
    store: Store | None = None
    key: str = ""

    @property
    def path(self) -> Path:
        """Where it lies on this machine."""
        return Path(self.name)

    def open(self) -> BinaryIO:
        """A seekable reader."""
        if self.store is None:
            return self.path.open("rb")
        stream = self.store.open(self.key)
        if self.kind == Kind.PARQUET:
            return stream
        return io.BufferedReader(cast(io.BufferedReader, stream).detach(), _AHEAD)


def find_files(inputs: Sequence[str | Path], s3_client: Any = None) -> tuple[InputFile, ...]:
    """The files of the inputs: paths, `s3://bucket/key` of an object or a folder, or `s3://bucket/begins*`.

    Those of an input in the order of their names. `s3_client`: as for `lake.locate.open_store`. Raises
    `BadInput` for what is missing, of no known kind, or named twice.
    """
    found: list[InputFile] = []
    for each in map(str, inputs):
        found += _in_bucket(each, s3_client) if each.startswith("s3://") else _on_disk(Path(each))
    named = Counter(file.uri for file in found)
    if twice := [uri for uri, times in named.items() if times > 1]:
        raise BadInput(f"{twice[0]}: an input is named twice")
    return tuple(found)


def input_file(path: Path) -> InputFile:
    """A path as it is: one file, or one folder of HTML."""
    kind = kind_of(path)
    files = [path] if kind != Kind.FOLDER else [file for file in path.rglob("*") if file.is_file()]
    return InputFile(str(path), kind, sum(file.stat().st_size for file in files), path.resolve().as_uri())


def kind_of(path: Path) -> Kind:
    """The kind of an input, by its name. Raises `BadInput` if it is missing or of no known kind."""
    if path.is_dir():
        return Kind.FOLDER
    if not path.is_file():
        raise BadInput(f"{path}: no such file or folder")
    if kind := _kind_by_name(path.name):
        return kind
    known = ", ".join(suffix for suffixes in _SUFFIXES.values() for suffix in suffixes)
    raise BadInput(f"{path}: expected a folder of HTML or a file named {known}")


def _kind_by_name(name: str) -> Kind | None:
    return next((kind for kind, suffixes in _SUFFIXES.items() if name.lower().endswith(suffixes)), None)


def _on_disk(path: Path) -> Iterator[InputFile]:
    if kind_of(path) != Kind.FOLDER:
        yield input_file(path)
        return
    kinds = {file: _kind_by_name(file.name) for file in path.rglob("*") if file.is_file()}
    archives = sorted(file for file, kind in kinds.items() if kind in _ARCHIVES)
    if archives and Kind.HTML in kinds.values():
        raise BadInput(f"{path}: expected pages or an archive, got both HTML and {archives[0].name}")
    yield from map(input_file, archives or [path])


def _in_bucket(url: str, s3_client: Any) -> Iterator[InputFile]:
    from pipeline.lake.locate import open_store

    bucket, _, key = url.removeprefix("s3://").partition("/")
    store = open_store(f"s3://{bucket}", s3_client=s3_client)
    begins = key.removesuffix("*")
    found = False
    for stored in store.list(begins):
        # of `news` S3 lists `news-old/1.warc.gz`, too
        if key == begins and begins and not f"{stored.key}/".startswith(f"{key.rstrip('/')}/"):
            continue
        kind = _kind_by_name(stored.key)
        if kind in _ARCHIVES:
            found = True
            name = f"s3://{bucket}/{stored.key}"
            yield InputFile(name, kind, stored.size, name, store, stored.key)
    if not found:
        known = ", ".join(_WARC + _JSONL + _PARQUET)
        raise BadInput(f"{url}: expected an object or a prefix of objects named {known}, got none")
