"""The releases of a lake, and one of them with what its run counted and what its checks measured."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

from pipeline.desk.shelf import Desk, files_of, files_of_day, rows_with, whole
from pipeline.lake.order import by_place
from pipeline.publish.manifest import Manifest, read_latest

_SHOWN = 50


def releases(desk: Desk) -> dict[str, Any]:
    """The newest releases, newest first, each in one line; `total`: how many are kept."""
    latest = read_latest(desk.lake)
    place = by_place(desk.lake)
    kept = {
        key.split("/")[1]
        for key in (stored.key for stored in desk.lake.list("releases/"))
        if key.endswith("/manifest.json")
    }
    newest = sorted(kept, key=place, reverse=True)
    current = latest[0].release if latest else None
    for release in newest[:_SHOWN]:
        if release not in desk.lines:
            desk.lines[release] = _line(desk.manifest(release))
    for release in desk.lines.keys() - set(newest[:_SHOWN]):
        desk.lines.pop(release, None)
    rows = [desk.lines[release] | {"current": release == current} for release in newest[:_SHOWN]]
    return {"rows": rows, "total": len(kept)}


def release(desk: Desk, manifest: Manifest) -> dict[str, Any]:
    """A release: its line, counts, checks with their reasons, rows and bytes of its tables, its run at each
    outlet, and why pages of that run are in quarantine (reason and how many, the most first)."""
    runs = [
        row
        for file in files_of(manifest, "runs")[:1]
        for row in rows_with(desk, [file], "run_id", manifest.run_id)
    ]
    # the run's quarantine lies in the partition of its day, as its row of `runs` does
    day = files_of(manifest, "runs")[0].seen_day if runs else None
    held = rows_with(
        desk, files_of_day(manifest, "quarantine", day), "run_id", manifest.run_id, ["run_id", "reason"]
    )
    return _line(manifest) | {
        "counts": manifest.counts.as_dict(),
        "checks": whole(desk, manifest, "checks").to_pylist(),
        "tables": [
            {"table": name, "rows": of.rows, "files": len(of.files), "bytes": sum(f.bytes for f in of.files)}
            for name, of in sorted(manifest.tables.items())
        ],
        "runs": runs,
        "quarantine": Counter(row["reason"] for row in held).most_common(),
        "params_digest": manifest.params_digest,
        "code_version": manifest.code_version,
        "takedowns": manifest.takedowns,
    }


def _line(manifest: Manifest) -> dict[str, Any]:
    return {
        "release": manifest.release,
        "previous": manifest.previous,
        "created_at": manifest.created_at,
        "run_id": manifest.run_id,
        "stories": manifest.tables["stories"].rows,
        "republications": manifest.tables["republications"].rows,
        "changed_stories": manifest.changed_stories,
        "checks_failed": [asdict(check) for check in manifest.checks if not check.ok],
    }
