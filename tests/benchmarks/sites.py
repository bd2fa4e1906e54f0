"""The outlets of the generated corpus, each with the chrome that stands around whatever it runs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from random import Random

from tests.benchmarks.prose import Prose

OUTLETS = 240
_PLACES = "Alder Bellhaven Corrin Dunmore Eastfold Fennick Garrow Hollin Ister Juniper Kestrel Lorne"
_PAPERS = "Courier Gazette Herald Ledger News Observer Post Record Standard Star Times Tribune Voice"
_BEFORE = (
    "{name} | News, weather and sport for {place}",
    "Skip to the main part of this page",
    "Sections Local Region Nation World Business Sport Opinion Obituaries",
    "Sign up for the {name} morning letter and read {place} before breakfast",
    "Watch our newscast from {place} live at six and at ten",
    "Share this on the usual networks",
    "You have read one of five free articles this month",
)
_AFTER = (
    "Copyright 2026 {name}. All rights reserved. Nothing here may be broadcast or rewritten.",
    "Have a tip for the newsroom? Call the {name} desk in {place} or write to us at any hour.",
    "The {name} app has alerts for {place} and the counties around it, free of charge.",
    "Subscribe to {name} today: the first month costs one dollar, and a neighbour delivers it.",
    "Comments are read by people. Be kind, stay on the subject, and sign with your name.",
    "More from {name}: school closings, road works, high school scores and the tide table",
    "About us Contact Careers Advertise Terms of use Privacy Public file Contest rules",
)
# a page leaves out some of what its neighbours show
_SHOWN = 0.75


@dataclass(frozen=True, slots=True)
class Site:
    """An outlet: its host, its name, and the lines before and after each of its articles."""

    host: str
    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    def dress(self, lines: list[str], random: Random) -> str:
        """The article's lines with this page's chrome around them."""
        before = [line for line in self.before if random.random() < _SHOWN]
        after = [line for line in self.after if random.random() < _SHOWN]
        return "\n".join([*before, *lines, *after])


@cache
def sites_of(seed: int) -> tuple[Site, ...]:
    """240 outlets; some word a line of their chrome themselves."""
    random, prose = Random(seed), Prose(seed, 1 << 41)
    return tuple(_site(number, random, prose) for number in range(OUTLETS))


def _site(number: int, random: Random, prose: Prose) -> Site:
    place = f"{random.choice(_PLACES.split())} {prose.headline().split()[0]}"
    name = f"{place} {random.choice(_PAPERS.split())}"

    def some(lines: tuple[str, ...]) -> tuple[str, ...]:
        shared = random.sample(lines, random.randint(0, 3))
        own = prose.sentences(random.randint(0, 1))
        return (*(line.format(name=name, place=place) for line in shared), *own)

    host = f"{name.lower().replace(' ', '')}{number}.example"
    return Site(host, name, some(_BEFORE), some(_AFTER))
