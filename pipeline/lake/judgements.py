"""Judgements of people on pairs of documents (lake.numbered), under `judgements/`.

A run sees those that there were when it took its place (lake.order), so later ones change no rerun.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from pipeline.lake import numbered
from pipeline.lake.order import JUDGEMENTS as PREFIX
from pipeline.lake.order import place_of
from pipeline.lake.store import Store
from pipeline.model import Run
from pipeline.segments import JUDGEMENTS


def append(lake: Store, judgement: dict[str, Any], number: int) -> bool:
    """Write a row of segments.JUDGEMENTS as the judgement of that number; False, and nothing written, if
    there is one already."""
    return numbered.append(lake, PREFIX, judgement, number)


def read(lake: Store, until: int | None = None) -> pa.Table:
    """All judgements (segments.JUDGEMENTS), or the first `until`, in the order in which they were made."""
    return numbered.read(lake, PREFIX, JUDGEMENTS, until)


def judgements_before(lake: Store, run: Run) -> pa.Table:
    """The judgements that there were when the run took its place; all, if it has none yet."""
    place = place_of(lake, run)
    return read(lake, place.judgements if place else None)
