"""Small corpora of fictional pages whose stories are plain, and a lake that they come into batch by batch."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline import steps
from pipeline.config import Config
from pipeline.lake import ledger, order
from pipeline.lake.folder import FolderStore
from pipeline.lake.pages import documents
from pipeline.lake.segment import write_segment
from pipeline.model import Outlet, Run
from pipeline.publish.manifest import Manifest, read_manifest
from pipeline.segments import FETCHES, PAGES, SITES, segment_key
from pipeline.story.identity import stories_of
from tests.match.texts import prose

START = datetime(2026, 3, 1, 6, tzinfo=UTC)
_UNCHANGED = 304
OUTLETS = ("harrow", "tidewater", "northgate", "bellmoor", "quarryside")
REGISTERED = tuple(Outlet(name, name, f"{name}.example") for name in OUTLETS)


@dataclass(frozen=True, slots=True)
class Page:
    """A page; `path`: where it stands at its outlet, by default a place of its own; `notices`: kinds of those
    that it carries; `quote`: the line that carries them; `beside`: other columns of segments.PAGES."""

    doc_id: str
    outlet: str
    headline: str
    body: str
    published: datetime | None = None
    path: str | None = None
    notices: tuple[str, ...] = ()
    quote: str = ""
    beside: Mapping[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"https://{self.outlet}.example/{self.path or self.doc_id}"


def pages_of(seed: int, stories: int) -> list[Page]:
    """Copies of so many stories by five outlets, in full, cut, and with a paragraph of their own, each in the
    outlet's chrome; a digest that holds two of the stories, and a statement that stands in many of them."""
    pick = random.Random(seed)
    statement = prose(seed + 77, 60)
    found: list[Page] = []
    paragraphs = {story: [prose(seed + 100 * story + k, 60) for k in range(6)] for story in range(stories)}
    for story, told in paragraphs.items():
        if pick.random() < 0.5:
            told.insert(3, statement)
        for copy in range(pick.choice((1, 1, 2, 3, 5, 7))):
            own = list(told)
            edit = pick.choice(("whole", "whole", "cut", "insert"))
            if edit == "cut":
                own = own[: pick.choice((3, 4))]
            elif edit == "insert":
                own.insert(pick.randrange(1, len(own)), prose(pick.randrange(1 << 30), 50))
            outlet = pick.choice(OUTLETS)
            head, tail = f"{outlet} {prose(len(outlet), 9)}", f"{prose(7 + len(outlet), 12)} {outlet}"
            headline = " ".join(told[0].split()[:7])
            found.append(Page(f"d{story:02d}-{copy}", outlet, headline, "\n".join([head, *own, tail])))
    if stories > 1:
        digest = "\n".join([*paragraphs[0][:3], *paragraphs[1][:3]])
        found.append(Page("x-digest", "harrow", "what we read today", digest))
    return found


class Desk:
    """A lake in a folder, and the stories that its pages make."""

    def __init__(self, folder: Path) -> None:
        self.lake = FolderStore(str(folder / "lake"))
        self.config = Config.for_files(self.lake.url, ()).with_cache(folder / "cache")
        self.runs: list[Run] = []

    def take(
        self,
        pages: Sequence[Page],
        hour: int | None = None,
        *,
        whole: bool = False,
        answers: Mapping[str, int] | None = None,
    ) -> Run:
        """Bring the pages in as one run, by default an hour after the last. `answers`: what other addresses
        answered, 304 or 404."""
        run = Run.at(START + timedelta(hours=len(self.runs) if hour is None else hour))
        write_segment(
            self.lake, segment_key("fetches", run.run_id, "000"), _fetches(run, pages, answers or {})
        )
        write_segment(self.lake, segment_key("sites", run.run_id, "000"), _sites(run))
        write_segment(self.lake, segment_key("pages", run.run_id, "000"), rows_of(pages, run))
        steps.match(self.lake, run, self.config, whole=whole)
        steps.story(self.lake, run, self.config)
        self.runs.append(run)
        return run

    def publish(self) -> Manifest:
        """Release what the lake holds by now."""
        steps.publish(self.lake, self.runs[-1], self.config, REGISTERED)
        manifest = read_manifest(self.lake)
        assert manifest is not None
        return manifest

    def stories(self) -> dict[str, str]:
        """The story id of each document."""
        docs = documents(self.lake, self.runs[-1])
        runs = [place.run_id for place in order.places(self.lake)]
        ids = stories_of(ledger.history(self.lake, runs), docs.doc_ids)
        return dict(zip(docs.doc_ids.to_pylist(), ids.to_pylist(), strict=True))

    def partition(self) -> set[frozenset[str]]:
        return partition_of(self.stories())


def partition_of(stories: dict[str, str]) -> set[frozenset[str]]:
    groups: defaultdict[str, set[str]] = defaultdict(set)
    for doc, story in stories.items():
        groups[story].add(doc)
    return {frozenset(group) for group in groups.values()}


def rows_of(pages: Iterable[Page], run: Run) -> pa.Table:
    """segments.PAGES of some pages."""
    rows = []
    for page in pages:
        row: dict[str, object] = {column.name: None for column in PAGES}
        for column in PAGES:
            if not column.nullable:
                row[column.name] = [] if pa.types.is_list(column.type) else _nothing(column.type)
        row |= {"doc_id": page.doc_id, "url": page.url, "url_normalised": page.url, "outlet_id": page.outlet}
        row |= {"notices": list(page.notices), "body_sha256": sha256(page.body.encode()).hexdigest()}
        row |= {"headline": page.headline, "body": page.body, "fetched_at": run.now, "run_id": run.run_id}
        row |= {"word_count": len(page.body.split()), "published_at": page.published}
        if page.quote:
            where = {"where": "body", "quote": page.quote, "start": 0, "end": len(page.quote)}
            row |= {"notice_evidence": [{"rule": kind, **where} for kind in page.notices]}
        row |= page.beside
        rows.append(row)
    return pa.Table.from_pylist(rows, PAGES)


def _fetches(run: Run, pages: Sequence[Page], answers: Mapping[str, int]) -> pa.Table:
    """segments.FETCHES: one row a page, and one an address that answered without one."""
    rows = [(page.outlet, page.url, 200) for page in pages]
    rows += [(url.split("/")[2].partition(".")[0], url, status) for url, status in answers.items()]
    outcomes = {200: "fetched", _UNCHANGED: "unchanged"}
    return pa.Table.from_pylist(
        [
            {
                "run_id": run.run_id,
                "outlet_id": outlet,
                "url": url,
                "final_url": url if status == 200 else None,
                "outcome": outcomes.get(status, "quarantined"),
                "fetched_at": run.now,
                "http_status": status,
            }
            for outlet, url, status in rows
        ],
        FETCHES,
    )


def _sites(run: Run) -> pa.Table:
    counts = [field.name for field in SITES if pa.types.is_integer(field.type)]
    row = {"run_id": run.run_id, "state": "ok"} | dict.fromkeys(counts, 1)
    return pa.Table.from_pylist([row | {"outlet_id": name} for name in OUTLETS], SITES)


def _nothing(kind: pa.DataType) -> object:
    if pa.types.is_string(kind):
        return ""
    return False if pa.types.is_boolean(kind) else 0
