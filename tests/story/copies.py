"""Copies of one story in a few words, and what the pipeline tells of them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.match.words import Words, read_words
from pipeline.params import Params
from pipeline.segments import PAGES
from pipeline.story.telling import tell
from pipeline.story.versions import shown

PARAMS = Params()
MORNING = datetime(2031, 4, 7, 8, tzinfo=UTC)
_WORDS = [f"{a}{b}" for a in "bcdfghklmnprstvz" for b in ("ador", "elin", "imast", "oruth", "unde", "yk")]


def prose(seed: int, words: int) -> str:
    """A paragraph of made-up words."""
    pick = random.Random(seed)
    return " ".join(pick.choice(_WORDS) for _ in range(words))


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy: its outlet and paragraphs. `hour`: when it was published, after MORNING; `after`: the number of
    the copy whose place it took; `owner`: default, the outlet."""

    outlet: str
    paragraphs: Sequence[str]
    hour: float = 0
    headline: str = "Ferry to run again"
    service: str | None = "Northline"
    notices: tuple[str, ...] = ()
    after: int = -1
    owner: str = ""
    canonical: str | None = None

    @property
    def at(self) -> datetime:
        return MORNING + timedelta(hours=self.hour)

    @property
    def url(self) -> str:
        return f"https://{self.outlet}.example/ferry"


def pages(copies: Sequence[Copy]) -> pa.Table:
    """The copies as rows of segments.PAGES, as far as they are looked at."""
    columns: dict[str, list[Any]] = {
        "doc_id": [f"d{n:03d}" for n in range(len(copies))],
        "url_normalised": [copy.url for copy in copies],
        "declared_canonical_url": [copy.canonical for copy in copies],
        "outlet_id": [copy.outlet for copy in copies],
        "body": ["\n".join(copy.paragraphs) for copy in copies],
        "headline": [copy.headline for copy in copies],
        "wire_service": [copy.service for copy in copies],
        "notices": [list(copy.notices) for copy in copies],
        "published_at": [copy.at for copy in copies],
        "modified_at": [copy.at for copy in copies],
        "fetched_at": [copy.at + timedelta(minutes=30) for copy in copies],
    }
    return pa.table({name: pa.array(values, PAGES.field(name).type) for name, values in columns.items()})


def read(table: pa.Table) -> Words:
    return read_words(table["body"].combine_chunks())


def told(
    copies: Sequence[Copy], params: Params = PARAMS, stories: Sequence[int] = (), taken: Sequence[int] = ()
) -> pa.Table:
    """segments.TOLD of the copies: of one story, or of those of these numbers; `taken`: which were taken
    down."""
    rows = pages(copies)
    owners = pa.array([copy.owner or copy.outlet for copy in copies], pa.string()).dictionary_encode()
    at = shown(rows, np.array([copy.after for copy in copies]), rows["fetched_at"].combine_chunks())
    story = np.array(stories or [0] * len(copies), np.int64)
    free = ~np.isin(np.arange(len(copies)), taken)
    return tell(rows, story, owners.indices.to_numpy().astype(np.int64), at, free, read, params)


def column(copies: Sequence[Copy], name: str, **params: Any) -> list[Any]:
    return list(told(copies, Params(**params))[name].to_pylist())
