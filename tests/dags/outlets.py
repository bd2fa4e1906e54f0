"""A registry of a few of the demo's outlets, and one that is not there."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

from tests.e2e.network import DEMO

SOME = ("kvlt", "krvf", "kcsj")
GONE = "gone"


def write_config(
    folder: Path,
    lake: str,
    address: str,
    outlets: Sequence[str] = SOME,
    name: str = "wirefold",
    shards: int = 2,
) -> Path:
    """A configuration, its registry beside it; GONE is an outlet that nobody answers for."""
    known = {one["id"]: one for one in tomllib.loads((DEMO / "outlets.toml").read_text())["outlet"]}
    known[GONE] = {"domain": "gone.example", "feeds": ["http://gone.example/feed/"], "sitemaps": []}
    entries = [
        f'[[outlet]]\nid = "{outlet}"\nname = "{outlet.upper()}"\ndomain = "{known[outlet]["domain"]}"\n'
        f"feeds = {known[outlet]['feeds']}\nsitemaps = {known[outlet]['sitemaps']}\n"
        for outlet in outlets
    ]
    registry, config = folder / f"{name}-outlets.toml", folder / f"{name}.toml"
    registry.write_text("\n".join(entries))
    config.write_text(
        f'lake = "{lake}"\noutlets = "{registry.name}"\nshards = {shards}\n'
        f'wires = ["{DEMO / "wires.toml"}"]\n'
        f'cache = "{name}-cache"\n\n[network]\ntest_address = "{address}"\nretries = 0\n'
    )
    return config
