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
    "outlets": (
        "asked",
        "down",
        "paused",
        "postponed",
        "degraded",
        "forbidden",
        "pages_left",
        "latency_median_ms",
        "latency_slowest_ms",
    ),
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


def send_each(about: str, figures: Mapping[str, Mapping[str, float]]) -> None:
    """Send each one's figures as gauges `wirefold.<about>.<one>.<figure>`."""
    from airflow.sdk.observability import stats

    for one, told in figures.items():
        for name, value in told.items():
            stats.gauge(f"wirefold.{about}.{one}.{name}", float(value))


def count_each(about: str, counts: Mapping[str, int]) -> None:
    """Add up each count as `wirefold.<about>.<one>`."""
    from airflow.sdk.observability import stats

    for one, count in counts.items():
        stats.incr(f"wirefold.{about}.{one}", count)
