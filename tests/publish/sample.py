"""A small lake that adds up: stories of our own making, as published tables that pass every check."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from zlib import crc32

import pyarrow as pa

from pipeline import schema
from pipeline.columns import Table
from pipeline.counts import Counts
from pipeline.lake.store import Store
from pipeline.model import Run
from pipeline.params import Params
from pipeline.publish import checks
from pipeline.publish.drafts import Drafts, Partition
from pipeline.publish.release import Candidate, Manifest, write_release

PARAMS = Params()
Tables = dict[str, dict[date | None, pa.Table]]
MONDAY, TUESDAY = date(2031, 4, 7), date(2031, 4, 8)
OWNERS = {"harbor-post": "Quill Group", "valley-news": "Quill Group", "channel-40": None}


@dataclass(frozen=True, slots=True)
class Copy:
    """A republication: outlet and text; `run_id` is the run that brought it."""

    outlet: str
    body: str
    run_id: str = "r1"


@dataclass(frozen=True, slots=True)
class Story:
    story_id: str
    day: date
    copies: tuple[Copy, ...]


@dataclass(frozen=True, slots=True)
class World:
    """What a release shall hold. `quarantined` pages and their runs stand beside the stories."""

    stories: tuple[Story, ...]
    run_id: str = "r1"
    quarantined: tuple[str, ...] = ()
    days: Mapping[str, date] = field(default_factory=lambda: {"r1": MONDAY, "r2": TUESDAY})

    @property
    def run(self) -> Run:
        return Run(self.run_id, datetime.combine(self.days[self.run_id], time(18), UTC))

    @property
    def counts(self) -> Counts:
        published = sum(copy.run_id == self.run_id for story in self.stories for copy in story.copies)
        return Counts(
            fetched=published + len(self.quarantined), published=published, quarantined=len(self.quarantined)
        )


FERRY = Story(
    "s-ferry",
    MONDAY,
    (
        Copy("harbor-post", "The night ferry to Port Ansel runs again from Friday."),
        Copy("channel-40", "The night ferry to Port Ansel runs again from Friday. Tickets cost nine crowns."),
        Copy("valley-news", "The night ferry to Port Ansel runs again from Friday."),
    ),
)
ORCHARD = Story("s-orchard", MONDAY, (Copy("valley-news", "Late frost took a third of the pear blossom."),))
BRIDGE = Story(
    "s-bridge", TUESDAY, (Copy("channel-40", "The iron bridge at Tolle is closed for a week.", "r2"),)
)
AnyStore = TypeVar("AnyStore", bound=Store)
FIRST = World((FERRY, ORCHARD), quarantined=("https://channel-40.example/empty",))
SECOND = World((FERRY, ORCHARD, BRIDGE), run_id="r2")


def table(declared: Table, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Rows in the declared schema; required values that are not given are zero, false or empty."""
    filled = [
        {
            column.name: row.get(column.name, None if column.nullable else _zero(column.type))
            for column in declared.schema
        }
        for row in rows
    ]
    return pa.Table.from_pylist(filled, schema=declared.schema)


def _zero(kind: pa.DataType) -> object:
    if pa.types.is_timestamp(kind):
        return datetime(2031, 4, 7, 9, tzinfo=UTC)
    if pa.types.is_list(kind):
        return []
    if pa.types.is_string(kind):
        return ""
    return False if pa.types.is_boolean(kind) else 0


def tables(world: World) -> Tables:
    """The world's tables by name and partition."""
    days = sorted({story.day for story in world.stories})
    runs = sorted({copy.run_id for story in world.stories for copy in story.copies} | {world.run_id})
    return {
        "stories": {day: table(schema.STORIES, _stories(_of(world, day))) for day in days},
        "republications": {day: table(schema.REPUBLICATIONS, _copies(_of(world, day))) for day in days},
        "versions": {day: table(schema.VERSIONS, _versions(_of(world, day))) for day in days},
        "pickups": {day: table(schema.PICKUPS, _pickups(_of(world, day))) for day in days},
        "edges": {day: table(schema.EDGES, _edges(_of(world, day))) for day in days},
        "changes": {day: table(schema.CHANGES, _changes(_of(world, day))) for day in days},
        "registry": {day: table(schema.REGISTRY, _registry(_of(world, day))) for day in days},
        "outlets": {
            None: table(schema.OUTLETS, [{"outlet_id": o, "owner_group": g} for o, g in OWNERS.items()])
        },
        "wire_rules": {None: table(schema.WIRE_RULES, [{"rule": "credit_line", "service": "Northline"}])},
        "boilerplate": {None: table(schema.BOILERPLATE, _chrome(world))},
        "templates": {None: table(schema.TEMPLATES, _templates(world))},
        "runs": {world.days[run]: table(schema.RUNS, _runs(world, run)) for run in runs},
        "quarantine": {
            world.run.now.date(): table(
                schema.QUARANTINE,
                [
                    {"run_id": world.run_id, "url": url, "outlet_id": "channel-40", "reason": "too_short"}
                    for url in world.quarantined
                ],
            )
        },
    }


def drafted(given: Tables, folder: Path) -> list[Partition]:
    """The partitions of tables by name and day, those without rows as well, as files."""
    drafts = Drafts(folder)
    for name, by_day in given.items():
        for day, rows in by_day.items():
            drafts.add(schema.BY_NAME[name], rows, day and pa.repeat(pa.scalar(day), rows.num_rows))
    empty = [
        Partition(schema.BY_NAME[name], day, folder / "none", 0)
        for name, by_day in given.items()
        for day, rows in by_day.items()
        if not rows.num_rows
    ]
    return [*drafts.partitions(), *empty]


def check(world: World) -> Any:
    def run(candidate: Candidate) -> checks.Checked:
        return checks.run_checks_of_change(candidate, world.counts, run=world.run, params=PARAMS)

    return run


def publish(lake: Store, world: World, release: str, given: Tables | None = None, **more: Any) -> Manifest:
    """Release the world in the lake, or the tables `given` as the world's."""
    with TemporaryDirectory() as folder:
        return write_release(
            lake,
            release=release,
            run=world.run,
            partitions=drafted(tables(world) if given is None else given, Path(folder)),
            params=PARAMS,
            counts=world.counts,
            **{"check": check(world), **more},
        )


def publish_twice(lake: AnyStore) -> AnyStore:
    """Two releases in the lake and the litter of a killed third: readers must see the second."""
    publish(lake, FIRST, "rel-1")
    publish(lake, SECOND, "rel-2")
    lake.put("tables/stories/schema=1/seen_day=2031-04-09/rel-3-0123456789ab.parquet", b"not referenced")
    return lake


def doc_id(story: Story, number: int) -> str:
    return f"d-{story.story_id[2:]}-{number}"


def _of(world: World, day: date) -> list[Story]:
    return [story for story in world.stories if story.day == day]


def _chrome(world: World) -> list[dict[str, Any]]:
    """A line that all pages of Channel 40 have."""
    pages = sum(copy.outlet == "channel-40" for story in world.stories for copy in story.copies)
    row = {"outlet_id": "channel-40", "line_hash": "0f" * 8, "block": "Channel 40 on your porch"}
    return [row | {"articles": pages, "pages": pages, "share": 1.0}] if pages else []


def _templates(world: World) -> list[dict[str, Any]]:
    """The layouts of the pages of those outlets that the world has pages of."""
    outlets = {copy.outlet for story in world.stories for copy in story.copies}
    row = {"layout": "div.copy<article", "version": 1, "state": "trusted", "pages": 9}
    return [row | {"outlet_id": outlet} for outlet in sorted(outlets)]


def _body(text: str) -> dict[str, Any]:
    return {
        "body": text,
        "body_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "word_count": len(text.split()),
    }


def _stories(stories: Iterable[Story]) -> list[dict[str, Any]]:
    return [
        {
            "story_id": story.story_id,
            "headline": f"About the {story.story_id[2:]}",
            "authors": ["Ida Fenn", "Tor Malik"],
            "canonical_doc_id": doc_id(story, 0),
            "n_republications": len(story.copies),
            "n_outlets": len({copy.outlet for copy in story.copies}),
            "n_owner_groups": len({OWNERS[copy.outlet] or copy.outlet for copy in story.copies}),
            "n_distinct_bodies": len({copy.body for copy in story.copies}),
            "n_versions": 1,
            **_body(story.copies[0].body),
        }
        for story in stories
    ]


def _copies(stories: Iterable[Story]) -> list[dict[str, Any]]:
    # the last copy states no time, and times run against the order of the ids
    return [
        {
            "doc_id": doc_id(story, number),
            "story_id": story.story_id,
            "version_no": 1,
            "outlet_id": copy.outlet,
            "url": f"https://{copy.outlet}.example/{story.story_id}",
            "relation": "near" if number else "canonical",
            "published_at": datetime.combine(story.day, time(8), UTC) - timedelta(minutes=number)
            if number < 2
            else None,
            "last_seen_at": datetime.combine(story.day, time(18), UTC),
            "wire_services": ["Northline"],
            "wire_evidence": [
                {"rule": "credit_line", "where": "footer", "quote": "Northline", "start": 0, "end": 9}
            ],
            "run_id": copy.run_id,
            **_body(copy.body),
        }
        for story in stories
        for number, copy in enumerate(story.copies)
    ]


def _versions(stories: Iterable[Story]) -> list[dict[str, Any]]:
    return [
        {
            "story_id": story.story_id,
            "version_no": 1,
            "kind": "initial",
            "representative_doc_id": doc_id(story, 0),
            "n_republications": len(story.copies),
        }
        for story in stories
    ]


def _pickups(stories: Iterable[Story]) -> list[dict[str, Any]]:
    return [
        {
            "story_id": story.story_id,
            "outlet_id": outlet,
            "n_republications": sum(copy.outlet == outlet for copy in story.copies),
        }
        for story in stories
        for outlet in sorted({copy.outlet for copy in story.copies})
    ]


def _edges(stories: Iterable[Story]) -> list[dict[str, Any]]:
    return [
        {
            "story_id": story.story_id,
            "doc_id_a": doc_id(story, 0),
            "doc_id_b": doc_id(story, number),
            "decision": "accepted",
        }
        for story in stories
        for number in range(1, len(story.copies))
    ]


def _changes(stories: Iterable[Story]) -> list[dict[str, Any]]:
    ids = [story.story_id for story in stories]
    return [{"seq": crc32(story.encode()), "change": "created", "story_id": story} for story in ids]


def _registry(stories: Iterable[Story]) -> list[dict[str, Any]]:
    ids = [story.story_id for story in stories]
    return [{"story_id": story, "current_story_id": story, "state": "live"} for story in ids]


def _runs(world: World, run_id: str) -> list[dict[str, Any]]:
    brought = [copy.outlet for story in world.stories for copy in story.copies if copy.run_id == run_id]
    held = len(world.quarantined) if run_id == world.run_id else 0
    rows = []
    for outlet in OWNERS:
        quarantined = held if outlet == "channel-40" else 0
        published = brought.count(outlet)
        rows.append(
            {
                "run_id": run_id,
                "outlet_id": outlet,
                "state": "ok",
                "fetched": published + quarantined,
                "published": published,
                "quarantined": quarantined,
            }
        )
    return rows
