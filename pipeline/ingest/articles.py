"""Articles that somebody else extracted, from JSONL or Parquet: every row becomes a page or a rejection.

Columns go by our names or their common synonyms. A file that lacks one is refused as a whole; a row
that lacks a value goes to quarantine, with its number.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from pipeline import __version__
from pipeline.errors import BadInput
from pipeline.ingest.files import InputFile, Kind, input_file
from pipeline.ingest.inputs import Progress
from pipeline.ingest.rows import BATCH, Row, json_rows, parquet_rows
from pipeline.ingest.sound import count_words, sound
from pipeline.model import NO_OUTLET, Run
from pipeline.params import Params
from pipeline.segments import HELD, PAGES
from pipeline.times import in_utc, parse_time
from pipeline.urls import normalise_url, site_of

_NAMES = {
    "doc_id": ("doc_id", "id", "document_id", "article_id", "uuid"),
    "text": ("text", "body", "content", "article_text", "maintext"),
    "url": ("url", "link", "canonical_url", "source_url"),
    "title": ("title", "headline"),
    "published_at": ("published_at", "published", "date_published", "publish_date", "pub_date", "date"),
    "fetched_at": ("fetched_at", "crawled_at", "crawl_date", "date_crawled", "first_seen_at"),
    "site": ("site", "outlet", "outlet_id", "domain", "source"),
    "authors": ("authors", "author", "byline"),
}
COLUMNS = tuple(_NAMES)
_REQUIRED = ("doc_id", "text")
_AS_NAMED: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class ArticleBatch:
    """Rows in the order of the file: `pages` of `segments.PAGES`, `quarantine` of `segments.HELD`."""

    pages: pa.Table
    quarantine: pa.Table


@dataclass(frozen=True, slots=True)
class _Article:
    """The columns of `segments.PAGES` that a row can tell."""

    doc_id: str
    url: str
    url_normalised: str
    outlet_id: str
    headline: str
    authors: tuple[str, ...]
    body: str
    body_sha256: str
    word_count: int
    fetched_at: datetime
    run_id: str
    headline_source: str | None
    byline: str | None
    byline_source: str | None
    published_at: datetime | None
    published_at_source: str | None


# the columns that no row can tell
_SAME: dict[str, object] = {
    "extractor": "input",
    "extractor_version": __version__,
    "footer": "",
    "robots_noindex": False,
    "news_noindex": False,
    "contributors": [],
    "image_credits": [],
    "wire_services": [],
    "wire_confidence": 0.0,
    "wire_evidence": [],
    "notices": [],
    "notice_evidence": [],
}


class _Rejected(Exception):
    """Why a row cannot be used."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def read_articles(
    path: Path | InputFile,
    run: Run,
    params: Params,
    outlet_field: str | None = None,
    progress: Progress | None = None,
    columns: Mapping[str, str] = _AS_NAMED,
) -> Iterator[ArticleBatch]:
    """Rows of a JSONL (plain, .gz, .zst) or Parquet file, 1,000 a batch.

    `columns`: for names of ours (COLUMNS) the file's own, where it has none that is known.
    `doc_id` is kept. The outlet is `outlet_field`, else the URL's host, else `site`, else `file`.
    A row without a URL gets `<file's URL>#<row>`, one that does not say when it was fetched the run's time. A
    date without a zone is UTC, a date alone midnight. Reasons of rejection: parse, no_doc_id, no_text,
    too_short, too_large, impossible_date. Raises `BadInput` for pages, an empty or unreadable file, and a
    file without a required column.
    """
    file = input_file(path) if isinstance(path, Path) else path
    reader = _Reader(file, run, params, outlet_field)
    needed = [name for name in (outlet_field, *columns.values()) if name]
    with _open_rows(file, needed, columns) as (stream, rows):
        numbered = enumerate(rows, start=1)
        while batch := list(islice(numbered, BATCH)):
            yield reader.read(batch)
            if progress:
                progress(min(stream.tell(), file.size), file.size)


def read_field(path: Path, field: str) -> dict[str, str]:
    """A field of the articles that have it, by their ids. Raises `BadInput` if the file lacks it."""
    found: dict[str, str] = {}
    with _open_rows(input_file(path), [field]) as (_, rows):
        for row in rows:
            with suppress(_Rejected):
                if row is not None and row.get(field) is not None:
                    found[_doc_id(row)] = str(row[field])
    return found


@contextmanager
def _open_rows(
    file: InputFile, needed: Sequence[str], columns: Mapping[str, str] = _AS_NAMED
) -> Iterator[tuple[BinaryIO, Iterator[Row | None]]]:
    """The open file and its rows under our `columns`; `needed` are columns that it must have."""
    if not file.kind.holds_articles:
        raise BadInput(f"{file.name}: expected articles (JSONL or Parquet), got pages ({file.kind})")
    try:
        with file.open() as stream:
            rows = parquet_rows(stream) if file.kind == Kind.PARQUET else json_rows(stream, file.name)
            yield stream, _checked((_renamed(row, columns) for row in rows), file.name, needed)
    except (OSError, EOFError, zlib.error, pa.ArrowInvalid) as error:
        raise BadInput(f"{file.name}: cannot be read: {error}") from None


@dataclass(frozen=True, slots=True)
class _Reader:
    """Rows of one file into tables."""

    file: InputFile
    run: Run
    params: Params
    outlet_field: str | None

    def read(self, rows: list[tuple[int, Row | None]]) -> ArticleBatch:
        articles: list[_Article] = []
        rejected: list[dict[str, object]] = []
        for number, row in rows:
            try:
                articles.append(self._article(number, row))
            except _Rejected as why:
                rejected.append(self._rejection(number, row, why))
        return ArticleBatch(_table(articles), pa.Table.from_pylist(rejected, HELD))

    def _article(self, number: int, row: Row | None) -> _Article:
        if row is None:
            raise _Rejected("parse", "expected a JSON object")
        doc_id = _doc_id(row)
        body, words = self._body(row)
        url = _string(row, "url") or self._place(number)
        title, byline, authors = _string(row, "title"), *_authors(row)
        published_at = self._time(row, "published_at")
        return _Article(
            doc_id=doc_id,
            url=url,
            url_normalised=normalise_url(url),
            outlet_id=self._outlet(row, url),
            headline=title or "",
            authors=authors,
            body=body,
            body_sha256=hashlib.sha256(body.encode()).hexdigest(),
            word_count=words,
            fetched_at=self._time(row, "fetched_at") or self.run.now,
            run_id=self.run.run_id,
            headline_source="input" if title else None,
            byline=byline,
            byline_source="input" if byline else None,
            published_at=published_at,
            published_at_source="input" if published_at else None,
        )

    def _body(self, row: Row) -> tuple[str, int]:
        """The text and its number of words."""
        value = _value(row, "text")
        if not isinstance(value, str) or not value.strip():
            kind = "nothing" if value is None or value == "" else type(value).__name__
            raise _Rejected("no_text", f"expected text, got {kind}")
        body = sound(value.replace("\r\n", "\n").strip())
        words, size = count_words(body), len(body.encode())
        if words < self.params.min_words:
            raise _Rejected("too_short", f"{words} words, fewer than {self.params.min_words}")
        if size > self.params.max_page_bytes:
            raise _Rejected("too_large", f"{size} bytes, more than {self.params.max_page_bytes}")
        return body, words

    def _time(self, row: Row, name: str) -> datetime | None:
        value = _value(row, name)
        try:
            moment = _moment(value)
        except ValueError as error:
            raise _Rejected("impossible_date", f"{name}: {error}") from None
        if moment is None:
            return None
        latest = self.run.now + timedelta(seconds=self.params.future_tolerance_seconds)
        if moment.year < self.params.earliest_year or moment > latest:
            bounds = f"between {self.params.earliest_year} and {latest:%Y-%m-%d}"
            raise _Rejected("impossible_date", f"{name}: expected {bounds}, got {_shown(value)}")
        return moment

    def _outlet(self, row: Row, url: str) -> str:
        chosen = row.get(self.outlet_field) if self.outlet_field else None
        given = sound(str(chosen)).strip() if chosen is not None else ""
        return given or site_of(url) or _string(row, "site") or NO_OUTLET

    def _place(self, number: int) -> str:
        return f"{self.file.uri}#{number}"

    def _rejection(self, number: int, row: Row | None, why: _Rejected) -> dict[str, object]:
        url = _string(row, "url") if row else None
        return {
            "run_id": self.run.run_id,
            "outlet_id": self._outlet(row, url or "") if row else NO_OUTLET,
            "url": self._place(number),  # unique, as the row's own URL need not be
            "stage": "extract",
            "reason": why.reason,
            "detail": f"row {number}{f' ({url})' if url else ''}: {why.detail}",
        }


def _table(articles: list[_Article]) -> pa.Table:
    """The articles as segments.PAGES, column by column (asdict and from_pylist cost 70 us an article)."""
    if not articles:
        return PAGES.empty_table()
    n = len(articles)
    told = {field.name: [getattr(article, field.name) for article in articles] for field in fields(_Article)}
    columns = [
        pa.array(told[field.name], field.type)
        if field.name in told
        else pa.repeat(pa.scalar(_SAME.get(field.name), field.type), n)
        for field in PAGES
    ]
    return pa.table(columns, schema=PAGES)


def _renamed(row: Row | None, columns: Mapping[str, str]) -> Row | None:
    """The row with what our names mean in it, too; they are the first that are looked for."""
    if row is None or not columns:
        return row
    return {**row, **{ours: row[theirs] for ours, theirs in columns.items() if theirs in row}}


def _checked(rows: Iterator[Row | None], name: str, needed: Sequence[str]) -> Iterator[Row | None]:
    """The rows, if the first one has the columns that all must have. Raises `BadInput` otherwise."""
    try:
        first = next(rows)
    except StopIteration:
        raise BadInput(f"{name}: expected at least one article, got an empty file") from None
    if first is None:
        raise BadInput(f"{name}:1: expected a JSON object a line")
    got = ", ".join(sorted(first)) or "none"
    for column in _REQUIRED:
        if not any(synonym in first for synonym in _NAMES[column]):
            one_of = " or ".join(_NAMES[column])
            raise BadInput(f"{name}:1: expected a column {one_of}, got {got}")
    for column in needed:
        if column not in first:
            raise BadInput(f"{name}:1: expected the column {column}, got {got}")
    yield first
    yield from rows


def _value(row: Row, name: str) -> object:
    """The first of a column's synonyms that has a value."""
    return next((row[key] for key in _NAMES[name] if row.get(key) not in (None, "")), None)


def _string(row: Row, name: str) -> str | None:
    value = _value(row, name)
    return (sound(value).strip() or None) if isinstance(value, str) else None


def _doc_id(row: Row) -> str:
    value = _value(row, "doc_id")
    if isinstance(value, str) and value.strip():
        return sound(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise _Rejected("no_doc_id", f"expected a string or a number, got {_shown(value)}")


def _authors(row: Row) -> tuple[str | None, tuple[str, ...]]:
    """(byline as given, names): a list of names, or one string with semicolons between them."""
    value = _value(row, "authors")
    if isinstance(value, str):
        names = value.split(";")
    elif isinstance(value, list):
        names = [name for name in value if isinstance(name, str)]
    else:
        return None, ()
    authors = tuple(sound(name).strip() for name in names if name.strip())
    byline = sound(value).strip() if isinstance(value, str) else ", ".join(authors)
    return byline or None, authors


def _moment(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return in_utc(value)
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    moment = parse_time(sound(value)) if isinstance(value, str) else None
    return in_utc(moment) if moment else None


def _shown(value: object) -> str:
    return "nothing" if value is None else repr(value)[:80]
