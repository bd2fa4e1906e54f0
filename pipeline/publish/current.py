"""`current/` holds one object a partition of the newest release, for people who glob.

It may lag behind `latest.json`, never lead it. `current/.release` lists which objects are known to
hold which file; an object is struck off before it is rewritten, so any later run sees what was cut short.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter

from pipeline.errors import Failed
from pipeline.lake.store import Conflict, Missing, Store
from pipeline.publish.manifest import FileEntry, current_key, read_manifest

MARKER = "current/.release"
_TRIES = 8


@dataclass(frozen=True, slots=True)
class _Marker:
    """`holds`: object under current/ → the release's file whose bytes it is known to hold."""

    release: str | None
    complete: bool
    holds: Mapping[str, str]

    def to_json(self) -> bytes:
        return _MARKER.dump_json(self, indent=1) + b"\n"


_MARKER = TypeAdapter(_Marker)


def complete_current(lake: Store) -> int:
    """Bring `current/` to the newest release; how many objects were written or removed.

    Raises `Failed` if other writers keep refreshing it at the same time.
    """
    touched: set[str] = set()
    for _ in range(_TRIES):
        manifest = read_manifest(lake)
        if manifest is None:
            return 0
        wanted = {current_key(file): file for file in manifest.files}
        marker, tag = _read_marker(lake)
        stored = {item.key: item.size for item in lake.list("current/") if item.key != MARKER}
        good = {
            key: file.key
            for key, file in wanted.items()
            if key not in touched and marker.holds.get(key) == file.key and stored.get(key) == file.bytes
        }
        target = _Marker(manifest.release, True, {key: file.key for key, file in wanted.items()})
        if len(good) == len(wanted) == len(stored) and marker == target:
            return len(touched)
        try:
            tag = lake.swap(MARKER, _Marker(manifest.release, False, good).to_json(), tag)
            _refresh(lake, wanted, good, set(stored), touched)
            lake.swap(MARKER, target.to_json(), tag)
            return len(touched)
        except Conflict:
            continue  # another writer came in between: what we wrote may be stale now, so look again
        except Missing as gone:
            # another writer threw away what we were copying: what we wrote before may be stale as well
            if read_manifest(lake) == manifest:
                raise Failed(f"{lake.url}: {gone.args[0]} of {manifest.release} is missing") from None
    raise Failed(f"{lake.url}: current/ is being refreshed by other writers; the release itself is published")


def _refresh(
    lake: Store,
    wanted: Mapping[str, FileEntry],
    good: Mapping[str, str],
    stored: set[str],
    touched: set[str],
) -> None:
    """Write what is not good and remove what is not wanted; the keys come into `touched`, each beforehand."""
    for key in sorted(wanted.keys() - good.keys()):
        touched.add(key)
        lake.copy(wanted[key].key, key)
    for key in sorted(stored - wanted.keys()):
        touched.add(key)
        lake.delete(key)


def _read_marker(lake: Store) -> tuple[_Marker, str | None]:
    try:
        data, tag = lake.get_tagged(MARKER)
    except Missing:
        return _Marker(None, False, {}), None
    return _MARKER.validate_json(data), tag
