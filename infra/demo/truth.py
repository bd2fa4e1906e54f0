"""What is true of each page at a moment, for tests and for scoring: one record a page that is out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime

from infra.demo.network import Copy, Network, Showing
from infra.demo.pages import hints_of, iso
from infra.demo.treat import SERVICES, marks_of, names_of

_EXPECT = {
    "down": "unreachable",
    "robots_all": "unreachable",
    "robots_pages": "skipped",
    "truncated_gzip": "quarantined",
}


@dataclass(frozen=True, slots=True)
class Truth:
    """One page. `kind`: wire, local, digest, kill_notice or fault; `expect`: published, quarantined,
    skipped or unreachable; `version` from 1. `marks`: where its text names the wire (byline, dateline,
    footer); `hints`: where the page does so outside its text. `parts`: stories that a digest holds.
    """

    url: str
    outlet_id: str
    story: str
    kind: str
    service: str | None
    version: int
    treatments: tuple[str, ...]
    marks: tuple[str, ...]
    hints: tuple[str, ...]
    parts: tuple[str, ...]
    headline: str
    published_at: str
    modified_at: str | None
    expect: str


def truth(network: Network, now: datetime) -> Iterator[Truth]:
    """The truth of every page that is out at `now`, in the order of the plan."""
    for copy in network.copies:
        if showing := copy.at(now):
            yield _truth(copy, showing)


def truth_line(record: Truth) -> str:
    return json.dumps(asdict(record), ensure_ascii=False)


def _truth(copy: Copy, showing: Showing) -> Truth:
    piece = copy.piece(showing)
    kill = copy.version(showing).kind == "kill"
    published = copy.showings[0].at
    return Truth(
        url=copy.url,
        outlet_id=copy.site.site_id,
        story=copy.story.key,
        kind="kill_notice" if kill else copy.kind,
        service=SERVICES.get(copy.story.service),
        version=showing.number + 1,
        treatments=treatments_of(copy, showing),
        marks=marks_of(piece, copy.story.service),
        hints=hints_of(copy),
        parts=tuple(story.key for story in copy.parts),
        headline=piece.headline,
        published_at=iso(published),
        modified_at=iso(showing.at) if showing.at != published else None,
        expect=_EXPECT.get(copy.site.fault, "quarantined" if copy.kind == "fault" else "published"),
    )


def treatments_of(copy: Copy, showing: Showing) -> tuple[str, ...]:
    """What was done to the text, how its versions were followed, and the page's fault, in words."""
    names = names_of(copy.treatment) if copy.kind in ("wire", "local") else (copy.fault or copy.kind,)
    return (*names, *_version_names(copy, showing))


def _version_names(copy: Copy, showing: Showing) -> tuple[str, ...]:
    versions = copy.story.versions
    last = len(versions) - 1
    if last == 0 or copy.kind != "wire":
        return ()
    behind = {"correction": "uncorrected", "kill": "kill_ignored"}.get(versions[-1].kind)
    reached = {"correction": "corrected", "kill": "killed"}.get(versions[-1].kind)
    how = "follows" if copy.follows else f"frozen_v{showing.number + 1}"
    state = reached if showing.number == last else behind
    return (how, state) if state else (how,)
