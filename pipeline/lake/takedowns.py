"""Takedowns: what people want to be published no longer (lake.numbered), under `takedowns/`.

A run sees those that there were when it took its place (lake.order), so later ones change no rerun.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from pipeline.lake import numbered
from pipeline.lake.order import TAKEDOWNS as PREFIX
from pipeline.lake.order import place_of
from pipeline.lake.store import Store
from pipeline.model import Run
from pipeline.segments import TAKEDOWNS


def append(lake: Store, takedown: dict[str, Any], number: int) -> bool:
    """Write a row of segments.TAKEDOWNS as the takedown of that number; False, and nothing written, if there
    is one already."""
    return numbered.append(lake, PREFIX, takedown, number)


def read(lake: Store, until: int | None = None) -> pa.Table:
    """All takedowns (segments.TAKEDOWNS), or the first `until`, in the order in which they were asked for."""
    return numbered.read(lake, PREFIX, TAKEDOWNS, until)


def takedowns_before(lake: Store, run: Run) -> pa.Table:
    """The takedowns that there were when the run took its place; all, if it has none yet."""
    place = place_of(lake, run)
    return read(lake, place.takedowns if place else None)
