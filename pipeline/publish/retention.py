"""What a kept release names is never touched; going back to a release is one swap.

A release has the id of its run, and runs have an order (lake.order). That is what tells a killed writer's
litter from a living writer's files: only what was written by a run before those of all kept releases is
dropped. What no run has written comes before all, by its id.
"""

from __future__ import annotations

from datetime import timedelta

from pipeline.errors import BadInput
from pipeline.lake.order import by_place
from pipeline.lake.store import Store
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


def rollback(lake: Store, release: str) -> Manifest:
    """Make `release` the newest again. Its files were never touched, so readers get it as it was.

    Raises `BadInput` if the lake does not have it or something was taken down since, `Conflict` if somebody
    publishes at the same time.
    """
    latest = read_latest(lake)
    manifest = read_manifest(lake, release)
    if latest is None or manifest is None:
        raise BadInput(f"{lake.url}: no release {release!r}")
    now, tag = latest
    newest = read_manifest(lake)
    if newest and manifest.takedowns < newest.takedowns:
        raise BadInput(
            f"{lake.url}: {release} shows what was taken down since; it can be gone back to no more"
        )
    if now.release != release:
        lake.swap(LATEST, Latest(release, now.release, manifest_key(release)).to_json(), tag)
    complete_current(lake)
    return manifest


def collect_garbage(lake: Store, run: Run, *, keep_releases: int, keep_days: float) -> int:
    """Drop old releases and the files that no kept one names; how many objects were removed.

    Kept: the newest `keep_releases`, all younger than `keep_days` at `run.now`, and what
    `latest.json` points to and came from; of these only such as honour all takedowns that the newest honours.
    """
    releases, rank = list_releases(lake), by_place(lake)
    latest = read_latest(lake)
    if latest is None:
        return 0
    horizon = run.now - timedelta(days=keep_days)
    pinned = {latest[0].release, latest[0].previous}
    recent = {manifest.release for manifest in releases[max(len(releases) - keep_releases, 0) :]}
    honoured = next(manifest.takedowns for manifest in releases if manifest.release == latest[0].release)
    kept = [
        manifest
        for manifest in releases
        if manifest.takedowns >= honoured
        and (manifest.release in pinned | recent or manifest.created_at >= horizon)
    ]
    named = {file.key for manifest in kept for file in manifest.files}
    oldest = min(rank(manifest.release) for manifest in kept)
    # manifests first: a release whose files are going must no longer be found
    doomed = [manifest_key(old.release) for old in releases if old not in kept]
    doomed += [item.key for item in lake.list("failed/") if rank(item.key.split("/")[1]) < oldest]
    doomed += [
        item.key
        for item in lake.list("tables/")
        if item.key not in named and rank(_written_by(item.key)) < oldest
    ]
    for key in doomed:
        lake.delete(key)
    return len(doomed)


def _written_by(key: str) -> str:
    """The release that wrote a data file: `…/<release>-<sha12>.parquet`."""
    return key.rpartition("/")[2].rpartition("-")[0]
