"""One function a task: `f(lake, run, config, ...) -> counts`. The dags and the command line call these.

In order: plan → ingest × shards → extract × shards → settle → match → story → publish; `maintain`
stands beside. Each step reads and writes the lake, commits with one atomic put, and finds its own
result when it is run again for the same run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipeline.config import Config
from pipeline.counts import Counts
from pipeline.lake.store import Store, open_store
from pipeline.model import Run

# called with (done, total) as pages are worked off; total may grow
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Shard:
    """A share of the outlets that one task takes: its id and the outlets' ids."""

    shard: str
    outlets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Matched:
    """What matching found. Units: pages, pairs, clusters."""

    pages: int
    new_pages: int
    candidates: int
    accepted: int
    clusters: int


@dataclass(frozen=True, slots=True)
class Told:
    """What became of the stories in this run."""

    stories: int
    created: int
    merged: int
    split: int


@dataclass(frozen=True, slots=True)
class Released:
    """A published release. `changed_stories` counts stories new, changed or gone since the last one."""

    release: str
    stories: int
    republications: int
    quarantined: int
    changed_stories: int
    pages: Counts


def open_lake(config: Config, s3_client: Any = None) -> Store:
    """The configured lake, probed for conditional writes. Raises `Failed` if it ignores them."""


def plan(lake: Store, run: Run, config: Config) -> tuple[Shard, ...]:
    """Split the registry's outlets into shards. Raises `BadInput` on a broken registry or config."""


def ingest(lake: Store, run: Run, config: Config, shard: str, progress: Progress | None = None) -> Counts:
    """Fetch a shard's new pages into the raw zone. A broken outlet is a row, never an error."""


def extract(lake: Store, run: Run, config: Config, shard: str, progress: Progress | None = None) -> Counts:
    """Read a shard's fetched pages into `pages` and `quarantine` segments."""


def settle(lake: Store, run: Run, config: Config) -> Counts:
    """Add up the run's shards; raises `Failed` if a page taken up ended in no status or in two."""


def match(lake: Store, run: Run, config: Config) -> Matched:
    """Sign new pages, find and verify candidate pairs, cluster; writes edges and clusters of the run."""


def story(lake: Store, run: Run, config: Config) -> Told:
    """Give clusters their story ids against the ledger; appends the run's events to it."""


def publish(lake: Store, run: Run, config: Config) -> Released:
    """Build the tables, check them, release them. Raises `CheckFailed` and releases nothing otherwise."""


def maintain(lake: Store, run: Run, config: Config) -> int:
    """Complete `current/` if it was cut short, drop objects no kept release names; how many."""
