"""Who may publish: the writer from whose base nobody else published since, whatever it was stopped for.

A release begins with what `latest.json` says and ends with its swap against that. In between others may
publish, go back and drop old releases (retention): then this one loses in one line, and leaves no manifest.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from pipeline.errors import Failed
from pipeline.lake.order import by_place
from pipeline.lake.store import Conflict, Missing, Store
from pipeline.publish.manifest import LATEST, Latest, Manifest, find_manifest, manifest_key, read_latest


class TakenIn(Conflict):
    """The run's pages are in a later run's release already: there is nothing to release for it."""


@dataclass(frozen=True, slots=True)
class Start:
    """What the lake said when the release began.

    `base`: the release that this one follows. `published`: this one was published before, by this
    run's first try, and readers have it or a later one.
    """

    base: Manifest | None
    latest: Latest | None
    tag: str | None
    published: bool


def begin(lake: Store, release: str) -> Start:
    """Where a release begins. Raises `Conflict` if the id cannot be published, or not any more."""
    found = read_latest(lake)
    latest, tag = found if found else (None, None)
    ours = find_manifest(lake, release)
    published = bool(ours and latest and _descends(lake, latest.release, release))
    if ours and latest and not published and _descends(lake, latest.previous, release):
        raise Conflict(f"{lake.url}: release {release} was rolled back; publish under a new id")
    place = by_place(lake)
    if latest and not ours and place(release)[0] < place(latest.release)[0]:
        raise TakenIn(
            f"{lake.url}: {release} was taken up before {latest.release}, which has its pages already"
        )
    if latest and release in latest.dropped:
        raise Conflict(f"{lake.url}: release {release} was dropped; publish under a new id")
    previous = ours.previous if ours else latest.release if latest else None
    base = find_manifest(lake, previous) if previous else None
    if previous and base is None and not ours and read_latest(lake) != found:
        return begin(lake, release)  # others published in between, and dropped it
    if previous and base is None:
        raise Conflict(f"{lake.url}: {release} follows {previous}, which is no longer kept; use a new id")
    return Start(base, latest, tag, published)


@contextmanager
def not_overtaken(lake: Store, release: str, start: Start) -> Iterator[None]:
    """Raises `Conflict` where a file is missing since others published so much meanwhile that garbage
    collection dropped it, `Failed` where one is missing without that."""
    try:
        yield
    except Missing as gone:
        told = _overtaken(lake, release, start)
        raise told or Failed(f"{lake.url}: {gone.args[0]} is missing") from None


def swap_in(lake: Store, manifest: Manifest, start: Start) -> None:
    """Create the manifest, then swap `latest.json` to it if it still is what it was at the start."""
    key, data = manifest_key(manifest.release), manifest.to_json()
    if not start.published and (told := _overtaken(lake, manifest.release, start)):
        raise told  # a manifest made now might name files that are dropped already
    created = lake.put_if_absent(key, data)
    if not created and not lake.exists(key):
        raise Failed(f"{lake.url}: {key} is said to be there and is not; run it again")
    if not created and lake.get(key) != data:
        raise Conflict(f"{lake.url}: release {manifest.release} exists with other content; use a new id")
    if start.published:
        if created:  # it was dropped meanwhile; made anew it names files that are gone
            lake.delete(key)
            raise Conflict(f"{lake.url}: release {manifest.release} was dropped since this run began")
        return
    try:
        _swap(lake, Latest(manifest.release, manifest.previous, key), start)
    except Conflict:
        now = read_latest(lake)
        if now and _came_out(lake, now[0], manifest.release):
            return  # a twin of this run was quicker, or the answer to our own swap was lost
        if created:
            lake.delete(key)  # it never was a release; the next try may use the id again
        raise _lost(lake, manifest.release, start, created) from None


def _swap(lake: Store, to: Latest, start: Start) -> None:
    """Raises `Conflict` if `latest.json` does not say what it said at the start, but for what is dropped."""
    latest, tag = start.latest, start.tag
    while True:
        dropped = latest.dropped if latest else ()
        if (latest.release if latest else None) != to.previous or to.release in dropped:
            raise Conflict(f"{lake.url}: {LATEST} was changed by somebody else")
        try:
            lake.swap(LATEST, replace(to, dropped=dropped).to_json(), tag)
            return
        except Conflict:
            now = read_latest(lake)
            if not now or not latest or now[0] == latest or replace(now[0], dropped=dropped) != latest:
                raise
            latest, tag = now


def _overtaken(lake: Store, release: str, start: Start) -> Conflict | None:
    """What to say if readers have another release by now than at the start, and never had this one."""
    now = read_latest(lake)
    was = start.latest and replace(start.latest, dropped=())
    if not now or replace(now[0], dropped=()) == was or _came_out(lake, now[0], release):
        return None
    return _lost(lake, release, start, again=True)


def _lost(lake: Store, release: str, start: Start, again: bool) -> Conflict:
    now, base = read_latest(lake), start.base.release if start.base else "an empty lake"
    winner = f"{now[0].release} was published" if now else "something happened"
    if now and now[0].release == base:  # readers have the same, or again
        winner = "another release was published and gone back from, or this one dropped,"
    again = again and not (now and release in now[0].dropped)
    return Conflict(
        f"{lake.url}: {winner} since this run began from {base}; {release} was not released, "
        f"{'run it again' if again else 'publish under a new id'}"
    )


def _came_out(lake: Store, latest: Latest, release: str) -> bool:
    """Whether readers have the release, or had it, and it is not dropped."""
    heads = () if release in latest.dropped else (latest.release, latest.previous)
    return any(_descends(lake, head, release) for head in heads)


def _descends(lake: Store, release: str | None, ancestor: str) -> bool:
    """True if `ancestor` is `release` or one of the releases it follows."""
    at = release
    while at and at != ancestor:
        manifest = find_manifest(lake, at)
        at = manifest.previous if manifest else None
    return at == ancestor
