"""What a kept release names is never touched; going back to a release is one swap.

A release has the id of its run, and runs have an order (lake.order). That is what tells a killed writer's
litter from a living writer's files: only what was written by a run before those of all kept releases is
dropped. What no run has written comes before all, by its id.

All that moves readers is decided by the swap of `latest.json`: what is to be dropped is written there before
anything goes, so whoever goes back to a release at that time loses to it, or it to them.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from pipeline.errors import BadInput
from pipeline.lake.order import by_place
from pipeline.lake.store import Conflict, Store
from pipeline.model import Run
from pipeline.publish.current import complete_current
from pipeline.publish.manifest import (
    LATEST,
    Latest,
    Manifest,
    list_releases,
    manifest_key,
    read_latest,
    read_manifest,
)

_TRIES = 8


def rollback(lake: Store, release: str) -> Manifest:
    """Make `release` the newest again. Its files were never touched, so readers get it as it was.

    Raises `BadInput` if the lake does not have it or something was taken down since, `Conflict` if somebody
    publishes at the same time.
    """
    latest = read_latest(lake)
    manifest = read_manifest(lake, release)
    if latest is None or manifest is None or release in latest[0].dropped:
        raise BadInput(f"{lake.url}: no release {release!r}")
    now, tag = latest
    if missing := {file.key for file in manifest.files} - {item.key for item in lake.list("tables/")}:
        raise BadInput(f"{lake.url}: {release} is not whole: {min(missing)} is gone")
    if now.release != release:
        back = Latest(release, now.release, manifest_key(release), now.dropped)
        lake.swap(LATEST, back.to_json(), tag)
    complete_current(lake)
    return manifest


def collect_garbage(lake: Store, run: Run, *, keep_releases: int, keep_days: float) -> int:
    """Drop old releases and the files that no kept one names; how many objects were removed.

    Kept: the newest `keep_releases`, all younger than `keep_days` at `run.now`, and what
    `latest.json` points to and came from; of these only such as honour all takedowns that the newest honours.
    Raises `Conflict` if others publish or roll back at the same time, again and again.
    """
    for _ in range(_TRIES):
        latest = read_latest(lake)
        if latest is None:
            return 0
        releases, kept = _divided(lake, latest[0], run.now - timedelta(days=keep_days), keep_releases)
        going = tuple(old.release for old in releases if old not in kept)
        if latest[0].release not in {manifest.release for manifest in kept}:
            continue  # others followed it, and it was dropped in between
        if not going:
            break
        with suppress(Conflict):
            lake.swap(LATEST, replace(latest[0], dropped=going).to_json(), latest[1])
            break
    else:
        raise Conflict(f"{lake.url}: others publish at the same time; nothing was dropped, run it again")
    named, rank = {file.key for manifest in kept for file in manifest.files}, by_place(lake)
    oldest = min(rank(manifest.release) for manifest in kept)
    # manifests first: a release whose files are going must no longer be found
    doomed = [manifest_key(release) for release in going]
    doomed += [item.key for item in lake.list("failed/") if rank(item.key.split("/")[1]) < oldest]
    doomed += [
        item.key
        for item in lake.list("tables/")
        if item.key not in named and rank(_written_by(item.key)) < oldest
    ]
    for key in doomed:
        lake.delete(key)
    return len(doomed)


def _divided(
    lake: Store, latest: Latest, horizon: datetime, keep_releases: int
) -> tuple[list[Manifest], list[Manifest]]:
    """All releases, and those of them that are kept."""
    releases = list_releases(lake)
    recent = {manifest.release for manifest in releases[max(len(releases) - keep_releases, 0) :]}
    honoured = next((one.takedowns for one in releases if one.release == latest.release), 0)
    return releases, [
        manifest
        for manifest in releases
        if manifest.takedowns >= honoured
        and manifest.release not in latest.dropped  # by another one that is at it
        and (manifest.release in {latest.release, latest.previous} | recent or manifest.created_at >= horizon)
    ]


def _written_by(key: str) -> str:
    """The release that wrote a data file: `…/<release>-<sha12>.parquet`."""
    return key.rpartition("/")[2].rpartition("-")[0]
