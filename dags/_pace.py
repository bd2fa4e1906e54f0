"""How far a long task is, as lines of its log: nothing is measured here but the time that has gone by."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.model import Run

log = logging.getLogger("wirefold")
_EVERY_SECONDS = 30.0


def pace(run: Run, what: str, every: float = _EVERY_SECONDS) -> Callable[[int, int], None]:
    """What to call with (done, total) in bytes: a line now and then with the rate and the time left, which go
    by what was done since the first call."""
    began = told = time.monotonic()
    first: int | None = None

    def report(done: int, total: int) -> None:
        nonlocal told, first
        first = done if first is None else first
        now = time.monotonic()
        if now - told < every or done <= first:
            return
        told = now
        rate = (done - first) / (now - began)
        log.info(
            "%s %s: %.1f of %.1f GB, %.1f MB a second, %.0f minutes left",
            *(run.run_id, what, done / 1e9, total / 1e9, rate / 1e6, (total - done) / rate / 60),
        )

    return report
