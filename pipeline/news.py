"""What somebody should hear of a release at once: checks that warn, and stories that were called off.

From the release alone, so that telling it again tells the same.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow.compute as pc

from pipeline.identity_tables import STATUS_CHANGED
from pipeline.lake.store import Store
from pipeline.model import Run
from pipeline.publish.manifest import Manifest
from pipeline.publish.reader import read_files
from pipeline.publish.verdict import told

_CALLED_OFF = "canceled"
_NAMED = 5  # stories in a line; the rest is a number


def news(lake: Store, manifest: Manifest) -> tuple[str, ...]:
    """One line each: the checks of level warn that do not hold, then the stories that were usable in the
    release before this one and carry a kill, withhold or retraction notice now."""
    return (
        *(f"check {told(check)}" for check in manifest.checks if not check.ok),
        *_called_off(lake, manifest),
    )


def _called_off(lake: Store, manifest: Manifest) -> Iterator[str]:
    # a release's own changes lie in the partition of its run's day
    day = Run.of(manifest.run_id).now.date()
    files = [file for file in manifest.tables["changes"].files if file.seen_day == day]
    rows = read_files(lake, "changes", files, ("release", "change", "story_id", "after"))
    mine = pc.and_(pc.equal(rows["release"], manifest.release), pc.equal(rows["change"], STATUS_CHANGED))
    off = rows.filter(pc.and_(mine, pc.equal(rows["after"], _CALLED_OFF)))["story_id"].to_pylist()
    if off:
        more = f" and {len(off) - _NAMED} more" if len(off) > _NAMED else ""
        yield f"called off by its wire: {', '.join(off[:_NAMED])}{more}"
