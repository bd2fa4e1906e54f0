"""From a copy and what it shows to the page's bytes: the same copy and showing give the same bytes.

The site's template decides how a piece is laid out and what chrome stands around it; text comes from the
piece alone.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from infra.demo.content import Inserts
from infra.demo.digest import HUGE_BYTES
from infra.demo.network import Copy, Showing
from infra.demo.sites import Site
from infra.demo.treat import SERVICES, Piece

_DESKS = {
    "cnn": "CNN Newsource",
    "ap": "Associated Press",
    "reuters": "Reuters",
    "afp": "Agence France-Presse",
    "northline": "Northline News Network",
    "harborstone": "Harborstone",
}
_NEVER = "2026-02-31T25:61:00Z"


@dataclass(frozen=True, slots=True)
class Page:
    """What a template prints. Times are strings, since one page has a time that cannot be."""

    site: Site
    piece: Piece
    url: str
    canonical: str
    description: str
    published_iso: str
    published_text: str
    modified_iso: str
    modified_text: str
    head: tuple[str, ...]
    tail: tuple[str, ...]
    authors: tuple[str, ...]
    desk: str
    source: str
    json_ld: str
    photo_id: str
    newsletter: str
    related: tuple[str, ...]
    trending: tuple[str, ...]
    comments: str
    consent: str


@cache
def templates() -> Environment:
    """The environment of all templates, pages and feeds."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["iso"] = iso
    environment.filters["rfc822"] = lambda at: format_datetime(at, usegmt=True)
    return environment


def iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def page_bytes(copy: Copy, showing: Showing, inserts: Inserts) -> bytes:
    """The page as UTF-8, or as its fault has it."""
    page = _page(copy, showing, inserts)
    template = "empty" if copy.fault == "empty" else copy.site.template
    html = templates().get_template(f"{template}.html").render(page=page)
    if copy.fault == "charset":
        return _lying(html)
    if copy.fault == "huge":
        return _huge(html)
    return html.encode()


def _page(copy: Copy, showing: Showing, inserts: Inserts) -> Page:
    site, piece = copy.site, copy.piece(showing)
    impossible = copy.fault == "impossible_date"
    published = copy.showings[0].at
    modified = showing.at if showing.at != published else None
    middle = (len(piece.paragraphs) + 1) // 2
    rng = random.Random(f"{site.site_id} {copy.story.key}")
    own = random.Random(site.site_id)
    service = "" if copy.treatment.unlabelled else copy.story.service
    return Page(
        site=site,
        piece=piece,
        url=copy.url,
        canonical=_canonical(copy),
        description=piece.paragraphs[0][:150],
        published_iso=_NEVER if impossible else _zoned(published, site),
        published_text="February 31, 2026 25:61 PM" if impossible else _spoken(published, site),
        modified_iso=_zoned(modified, site) if modified else "",
        modified_text=_spoken(modified, site) if modified else "",
        head=piece.paragraphs[:middle],
        tail=piece.paragraphs[middle:],
        authors=authors_of(piece.byline),
        desk=_DESKS.get(service, f"{site.name} staff"),
        source=_DESKS.get(service, site.name),
        json_ld=_json_ld(copy, piece, showing, impossible),
        photo_id=hashlib.sha256(copy.story.key.encode()).hexdigest()[:12],
        newsletter=own.choice(inserts.newsletter),
        consent=own.choice(inserts.consent),
        comments=own.choice(inserts.comments),
        related=tuple(rng.sample(inserts.related, 5)),
        trending=tuple(own.sample(inserts.related, 4)),
    )


def authors_of(byline: str) -> tuple[str, ...]:
    """The people of a byline: `By A B and C D, CNN` → A B, C D."""
    names = re.sub(r"^(By|by:|Compiled by) ", "", byline).split(", ")[0]
    return tuple(name for name in names.split(" and ") if name)


def hints_of(copy: Copy) -> tuple[str, ...]:
    """Where the page names its wire outside the text: json_ld, topic, desk, source, canonical."""
    site, service = copy.site, copy.story.service
    if not service or copy.treatment.unlabelled:
        return ()
    found = (
        ("json_ld", site.json_ld in ("graph", "right")),
        ("topic", site.template == "northline"),
        ("desk", site.template == "northline"),
        ("source", site.template == "portal"),
        ("canonical", _canonical(copy) != copy.url),
    )
    return tuple(where for where, holds in found if holds)


def _canonical(copy: Copy) -> str:
    """One site names CNN's own page as the canonical one."""
    if copy.site.canonical_to_origin and copy.story.service == "cnn" and not copy.treatment.unlabelled:
        return f"http://cnn.example/2026/03/05/{copy.story.key.removeprefix('cnn-')}/index.html"
    return copy.url


def _zoned(at: datetime, site: Site) -> str:
    return at.astimezone(ZoneInfo(site.time_zone)).isoformat(timespec="seconds")


def _spoken(at: datetime, site: Site) -> str:
    local = at.astimezone(ZoneInfo(site.time_zone))
    return f"{local:%B} {local.day}, {local.year} {local.hour % 12 or 12}:{local:%M} {local:%p} {local:%Z}"


def _json_ld(copy: Copy, piece: Piece, showing: Showing, impossible: bool) -> str:
    """The site's JSON-LD; empty if it has none. `</` is broken up, so that no text can end the script."""
    site = copy.site
    if site.json_ld == "none":
        return ""
    published, modified = (_zoned(at, site) for at in (copy.showings[0].at, showing.at))
    if site.json_ld == "wrong":
        published, modified = published[:19], modified[:19]
    if impossible:
        published = modified = _NEVER
    article = {
        "@type": "NewsArticle",
        "headline": piece.headline,
        "datePublished": published,
        "dateModified": modified,
        "mainEntityOfPage": copy.url,
        "articleSection": piece.section,
        "author": _json_authors(copy, piece),
        "publisher": {"@type": "Organization", "name": site.owner_group or site.name},
    }
    whole: object = {"@context": "https://schema.org", **article}
    if site.json_ld == "graph":
        pages = [{"@type": "WebPage", "@id": copy.url, "name": piece.headline}]
        crumbs = [{"@type": "BreadcrumbList", "itemListElement": []}]
        whole = {"@context": "https://schema.org", "@graph": [*pages, article, *crumbs]}
    return json.dumps(whole, ensure_ascii=False).replace("</", "<\\/")


def _json_authors(copy: Copy, piece: Piece) -> list[dict[str, str]]:
    """The station itself where the site is wrong, the desk on a station's @graph, else people and wire."""
    site = copy.site
    service = "" if copy.treatment.unlabelled else copy.story.service
    if site.json_ld == "wrong":
        return [{"@type": "Organization", "name": site.name}]
    if site.json_ld == "graph":
        return [{"@type": "Person", "name": _DESKS.get(service, f"{site.name} staff")}]
    people = [
        {"@type": "Person", "name": name}
        for name in authors_of(piece.byline)
        if name not in SERVICES.values()
    ]
    return people + ([{"@type": "Organization", "name": _DESKS[service]}] if service else [])


def _lying(html: str) -> bytes:
    """Says UTF-8, but every seventh letter of the text is a byte of the upper half, all 128 in turn.

    No charset makes words of it, so that no guess helps. Tags stay whole.
    """
    head, body = html.split("</head>")
    spoilt = (bytes([0x80 + number * 37 % 0x80]) for number in count())
    letters = count(1)

    def spoil(letter: str) -> bytes:
        return next(spoilt) if letter.isalpha() and next(letters) % 7 == 0 else letter.encode()

    parts = re.split(r"(<[^>]*>)", body)
    spoilt_parts = (part.encode() if part[:1] == "<" else b"".join(map(spoil, part)) for part in parts)
    return f"{head}</head>".encode() + b"".join(spoilt_parts)


def _huge(html: str) -> bytes:
    """The page with a line for each of a thousand parcels, over and over, 30 MiB of them."""
    lines = [
        f"<p>Parcel {number:04d}, lot {number * 37 % 977}: ${number * 7919:,}.\n" for number in range(1000)
    ]
    block = "".join(lines).encode()
    return html.encode() + block * (HUGE_BYTES // len(block) + 1)
