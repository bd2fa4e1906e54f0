"""One page under the glass: each field with its source, each credit with its words, where each block went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import timedelta, timezone
from itertools import islice
from pathlib import Path
from typing import Any

from pipeline.config import Config
from pipeline.errors import BadInput
from pipeline.extract.credit import WireRules, load_rules
from pipeline.extract.pool import trace_one
from pipeline.extract.result import Page
from pipeline.extract.trace import Block
from pipeline.ingest.inputs import read_pages
from pipeline.ingest.one import fetch_page
from pipeline.model import Evidence, RawPage, Run

_CONTEXT = 60  # characters on either side of a quote
# shown otherwise, or the pipeline's own
_NOT_SHOWN = frozenset(
    {
        *("body", "footer", "notices", "notice_evidence", "fetched_at", "run_id", "extractor"),
        *("wire_service", "wire_services", "wire_confidence", "wire_evidence", "extractor_version"),
        *("doc_id", "url_normalised", "body_sha256", "raw_key", "raw_offset", "raw_sha256"),
    }
)
# what has no column for its source comes from one place
_SOURCES = {
    "url": "address",
    "outlet_id": "address",
    "feed_headline": "feed",
    "og_headline": "meta",
    "contributors": "footer",
    "dateline": "body",
    "dateline_place": "dateline",
    "dateline_date": "dateline",
    "declared_canonical_url": "link",
    "robots_noindex": "meta",
    "news_noindex": "meta",
    "paywall": "page",
    "copyright_line": "footer",
    "copyright_year": "copyright_line",
    "image_credits": "captions",
    "topic": "page",
    "word_count": "body",
}


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a page, its value, and where that was read; no source if there is no value. Times are in the
    zone in which they were stated, or in UTC."""

    name: str
    value: Any
    source: str | None


@dataclass(frozen=True, slots=True)
class Proof:
    """Evidence with what the rule says of it, and the text on either side of the quote.

    Of a notice `rule` is its kind, `service` is empty and `weight` 1.
    """

    rule: str
    service: str
    weight: float
    where: str
    start: int
    end: int
    before: str
    quote: str
    after: str


@dataclass(frozen=True, slots=True)
class Examined:
    """What became of a page. `refused`: the reason and its figure, if it cannot be used."""

    url: str
    size: int
    refused: str | None
    extractor: str
    fields: tuple[Field, ...]
    wire_services: tuple[str, ...]
    wire_confidence: float
    evidence: tuple[Proof, ...]
    notices: tuple[Proof, ...]
    blocks: tuple[Block, ...]


def examine(page: str, run: Run, config: Config) -> Examined:
    """Read the page at a URL or in an HTML or text file, and tell how.

    It is read in a worker, as the pages of a run are. Raises `Failed` if it cannot be fetched, kills its
    worker or runs over a bound, `BadInput` for what is not one page.
    """
    rules = load_rules(config.wires)
    raw = _raw(page, run, config)
    traced = trace_one(raw, rules, config.params, run)
    found, blocks = traced.extracted, traced.blocks
    if found.page is None:
        assert found.rejection is not None, "a page is extracted or rejected"
        refused = f"{found.rejection.reason}: {found.rejection.detail}"
        return Examined(raw.url, len(raw.content), refused, "", (), (), 0.0, (), (), blocks)
    own = found.page
    return Examined(
        url=own.url,
        size=len(raw.content),
        refused=None,
        extractor=f"{own.extractor} {own.extractor_version}",
        fields=tuple(_fields(own)),
        wire_services=own.wire_services,
        wire_confidence=own.wire_confidence,
        evidence=tuple(_proof(one, own, rules) for one in own.wire_evidence),
        notices=tuple(_proof(one, own, rules) for one in own.notice_evidence),
        blocks=blocks,
    )


def _raw(page: str, run: Run, config: Config) -> RawPage:
    if page.startswith(("http://", "https://")):
        return fetch_page(page, run, config.network, config.params)
    pages = list(islice(read_pages(Path(page), run, config.params), 2))
    if len(pages) != 1:
        raise BadInput(f"{page}: expected one page, got {'several' if pages else 'none'}")
    return pages[0]


def _fields(page: Page) -> Sequence[Field]:
    names = [field.name for field in fields(page)]
    shown = [name for name in names if name not in _NOT_SHOWN and not name.endswith(("_source", "_offset"))]
    return [_field(name, page) for name in shown]


def _field(name: str, page: Page) -> Field:
    value = getattr(page, name)
    source = getattr(page, f"{name}_source", None) or _SOURCES.get(name)
    if (offset := getattr(page, f"{name}_offset", None)) is not None:
        value = value.astimezone(timezone(timedelta(minutes=offset)))
    return Field(name, value, source if value not in (None, (), "", False) else None)


def _proof(one: Evidence, page: Page, rules: WireRules) -> Proof:
    rule = next((rule for rule in rules.rules if rule.id == one.rule), None)
    text = getattr(page, one.where, None) or one.quote
    start = one.start if text != one.quote else 0
    end = start + len(one.quote)
    return Proof(
        rule=one.rule,
        service=rule.service if rule else "",
        weight=rule.weight if rule else 1.0,
        where=one.where,
        start=one.start,
        end=one.end,
        before=text[max(start - _CONTEXT, 0) : start].rpartition("\n")[2],
        quote=one.quote,
        after=text[end : end + _CONTEXT].partition("\n")[0],
    )
