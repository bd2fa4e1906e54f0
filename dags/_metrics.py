"""What Wirefold sends through Airflow's Stats: StatsD, Datadog or OpenTelemetry, as `[metrics]` says there.

Counters are added up over runs, gauges are of the last one; how long tasks take and which fail Airflow
tells by itself. A task that is cleared and run again counts again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

COUNTERS: Mapping[str, tuple[str, ...]] = {
    "pages": ("fetched", "published", "unchanged", "quarantined", "skipped", "bytes_fetched"),
    "match": ("new_pages", "candidates", "accepted", "capped"),
    "story": ("created", "merged", "split"),
    "release": ("published", "changed_stories"),
    "review": ("asked", "answered", "unanswered"),
    "lake": ("dropped",),
}
GAUGES: Mapping[str, tuple[str, ...]] = {
    "outlets": ("asked", "down", "degraded", "forbidden"),
    "story": ("stories",),
    "release": ("stories", "republications", "quarantined", "warnings"),
}


def send(about: str, **figures: Any) -> None:
    """Send those of the figures that are a metric of this room, as `wirefold.<about>.<figure>`."""
    from airflow.sdk.observability import stats

    for name in figures.keys() & set(COUNTERS.get(about, ())):
        stats.incr(f"wirefold.{about}.{name}", int(figures[name]))
    for name in figures.keys() & set(GAUGES.get(about, ())):
        stats.gauge(f"wirefold.{about}.{name}", float(figures[name]))
