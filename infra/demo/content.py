"""The network's text as values: what `text/*.toml` holds is what every site can print, and nothing else.

Files are read in the order of their names; more files and more stories may arrive at any time.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

TEXT = Path(__file__).parent / "text"


@dataclass(frozen=True, slots=True)
class Version:
    """One state of a story on the wire. `kind`: first, update, correction or kill."""

    kind: str
    published: datetime
    note: str
    headline: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """A wire story, or a local one if `service` is empty; versions in the order of their times."""

    key: str
    service: str
    town: str
    byline: str
    dateline: str
    section: str
    topic: str
    photo_caption: str
    photo_credit: str
    footer: tuple[str, ...]
    contributors: str
    other_headlines: tuple[str, ...]
    versions: tuple[Version, ...]


@dataclass(frozen=True, slots=True)
class Inserts:
    """What desks and sites put around and into a story."""

    paragraphs: tuple[str, ...]
    newsletter: tuple[str, ...]
    related: tuple[str, ...]
    comments: tuple[str, ...]
    consent: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """All text of the network."""

    wires: tuple[Story, ...]
    locals: tuple[Story, ...]
    inserts: Inserts


@cache
def load_content(folder: Path = TEXT) -> Content:
    """Read the folder's `wire_*.toml`, `local_*.toml` and `inserts.toml`."""
    read = [
        _read(path) for pattern in ("wire_*.toml", "local_*.toml") for path in sorted(folder.glob(pattern))
    ]
    stories = [_story(entry) for file in read for entry in file["story"]]
    inserts = _read(folder / "inserts.toml")
    return Content(
        wires=tuple(story for story in stories if story.service),
        locals=tuple(story for story in stories if not story.service),
        inserts=Inserts(**{name: tuple(inserts[name]) for name in Inserts.__slots__}),
    )


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _story(entry: dict[str, Any]) -> Story:
    first = Version(
        "first", entry["published"], entry.get("note", ""), entry["headline"], tuple(entry["paragraphs"])
    )
    later = [
        Version(v["kind"], v["published"], v["note"], v["headline"], tuple(v["paragraphs"]))
        for v in entry.get("version", [])
    ]
    return Story(
        key=entry["key"],
        service=entry.get("service", ""),
        town=entry.get("town", ""),
        byline=entry["byline"],
        dateline=entry.get("dateline", ""),
        section=entry["section"],
        topic=entry.get("topic", entry["section"]),
        photo_caption=entry["photo_caption"],
        photo_credit=entry["photo_credit"],
        footer=tuple(entry.get("footer", ())),
        contributors=entry.get("contributors", ""),
        other_headlines=tuple(entry.get("other_headlines", ())),
        versions=(first, *sorted(later, key=lambda version: version.published)),
    )
