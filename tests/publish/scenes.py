"""Two releases of one lake, for what happens between them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from pipeline.lake.store import Store
from pipeline.publish.release import Manifest
from tests.publish.sample import BRIDGE, FERRY, FIRST, MONDAY, ORCHARD, Copy, World, publish

# the second release adds a partition, rewrites one and drops one
BEFORE = replace(FIRST, stories=(FERRY, replace(ORCHARD, day=MONDAY.replace(day=6))))
LATE = Copy("channel-40", "The night ferry runs again, the harbour office says.", "r2")
AFTER = World((replace(FERRY, copies=(*FERRY.copies, LATE)), BRIDGE), run_id="r2")
WHOLE = ("stories", "republications", "versions", "pickups", "edges", "changes", "registry")


def first(lake: Store) -> Manifest:
    return publish(lake, BEFORE, "rel-1")


def second(lake: Any) -> Manifest:
    return publish(lake, AFTER, "rel-2", replaces=WHOLE)


def whole(lake: Store, manifest: Manifest) -> bool:
    """Every file that the manifest names is there, byte for byte."""
    return all(hashlib.sha256(lake.get(file.key)).hexdigest() == file.sha256 for file in manifest.files)
