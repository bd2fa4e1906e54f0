"""How a run's visits went, for whoever watches it: each page counts under one outlet and one reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.lake.segment import read_segments
from pipeline.lake.store import Store
from pipeline.model import Run
from pipeline.segments import FETCHES, HELD, SITES, segment_key

_LATENCY = ("latency_median_ms", "latency_slowest_ms")
_UNUSED = ("quarantined", "skipped")


@dataclass(frozen=True, slots=True)
class Figures:
    """`whole`: pages_left, latency_median_ms (the median of the outlets' medians) and latency_slowest_ms of
    the run, without those that nothing tells of; `outlets`: by id, the latter two and its pages `unused` (in
    quarantine or left out); `unused`: these pages by reason."""

    whole: Mapping[str, float]
    outlets: Mapping[str, Mapping[str, float]]
    unused: Mapping[str, int]

    @classmethod
    def of(cls, lake: Store, run: Run, shards: Sequence[str]) -> Self:
        def keys(kind: str) -> list[str]:
            named = (segment_key(kind, run.run_id, shard) for shard in shards)
            return [key for key in named if lake.exists(key)]

        sites = read_segments(lake, SITES, keys("sites")).to_pylist()
        fetches = read_segments(lake, FETCHES, keys("fetches"), ["outlet_id", "outcome", "reason"])
        ended = fetches.filter(pc.is_in(fetches["outcome"], value_set=pa.array(_UNUSED)))
        held = read_segments(lake, HELD, keys("quarantine"), ["outlet_id", "reason"])
        outlets, reasons = (
            Counter(ended[name].to_pylist()) + Counter(held[name].to_pylist())
            for name in ("outlet_id", "reason")
        )
        timed = {
            site["outlet_id"]: {name: site[name] for name in _LATENCY}
            for site in sites
            if site["latency_median_ms"] is not None
        }
        medians, slowest = ([one[name] for one in timed.values()] for name in _LATENCY)
        whole = {"pages_left": sum(site["pages_left"] or 0 for site in sites)}
        if timed:
            whole |= dict(zip(_LATENCY, (median(medians), max(slowest)), strict=True))
        by_outlet = {
            site["outlet_id"]: timed.get(site["outlet_id"], {}) | {"unused": outlets[site["outlet_id"]]}
            for site in sites
        }
        return cls(whole, by_outlet, dict(sorted(reasons.items())))
