"""The demo network and a lake that is fed from it, for tests of the whole way of a page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.demo.server import DemoServer
from infra.demo.truth import Truth, truth
from pipeline import steps
from pipeline.config import Config, load_config
from pipeline.lake.store import Store
from pipeline.model import Run
from pipeline.publish.release import read_table
from pipeline.urls import normalise_url

DEMO = Path(__file__).parents[2] / "infra" / "demo"
EVENING = datetime(2026, 3, 5, 20, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Site:
    """A running network and the configuration that reads it."""

    server: DemoServer
    config: Config

    def run(self, now: datetime) -> steps.Released:
        """The whole pipeline once, at the simulated time `now`."""
        self.server.now = now
        return run_all(self.config, now)

    def lake(self) -> Store:
        return steps.open_lake(self.config)

    def truth(self) -> dict[str, Truth]:
        """What is true now, by normalised URL."""
        network = self.server.service.network
        return {normalise_url(page.url): page for page in truth(network, self.server.now)}

    def rows(self, table: str) -> list[dict[str, Any]]:
        return read_table(self.lake(), table).to_pylist()

    def stories_of(self) -> dict[tuple[str, str], set[str]]:
        """The story ids under which the pages of each true story were published."""
        pages = self.truth()
        found: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        for row in self.rows("republications"):
            page = pages[row["url_normalised"]]
            found[page.kind, page.story].add(row["story_id"])
        return dict(found)


def run_all(config: Config, now: datetime) -> steps.Released:
    """Every step of a run at `now`."""
    run, lake = Run.at(now), steps.open_lake(config)
    for shard in steps.plan(config):
        steps.ingest(lake, run, config, shard.shard)
        steps.extract(lake, run, config, shard.shard)
    assert steps.settle(lake, run, config).conserved
    steps.match(lake, run, config)
    steps.story(lake, run, config)
    return steps.publish(lake, run, config)


@contextmanager
def site(folder: Path, lake: str | None = None) -> Iterator[Site]:
    """The demo network at its evening, read into a lake (default: a folder below `folder`)."""
    with DemoServer(now=EVENING, slow_seconds=0.2) as server:
        path = folder / "wirefold.toml"
        path.write_text(
            f"""lake = "{lake or folder / "lake"}"
outlets = "{DEMO / "outlets.toml"}"
wires = ["{DEMO / "wires.toml"}"]

[network]
test_address = "{server.address}"
read_seconds = 10.0
"""
        )
        yield Site(server, load_config(path))
