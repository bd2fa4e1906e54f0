"""Pages that cannot be used and share a URL are rows of their own, and stop no release."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline import steps
from pipeline.config import Config, load_config
from pipeline.publish.reader import read_table
from tests.e2e.network import run_all
from tests.ingest.site import World, serving

WALL = "<html><body><p>We value your privacy; we store information on your device.</p></body></html>"


@pytest.fixture
def world() -> Iterator[World]:
    """Two desks of one paper share a feed, of whose links two lead to one consent wall."""
    with serving() as world:
        world.feed("harrow.example", "/quay", "/mill", "/gone")
        world.page("harrow.example/wall", WALL)
        for path in ("quay", "mill"):
            world.status(f"harrow.example/{path}", 302, Location="/wall")
        yield world


def configured(folder: Path, world: World, shards: int) -> Config:
    (folder / "outlets.toml").write_text(
        "\n".join(
            f'[[outlet]]\nid = "{name}"\nname = "{name}"\ndomain = "harrow.example"\n'
            f'feeds = ["http://harrow.example/feed"]\ndelay_seconds = 0.0\n'
            for name in ("city", "coast")
        )
    )
    path = folder / "wirefold.toml"
    path.write_text(
        f'lake = "lake-{shards}"\noutlets = "outlets.toml"\nshards = {shards}\n'
        f'[network]\ntest_address = "127.0.0.1:{world.port}"\nretries = 0\n'
    )
    return load_config(path)


def release(config: Config, hour: int) -> list[dict[str, Any]]:
    """The rows of quarantine once a run was published, without where their bytes lie."""
    run_all(config, datetime(2026, 3, 5, hour, tzinfo=UTC))
    rows = read_table(steps.open_lake(config), "quarantine")
    return rows.drop_columns(["raw_key", "raw_offset"]).to_pylist()


def test_pages_of_one_url_are_numbered_alike_however_they_came(tmp_path: Path, world: World) -> None:
    rows = release(configured(tmp_path, world, 1), 12)
    assert [(row["url"].rpartition("/")[2], row["page_no"], row["outlet_id"]) for row in rows] == [
        ("gone", 1, "city"),
        ("gone", 2, "coast"),
        ("wall", 1, "city"),
        ("wall", 2, "city"),
        ("wall", 3, "coast"),
        ("wall", 4, "coast"),
    ]
    other = configured(tmp_path, world, 2)
    assert release(other, 12) == rows
    assert release(other, 13) == rows, "carried over"
