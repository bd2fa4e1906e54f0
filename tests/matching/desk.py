"""Small corpora of fictional pages whose stories are plain, and a lake that they come into batch by batch."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa

from pipeline import steps
from pipeline.config import Config
from pipeline.lake import ledger, order
from pipeline.lake.folder import FolderStore
from pipeline.lake.pages import documents
from pipeline.lake.segment import write_segment
from pipeline.model import Run
from pipeline.segments import PAGES, segment_key
from pipeline.story.identity import stories_of
from tests.match.texts import prose

START = datetime(2026, 3, 1, 6, tzinfo=UTC)
OUTLETS = ("harrow", "tidewater", "northgate", "bellmoor", "quarryside")


@dataclass(frozen=True, slots=True)
class Page:
    """A page; `path`: where it stands at its outlet, by default a place of its own."""

    doc_id: str
    outlet: str
    headline: str
    body: str
    published: datetime | None = None
    path: str | None = None


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

    def take(self, pages: Sequence[Page], hour: int | None = None, *, whole: bool = False) -> Run:
        """Bring the pages in as one run, by default an hour after the last."""
        run = Run.at(START + timedelta(hours=len(self.runs) if hour is None else hour))
        write_segment(self.lake, segment_key("pages", run.run_id, "000"), rows_of(pages, run))
        steps.match(self.lake, run, self.config, whole=whole)
        steps.story(self.lake, run, self.config)
        self.runs.append(run)
        return run

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
        row: dict[str, object] = {field.name: None for field in PAGES}
        for field in PAGES:
            if not field.nullable:
                row[field.name] = [] if pa.types.is_list(field.type) else _nothing(field.type)
        url = f"https://{page.outlet}.example/{page.path or page.doc_id}"
        row |= {"doc_id": page.doc_id, "url": url, "url_normalised": url, "outlet_id": page.outlet}
        row |= {"headline": page.headline, "body": page.body, "fetched_at": run.now, "run_id": run.run_id}
        row |= {"word_count": len(page.body.split()), "published_at": page.published}
        rows.append(row)
    return pa.Table.from_pylist(rows, PAGES)


def _nothing(kind: pa.DataType) -> object:
    if pa.types.is_string(kind):
        return ""
    return False if pa.types.is_boolean(kind) else 0
