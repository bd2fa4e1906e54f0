"""Who runs which story when, and what was done to it: a pure function of text, seed and scale.

The plan is made once; what a site shows at a moment is looked up in it. Copies of one day are out by
19:40 UTC, so a run at 20:00 sees the whole day and one an hour later finds nothing new.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import cycle, islice

from infra.demo.content import Content, Inserts, Story, Version, load_content
from infra.demo.digest import FAULT_PAGES, FaultPage, digest_piece
from infra.demo.generated import generated_local, generated_wire
from infra.demo.sites import Site, scaled_sites
from infra.demo.treat import Piece, Treatment, compose

SEED = 2026
NOW = datetime(2026, 3, 5, 20, 0, tzinfo=UTC)
_LAST_OUT = time(19, 40)
_LAG = (300, 4 * 3600)
_CUTS = ("full",) * 9 + ("teaser",) * 4 + ("local_top",) * 3 + ("local_middle",) * 3
_CREDITS = ("kept",) * 9 + ("footer", "dateline", "byline") * 2 + ("all",) * 3 + ("unlabelled",) * 2
_HEADLINES = (0,) * 6 + (1, 1, 2, 2)
PLAIN = Treatment()
# what outlets do with later versions: run one and leave it, or follow in place (-1)
_POLICIES = {"update": (-1, 0, 1, 2), "correction": (-1, 0, 1), "kill": (-1, 0)}
_SLUG = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Showing:
    """From `at` on, a page shows the story's version `number` (from 0)."""

    number: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Copy:
    """One page of one site for all time. `kind`: wire, local, digest or fault."""

    site: Site
    kind: str
    story: Story
    showings: tuple[Showing, ...]
    path: str
    treatment: Treatment = PLAIN
    parts: tuple[Story, ...] = ()
    fault: str = ""

    @property
    def url(self) -> str:
        return self.site.absolute(self.path)

    @property
    def follows(self) -> bool:
        return len(self.showings) > 1

    def at(self, now: datetime) -> Showing | None:
        """What it shows at `now`; None before it is published."""
        return next((showing for showing in reversed(self.showings) if showing.at <= now), None)

    def version(self, showing: Showing) -> Version:
        return self.story.versions[showing.number]

    def piece(self, showing: Showing) -> Piece:
        """The text it prints."""
        if self.kind == "digest":
            return digest_piece(self.parts, (2, 1, 2))
        return compose(self.story, self.version(showing), self.treatment)


@dataclass(frozen=True, slots=True)
class Network:
    """All sites and all their pages."""

    sites: tuple[Site, ...]
    copies: tuple[Copy, ...]
    inserts: Inserts

    def of(self, site: Site) -> list[Copy]:
        """The pages of a site, in the order of the plan."""
        return [copy for copy in self.copies if copy.site is site]


class Deck:
    """Deals its cards shuffled and begins anew when it is through, so that each card does come up."""

    def __init__(self, cards: Sequence[object], rng: random.Random) -> None:
        self._cards, self._rng, self._left = list(cards), rng, list[object]()

    def deal(self) -> object:
        if not self._left:
            self._left = self._rng.sample(self._cards, len(self._cards))
        return self._left.pop()


class Desk:
    """Plans the copies of stories, one after the other, from one stream of random numbers."""

    def __init__(self, sites: Sequence[Site], inserts: Inserts, seed: int) -> None:
        self._rng = random.Random(f"desk:{seed}")
        self._inserts = inserts
        self._cuts, self._credits, self._headlines = (
            Deck(cards, self._rng) for cards in (_CUTS, _CREDITS, _HEADLINES)
        )
        services = {service for site in sites for service in site.services}
        self._takers = {
            service: [site for site in sites if service in site.services and site.readable]
            for service in sorted(services)
        }
        self._room = {site.site_id: site.max_wires for site in sites if site.max_wires < 1000}

    def wire(self, story: Story) -> Iterator[Copy]:
        """4 to 12 copies; 8 at least, where the service has so many takers, of a story with versions."""
        takers = self._takers[story.service]
        least = 8 if len(story.versions) > 1 else 4
        most = min(12, len(takers))
        chosen = self._rng.sample(takers, self._rng.randint(min(least, most), most))
        kinds = {version.kind for version in story.versions[1:]}
        policies = next((_POLICIES[kind] for kind in _POLICIES if kind in kinds), (0,))
        places = [site for site in chosen if self._takes(site)]
        inserts = self._rng.sample(self._inserts.paragraphs, len(places))  # no two desks write the same
        for number, (site, policy, local) in enumerate(zip(places, cycle(policies), inserts, strict=False)):
            showings = self._showings(story, policy)
            treatment = self._treatment(site, local, plain=number < 2, versioned=len(story.versions) > 1)
            path = _path(site, story, _title(story, treatment, showings[0]), showings[0].at)
            yield Copy(site, "wire", story, showings, path, treatment)

    def unreadable(self, stories: Sequence[Story], site: Site) -> Iterator[Copy]:
        """Wire copies of a site that nobody can read; they are not among a story's 4 to 12."""
        for story in stories:
            showings = self._showings(story, 0)
            treatment = self._treatment(site, "", plain=True, versioned=False)
            yield Copy(
                site,
                "wire",
                story,
                showings,
                _path(site, story, story.versions[0].headline, showings[0].at),
                treatment,
            )

    def _takes(self, site: Site) -> bool:
        """A site with little room takes what comes until it is full."""
        left = self._room.get(site.site_id)
        if left is not None:
            self._room[site.site_id] = left - 1
        return left is None or left > 0

    def _showings(self, story: Story, policy: int) -> tuple[Showing, ...]:
        versions = story.versions
        numbers = range(len(versions)) if policy < 0 else (min(policy, len(versions) - 1),)
        return tuple(Showing(number, self._out(versions, number)) for number in numbers)

    def _out(self, versions: Sequence[Version], number: int) -> datetime:
        """When a version goes out: before the next one comes over the wire, and before the day's end."""
        published = versions[number].published
        end = datetime.combine(published.date(), _LAST_OUT, UTC)
        limits = [version.published for version in versions[number + 1 : number + 2]]
        limits += [end] if published + timedelta(seconds=_LAG[0]) < end else []
        room = min([_LAG[1], *(int((limit - published).total_seconds()) for limit in limits)])
        return published + timedelta(seconds=self._rng.randint(_LAG[0], max(_LAG[0], room)))

    def _treatment(self, site: Site, local: str, *, plain: bool, versioned: bool) -> Treatment:
        """The first two copies of a story keep text and credit; versions of one are never cut."""
        cut = "full" if plain or versioned else self._cuts.deal()
        credit = "kept" if plain else self._credits.deal()
        headline = self._headlines.deal()
        bare = credit in ("all", "unlabelled")
        return Treatment(
            teaser=self._rng.randint(2, 5) if cut == "teaser" else 0,
            local_top=local if cut == "local_top" else "",
            local_middle=local if cut == "local_middle" else "",
            headline=int(str(headline)),
            dropped=("byline", "dateline", "footer") if bare else () if credit == "kept" else (str(credit),),
            unlabelled=credit == "unlabelled",
            straight_quotes=site.straight_quotes,
            double_hyphen=site.double_hyphen,
        )


def build(seed: int = SEED, scale: int = 1, content: Content | None = None) -> Network:
    """Plan the network: the written stories, and `scale - 1` times as many generated ones."""
    content = content or load_content()
    sites = scaled_sites(scale)
    extra = len(content.wires) * (scale - 1)
    wires = [*content.wires, *(generated_wire(seed, number) for number in range(extra))]
    desk = Desk(sites, content.inserts, seed)
    copies = [copy for story in wires for copy in desk.wire(story)]
    for site in sites:
        if not site.readable:
            copies += desk.unreadable([s for s in content.wires if s.service in site.services][:4], site)
    copies += locals_of(sites, [*content.locals, *_generated_locals(sites, seed, scale, len(content.locals))])
    copies += [_briefing(sites, content.wires), *(_fault(sites, page) for page in FAULT_PAGES)]
    return Network(sites, tuple(copies), content.inserts)


def locals_of(sites: Sequence[Site], stories: Sequence[Story]) -> Iterator[Copy]:
    """Each local story on one outlet of its town; every fourth on the town's last one."""
    seen: dict[str, int] = {}
    homes: dict[str, list[Site]] = {}
    for site in sites:
        for town in site.towns:
            homes.setdefault(town, []).append(site)
    for story in stories:
        count = seen[story.town] = seen.get(story.town, 0) + 1
        site = homes[story.town][-1 if count % 4 == 0 else 0]
        version = story.versions[0]
        path = _path(site, story, version.headline, version.published)
        treatment = Treatment(straight_quotes=site.straight_quotes, double_hyphen=site.double_hyphen)
        yield Copy(site, "local", story, (Showing(0, version.published),), path, treatment)


def _generated_locals(sites: Sequence[Site], seed: int, scale: int, count: int) -> list[Story]:
    towns = sorted({town for site in sites[len(sites) // scale :] for town in site.towns})
    return [
        generated_local(seed, n, town) for n, town in enumerate(islice(cycle(towns), count * (scale - 1)))
    ]


def _briefing(sites: Sequence[Site], wires: Sequence[Story]) -> Copy:
    """The one digest: three early wires of different services that never changed."""
    early = [s for s in wires if len(s.versions) == 1 and s.versions[0].published.hour < 10]
    early.sort(key=lambda s: (s.versions[0].published, s.key))
    parts = [next(s for s in early if s.service == service) for service in ("cnn", "ap", "reuters")]
    return digest_of(sites, parts, "digest-morning-briefing")


def digest_of(sites: Sequence[Site], parts: Sequence[Story], key: str) -> Copy:
    """The portal's digest of three stories, out when all of them are."""
    site = next(site for site in sites if site.template == "portal")
    published = max(s.versions[0].published for s in parts) + timedelta(minutes=25)
    version = Version("first", published, "", digest_piece(tuple(parts), (1, 1, 1)).headline, ())
    story = Story(key, "", "", "", "", "Briefing", "", "", "", (), "", (), (version,))
    path = _path(site, story, version.headline, published)
    return Copy(site, "digest", story, (Showing(0, published),), path, parts=tuple(parts))


def _fault(sites: Sequence[Site], page: FaultPage) -> Copy:
    site = next(site for site in sites if site.site_id == page.site_id)
    version = page.story.versions[0]
    path = _path(site, page.story, version.headline, version.published)
    if page.fault == "impossible_date":
        path = path.replace("/2026/03/05/", "/2026/02/31/")
    return Copy(site, "fault", page.story, (Showing(0, version.published),), path, fault=page.fault)


def _title(story: Story, treatment: Treatment, showing: Showing) -> str:
    return compose(story, story.versions[showing.number], treatment).headline


def _path(site: Site, story: Story, headline: str, at: datetime) -> str:
    """A page's address in the manner of its CMS; it never changes."""
    slug = _SLUG.sub("-", headline.lower().replace("’", "")).strip("-")[:70].strip("-")
    number = int.from_bytes(hashlib.sha256(f"{site.site_id} {story.key}".encode()).digest()[:4]) % 9_000_000
    match site.template:
        case "northline":
            return f"/news/{at:%Y/%m/%d}/{slug}/"
        case "harborstone":
            return f"/news/{slug}-{number + 1_000_000}/"
        case "gazette":
            return f"/article?id={number + 1_000_000}"
        case "portal":
            return f"/n/{number + 1_000_000}/{slug}"
        case _:
            return f"/{at:%Y/%m/%d}/{slug}.html"
