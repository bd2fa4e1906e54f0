"""What a desk does to a wire story: from a version and a treatment to the piece that is printed.

Nothing is done to a text that its treatment does not name, so the treatment is the truth.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from infra.demo.content import Story, Version

SERVICES = {
    "cnn": "CNN",
    "ap": "AP",
    "reuters": "Reuters",
    "afp": "AFP",
    "northline": "Northline",
    "harborstone": "Harborstone",
}
# what in a field names the service; a Reuters footer names it by its form
_NAMES = {
    "cnn": re.compile(r"\bCNN\b|Cable News Network"),
    "ap": re.compile(r"\bAP\b|Associated Press"),
    "reuters": re.compile(r"\bReuters\b|^\(Reporting by"),
    "afp": re.compile(r"\bAFP\b"),
    "northline": re.compile(r"\bNorthline\b"),
    "harborstone": re.compile(r"\bHarborstone\b"),
}
_STRAIGHT = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'"})
_DASHES = re.compile(r"\s*—\s*")


@dataclass(frozen=True, slots=True)
class Treatment:
    """What one outlet did to its copy. `headline` 0 is the wire's own; `teaser` 0 keeps all paragraphs.

    `dropped` names credits taken off: byline, dateline, footer. `unlabelled`: no trace of the wire is left,
    in the page's metadata neither.
    """

    teaser: int = 0
    local_top: str = ""
    local_middle: str = ""
    headline: int = 0
    dropped: tuple[str, ...] = ()
    unlabelled: bool = False
    straight_quotes: bool = False
    double_hyphen: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """A text as printed; the dateline stands in the first wire paragraph. Empty strings: not printed."""

    headline: str
    byline: str
    paragraphs: tuple[str, ...]
    note: str = ""
    contributors: str = ""
    footer: tuple[str, ...] = ()
    photo_caption: str = ""
    photo_credit: str = ""
    section: str = ""
    topic: str = ""
    teaser: bool = False

    def article(self) -> tuple[str, ...]:
        """Its lines from the note to the footer, without byline and photo."""
        lines = (self.note, *self.paragraphs, self.contributors, *self.footer)
        return tuple(line for line in lines if line)


def compose(story: Story, version: Version, treatment: Treatment) -> Piece:
    """Print a version of a story under a treatment."""
    dropped = treatment.dropped
    kill = version.kind == "kill"
    paragraphs = list(version.paragraphs)
    if story.dateline and "dateline" not in dropped:
        paragraphs[0] = f"{story.dateline} {paragraphs[0]}"
    if treatment.teaser and not kill:
        paragraphs = paragraphs[: treatment.teaser]
    whole = not kill and not treatment.teaser
    keeps_footer = whole and "footer" not in dropped
    piece = Piece(
        headline=_headline(story, version, treatment.headline),
        byline="" if kill or "byline" in dropped else story.byline,
        paragraphs=_with_local(paragraphs, treatment) if not kill else tuple(paragraphs),
        note=version.note,
        contributors=story.contributors if keeps_footer else "",
        footer=story.footer if keeps_footer else (),
        photo_caption="" if kill else story.photo_caption,
        photo_credit="" if kill else "File photo" if treatment.unlabelled else story.photo_credit,
        section=story.section,
        topic=story.section if treatment.unlabelled else story.topic,
        teaser=treatment.teaser > 0 and not kill,
    )
    return _typed(piece, treatment.straight_quotes, treatment.double_hyphen)


def names_of(treatment: Treatment) -> tuple[str, ...]:
    """The treatment in words, for the truth."""
    named = (
        ("full", not treatment.teaser and not treatment.local_top and not treatment.local_middle),
        ("teaser", treatment.teaser > 0),
        ("local_top", bool(treatment.local_top)),
        ("local_middle", bool(treatment.local_middle)),
        ("rewritten_headline", treatment.headline > 0),
        *((f"dropped_{mark}", mark in treatment.dropped) for mark in ("byline", "dateline", "footer")),
        ("unlabelled", treatment.unlabelled),
        ("straight_quotes", treatment.straight_quotes),
        ("double_hyphen", treatment.double_hyphen),
    )
    return tuple(name for name, holds in named if holds)


def marks_of(piece: Piece, service: str) -> tuple[str, ...]:
    """Where the printed piece names its wire: byline, dateline, footer."""
    if not service:
        return ()
    named = _NAMES[service].search
    dateline = any(
        named(paragraph[:60].split(") ", 1)[0]) for paragraph in piece.paragraphs if ") " in paragraph[:60]
    )
    closing = any(named(line) for line in (piece.contributors, *piece.footer))
    found = (("byline", bool(named(piece.byline))), ("dateline", dateline), ("footer", closing))
    return tuple(where for where, holds in found if holds)


def _headline(story: Story, version: Version, wanted: int) -> str:
    """A rewrite exists for the first version's headline only; later versions bring their own."""
    if wanted and version.kind == "first" and story.other_headlines:
        return story.other_headlines[(wanted - 1) % len(story.other_headlines)]
    return version.headline


def _with_local(paragraphs: list[str], treatment: Treatment) -> tuple[str, ...]:
    if treatment.local_top:
        paragraphs = [treatment.local_top, *paragraphs]
    if treatment.local_middle:
        middle = max(1, len(paragraphs) // 2)
        paragraphs = [*paragraphs[:middle], treatment.local_middle, *paragraphs[middle:]]
    return tuple(paragraphs)


def typed(text: str, straight_quotes: bool, double_hyphen: bool) -> str:
    """The text as a site's editor types it."""
    if double_hyphen:
        text = _DASHES.sub(" -- ", text).rstrip(" ") if "—" in text else text
    return text.translate(_STRAIGHT) if straight_quotes else text


def _typed(piece: Piece, straight: bool, dashes: bool) -> Piece:
    if not straight and not dashes:
        return piece

    def lines(values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(typed(value, straight, dashes) for value in values)

    headline, byline, note, contributors, caption = lines(
        (piece.headline, piece.byline, piece.note, piece.contributors, piece.photo_caption)
    )
    return replace(
        piece,
        headline=headline,
        byline=byline,
        note=note,
        contributors=contributors,
        photo_caption=caption,
        paragraphs=lines(piece.paragraphs),
        footer=lines(piece.footer),
    )
