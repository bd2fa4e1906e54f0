"""The pages that belong to no story: the digest, which holds three in short, and the four faulty pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from infra.demo.content import Story, Version
from infra.demo.treat import Piece

HUGE_BYTES = 30 << 20
_OPENING = (
    "Good day, and thank you for spending a few minutes of it with us. Our editors went through what came in "
    "overnight so that you do not have to; these are the three stories that everybody at the desk was still "
    "talking about when the second pot of coffee ran out."
)
_BRIDGES = (
    "From there to something quieter, though the people concerned would hardly call it so.",
    "And one to read aloud to whoever is buttering the toast:",
)
_CLOSING = (
    "That is the briefing for Thursday. It returns tomorrow at the usual hour, with a quiz and fewer "
    "adjectives."
)


@dataclass(frozen=True, slots=True)
class FaultPage:
    """A single page that cannot be used: `fault` is charset, impossible_date, empty or huge."""

    fault: str
    site_id: str
    story: Story


def digest_piece(stories: tuple[Story, ...], paragraphs: tuple[int, ...]) -> Piece:
    """Three stories in short: headline and first paragraphs of each, with sentences of its own between."""
    lines = [_OPENING]
    for number, (story, count) in enumerate(zip(stories, paragraphs, strict=True)):
        version = story.versions[0]
        lines += [version.headline, *version.paragraphs[:count]]
        lines += _BRIDGES[number : number + 1]
    return Piece(
        headline="Morning briefing: Three things to know this Thursday",
        byline="By the Lantern Post briefing desk",
        paragraphs=(*lines, _CLOSING),
        section="Briefing",
        topic="Briefing",
    )


def _page(key: str, headline: str, *paragraphs: str) -> Story:
    at = datetime(2026, 3, 5, 11, 0, tzinfo=UTC)
    return Story(
        key=f"fault-{key}", service="", town="", byline="By Newsroom staff", dateline="", section="Local",
        topic="Local", photo_caption="", photo_credit="", footer=(), contributors="", other_headlines=(),
        versions=(Version("first", at, "", headline, paragraphs),),
    )  # fmt: skip


FAULT_PAGES = (
    FaultPage(
        "charset",
        "millhavenledger",
        _page(
            "charset",
            "Archive of the old Ledger presses goes to the county museum",
            "Eleven crates of brass matrices left the basement of the Ledger building on Wednesday, the "
            "first time in ninety years that nothing in the house could be printed without electricity.",
            "Foreman Osgood Tremaine, who set his last page by hand in 1978, counted the crates onto the "
            "truck and signed for each of them with the same green pencil.",
            "The county museum means to show them from June, beside a press that visitors may turn.",
        ),
    ),
    FaultPage(
        "impossible_date",
        "krvf",
        _page(
            "impossible-date",
            "Snow fences along the Ravenna Falls bypass come down early",
            "Road crews started to roll up the snow fences on the Ravenna Falls bypass this week, a month "
            "ahead of the calendar, after the warmest stretch that foreman Delia Quist can remember.",
            "The fences, four miles of orange mesh, will be stored in the old grain shed at Tolley Corner, "
            "where mice ate most of a roll two winters ago.",
            "If winter returns, Quist said, her people can have them standing again within two days.",
        ),
    ),
    FaultPage(
        "empty", "wwmr", _page("empty", "Watch: Drone over the frozen marina", "Watch the video above.")
    ),
    FaultPage(
        "huge",
        "harrowpointbeacon",
        _page(
            "huge",
            "Every parcel in the county, with its new assessment",
            "The assessor published the whole roll at once, and so do we: one line a parcel, in map order.",
        ),
    ),
)
