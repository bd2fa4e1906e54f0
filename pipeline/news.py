"""What somebody should hear of a release at once: checks that warn, and stories that were called off.

From the release and the one before it alone, so that telling it again tells the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date

import pyarrow.compute as pc

from pipeline.lake.store import Store
from pipeline.publish.manifest import Manifest, find_manifest
from pipeline.publish.reader import read_files
from pipeline.publish.verdict import told

_CALLED_OFF = "canceled"
_NAMED = 5  # stories in a line; the rest is a number


def news(lake: Store, manifest: Manifest) -> tuple[str, ...]:
    """One line each: the checks of level warn that do not hold, then the stories that carry a kill, withhold
    or retraction notice now. What was so in the release before, of the same outlets, was told then."""
    before = find_manifest(lake, manifest.previous) if manifest.previous else None
    known = {(check.check, check.detail) for check in before.checks if not check.ok} if before else set()
    warned = [check for check in manifest.checks if not check.ok and (check.check, check.detail) not in known]
    return (*(f"check {told(check)}" for check in warned), *_called_off(lake, manifest, before))


def _called_off(lake: Store, manifest: Manifest, before: Manifest | None) -> Iterator[str]:
    kept = {file.key for file in before.tables["stories"].files} if before else set()
    # only in partitions that were written anew can a story have become another
    days = {file.seen_day for file in manifest.tables["stories"].files if file.key not in kept}
    known = _canceled(lake, before, days) if before else set()
    if new := sorted(_canceled(lake, manifest, days) - known):
        more = f" and {len(new) - _NAMED} more" if len(new) > _NAMED else ""
        yield f"called off by its wire: {', '.join(new[:_NAMED])}{more}"


def _canceled(lake: Store, release: Manifest, days: Collection[date | None]) -> set[str]:
    """The ids of the stories of these days that were called off."""
    files = [file for file in release.tables["stories"].files if file.seen_day in days]
    rows = read_files(lake, "stories", files, ("story_id", "pub_status"))
    return set(rows.filter(pc.equal(rows["pub_status"], _CALLED_OFF))["story_id"].to_pylist())
