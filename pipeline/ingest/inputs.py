"""Pages from files instead of the network: each file or record comes out once, in a stable order.

What cannot be unpacked is handed on as it is, so that extraction puts it in quarantine with a
reason; only an input that is none of the known kinds stops the command.
"""

from __future__ import annotations

import gzip
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from pipeline.errors import BadInput
from pipeline.ingest.feeds import FeedError, parse_full
from pipeline.ingest.files import HTML_SUFFIXES, InputFile, Kind, input_file
from pipeline.ingest.salvage import Broken, read_archive
from pipeline.model import RawPage, Run
from pipeline.params import Params
from pipeline.urls import site_of

# called with (done, total) in bytes of the input as it lies on the disk
Progress = Callable[[int, int], None]

_HTML_TYPES = (None, "text/html", "application/xhtml+xml")
_MAX_FEED = 64 << 20
_GZIP_MAGIC = b"\x1f\x8b"


class Refuse(Protocol):
    """Takes what is no page: its address, the reason and its figure in words, as quarantine has them."""

    def __call__(self, url: str, reason: str, detail: str) -> None: ...


def read_pages(
    path: Path | InputFile,
    run: Run,
    params: Params,
    progress: Progress | None = None,
    refuse: Refuse | None = None,
) -> Iterator[RawPage]:
    """Pages of a folder of HTML (recursive, sorted by path), an HTML or text file, a WARC file, or a feed.

    `refuse` is told of each record of a WARC file that cannot be read.

    A feed's items are pages of the text that the feed gives. A file's `doc_id` is its name without
    suffix, or its path below the folder where two files share the name. Contents are cut one byte past
    `params.max_page_bytes`. Raises `BadInput` for articles, an empty folder, what is no WARC file or no feed,
    and what cannot be opened.
    """
    file = input_file(path) if isinstance(path, Path) else path
    try:
        if file.kind == Kind.FOLDER:
            yield from _read_folder(file.path, run, params, progress)
        elif file.kind == Kind.WARC:
            yield from _read_warc(file, params, progress, refuse)
        elif file.kind == Kind.FEED:
            yield from _read_feed(file.path, run, params, progress)
        elif file.kind.holds_articles:
            raise BadInput(f"{file.name}: expected pages (HTML, text or WARC), got articles ({file.kind})")
        else:
            yield _page(file.path, _stem(file.path.name), run, params)
            if progress:
                progress(file.size, file.size)
    except OSError as error:
        raise BadInput(f"{file.name}: cannot be read: {error}") from None


def _read_folder(folder: Path, run: Run, params: Params, progress: Progress | None) -> Iterator[RawPage]:
    files = sorted(
        file for file in folder.rglob("*") if file.name.lower().endswith(HTML_SUFFIXES) and file.is_file()
    )
    if not files:
        raise BadInput(f"{folder}: expected files named {', '.join(HTML_SUFFIXES)} in this folder, got none")
    names = Counter(_stem(file.name) for file in files)
    total, done = sum(file.stat().st_size for file in files), 0
    for file in files:
        stem = _stem(file.name)
        doc_id = stem if names[stem] == 1 else _stem(file.relative_to(folder).as_posix())
        yield _page(file, doc_id, run, params)
        done += file.stat().st_size
        if progress:
            progress(done, total)


def _read_warc(
    file: InputFile,
    params: Params,
    progress: Progress | None,
    refuse: Refuse | None,
) -> Iterator[RawPage]:
    with file.open() as stream:
        for record in read_archive(stream, params.max_page_bytes):
            if isinstance(record, Broken):
                if refuse:
                    refuse(f"{file.uri}#{record.offset}", reason="broken_record", detail=record.detail)
                continue
            if record.status != 200 or record.content_type not in _HTML_TYPES:
                continue
            yield RawPage(
                url=record.url,
                content=record.body,
                fetched_at=record.date,
                content_type=record.content_type,
                charset=record.charset,
            )
            if progress:
                progress(min(record.offset, file.size), file.size)
    if progress:
        progress(file.size, file.size)


def _read_feed(path: Path, run: Run, params: Params, progress: Progress | None) -> Iterator[RawPage]:
    content = _unpacked(path, _MAX_FEED + 1)
    if len(content) > _MAX_FEED:
        raise BadInput(f"{path}: expected a feed of at most {_MAX_FEED >> 20} MiB")
    try:
        items = parse_full(content, params.teaser_words)
    except FeedError as error:
        raise BadInput(f"{path}: {error}") from None
    for number, item in enumerate(items, start=1):
        # neither title nor h1: what the feed says of the item comes with `feed_headline`
        page = f'<!doctype html><meta charset="utf-8"><body><article>{item.content}</article></body>'
        yield RawPage(
            url=item.link if site_of(item.link) else f"{path.resolve().as_uri()}#{number}",
            content=page.encode("utf-8", "replace")[: params.max_page_bytes + 1],
            fetched_at=run.now,
            content_type="text/html",
            feed_headline=item.headline,
            feed_byline=item.byline,
            feed_published_at=item.published_at,
        )
    if progress:
        progress(path.stat().st_size, path.stat().st_size)


def _page(file: Path, doc_id: str, run: Run, params: Params) -> RawPage:
    content = _unpacked(file, params.max_page_bytes + 1)
    return RawPage(url=file.resolve().as_uri(), content=content, fetched_at=run.now, doc_id=doc_id)


def _unpacked(file: Path, limit: int) -> bytes:
    """The file's first `limit` bytes, unpacked if it is gzip; as they are if that fails."""
    with file.open("rb") as stream:
        packed = stream.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
        stream.seek(0)
        if packed:
            try:
                return gzip.GzipFile(fileobj=stream).read(limit)
            except (EOFError, gzip.BadGzipFile, zlib.error):
                stream.seek(0)
        return stream.read(limit)


def _stem(name: str) -> str:
    for suffix in (".gz", ".html", ".htm", ".txt"):
        if name.lower().endswith(suffix):
            name = name[: -len(suffix)]
    return name
