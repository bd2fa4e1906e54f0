"""A page that is corrected, vanishes and comes back, on a real server, over several runs to the releases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.config import Config, load_config
from pipeline.lake.folder import FolderStore
from pipeline.publish.release import read_table
from tests.e2e.network import run_all
from tests.ingest.site import World, serving

pytestmark = pytest.mark.slow

START = datetime(2031, 4, 7, 8, tzinfo=UTC)
FERRY = (
    "The ferry to Gull Rock will sail again on Monday after a winter of repairs, the harbour office said. "
    "Its hull was painted in the yard at Morrow Bay, where nine workers replaced planks of the lower deck. "
    "The first crossing leaves at seven in the morning and costs {price} dollars, as much as last year. "
    "Fishermen who had carried the mail since November were thanked with a breakfast at the town hall."
)


@dataclass(frozen=True, slots=True)
class Newsroom:
    """Sites that name their page once and then never again, and a lake that reads them."""

    world: World
    config: Config

    def shows(self, host: str, price: str) -> None:
        body = "".join(f"<p>{line}.</p>" for line in FERRY.format(price=price).rstrip(".").split(". "))
        html = f"<html><head><title>Ferry</title></head><body><article><h1>Ferry sails again</h1>{body}"
        self.world.page(f"{host}/ferry", f"{html}</article></body></html>", ETag=f'"{price}"')

    def run(self, hour: float) -> list[dict[str, Any]]:
        """A run of that hour: its rows of republications, by outlet and first seen."""
        run_all(self.config, START + timedelta(hours=hour))
        rows = read_table(self.lake(), "republications").to_pylist()
        return sorted(rows, key=lambda row: (row["outlet_id"], row["first_seen_at"]))

    def lake(self) -> FolderStore:
        return FolderStore(self.config.lake)


@pytest.fixture
def newsroom(tmp_path: Path) -> Iterator[Newsroom]:
    with serving() as world:
        registry = "".join(
            f'[[outlet]]\nid = "{name}"\nname = "{name}"\ndomain = "{name}.example"\n'
            f'feeds = ["http://{name}.example/feed"]\n'
            for name in ("a", "b")
        )
        (tmp_path / "outlets.toml").write_text(registry)
        path = tmp_path / "wirefold.toml"
        path.write_text(
            f'lake = "lake"\ncache = "cache"\nshards = 1\n'
            f'[network]\nretries = 0\ntest_address = "127.0.0.1:{world.port}"\n'
        )
        room = Newsroom(world, load_config(path))
        for host in ("a.example", "b.example"):
            room.shows(host, "four")
            world.feed(host, "/ferry")
        yield room


def hours(moment: datetime | None) -> float | None:
    return None if moment is None else (moment - START) / timedelta(hours=1)


def stood(rows: list[dict[str, Any]], outlet: str) -> list[tuple[float | None, ...]]:
    names = ("first_seen_at", "last_seen_at", "replaced_at", "gone_at")
    return [tuple(hours(row[name]) for name in names) for row in rows if row["outlet_id"] == outlet]


def test_what_becomes_of_a_page_is_seen_and_told(newsroom: Newsroom) -> None:
    world = newsroom.world
    newsroom.run(0)
    for host in ("a.example", "b.example"):
        world.feed(host, "/other")

    newsroom.shows("a.example", "fourteen")
    rows = newsroom.run(1)
    assert stood(rows, "a") == [(0, 0, 1, None), (1, 1, None, None)], "corrected"
    assert stood(rows, "b") == [(0, 1, None, None)]
    assert "costs fourteen dollars" in rows[1]["body"]

    world.status("a.example/ferry", 410)
    world.status("b.example/ferry", 404)
    rows = newsroom.run(6)
    assert stood(rows, "a") == [(0, 0, 1, None), (1, 1, None, 6)]
    assert stood(rows, "b") == [(0, 1, None, None)], "404 was said only once"

    rows = newsroom.run(7)
    assert stood(rows, "b") == [(0, 1, None, 7)]
    last = read_table(newsroom.lake(), "pickups").to_pylist()
    assert {row["outlet_id"]: hours(row["removed_at"]) for row in last} == {"a": 6, "b": 7}

    newsroom.shows("b.example", "four")
    rows = newsroom.run(24)
    assert stood(rows, "a") == [(0, 0, 1, None), (1, 1, None, 6)], "it has not come back"
    assert stood(rows, "b") == [(0, 24, None, None)], "it has"
    quarantine = read_table(newsroom.lake(), "quarantine").to_pylist()
    assert [row["url"] for row in quarantine if "ferry" in row["url"]] == []
