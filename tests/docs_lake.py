"""A small lake for the examples of the docs: three wire stories on five outlets, told in our own fiction."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from pathlib import Path

from pipeline import intake, steps
from pipeline.config import Config
from pipeline.lake import takedowns
from pipeline.lake.locate import open_store
from pipeline.model import Outlet, Run

RUN = Run.of("20260305T200000Z")
OUTLETS = (
    Outlet("kmrx.example", "KMRX Morrow Bay", "kmrx.example", owner_group="Larkfield", call_sign="KMRX"),
    Outlet("ktbl.example", "KTBL Tamber", "ktbl.example", owner_group="Larkfield", call_sign="KTBL"),
    Outlet("kolm.example", "KOLM Olmsted", "kolm.example", owner_group="Larkfield", call_sign="KOLM"),
    Outlet("harrowdaily.example", "The Harrow Daily", "harrowdaily.example", owner_group="Tidewater"),
    Outlet("ledger.example", "Quillon Ledger", "ledger.example"),
)

FERRY = (
    "VARNHOLM (CNN) — The night ferry between Varnholm and the outer skerries sailed for the last time on"
    " Wednesday with forty passengers, two goats and a brass band that had rehearsed in the engine room.",
    "The crossing took nine hours in calm weather and was known for its pea soup, which the cook, Ottar "
    "Lindqvane, had simmered from the same handwritten recipe since the vessel was launched.",
    "A tunnel that opens in April will carry the same journey in eighteen minutes. Islanders voted for it"
    " by a margin of seven ballots after a winter in which the harbor froze and the mail came by sledge.",
    "“You cannot fall asleep in a tunnel and wake up somewhere else,” said Signe Aldermoor, a teacher who"
    " graded thirty years of essays in the forward saloon. “I shall have to find another desk.”",
    "The hull goes to a museum in Brackwater, where visitors will be able to sleep in the cabins. The "
    "timetable will be kept on the wall and the ship’s clock will stay one minute slow, as it always was.",
)
FERRY_END = (
    "The-CNN-Wire",
    "™ & © 2026 Cable News Network, Inc., a Warner Bros. Discovery Company. All rights reserved.",
)
FERRY_LOCAL = (
    "In Harrow the news was read aloud at the fish market, where Councilwoman Petra Sandgren said the "
    "town would ask for the ship’s second bell. It hung in the market hall until the fire of 1961, and "
    "the hook is still there.",
    "A Harrow bakery has already named a loaf after the vessel. It is dense, keeps for nine hours and is "
    "sold only to people who can show an old ticket, according to the baker, Ivo Marchetti.",
)
MIRROR = (
    "DRUMLIN HEIGHTS, Ore. (AP) — Astronomers at the Drumlin observatory uncovered a mirror on Wednesday "
    "that had stood forgotten in a dairy barn for sixty years under a tarpaulin and several generations "
    "of swallows.",
    "The glass, two meters wide, was ground by hand in the 1950s by a retired optician, Casimir Holloway,"
    " who paid for the blank by selling a herd of prize Jerseys and never told his family what it was "
    "for.",
    "Tests this winter showed that its curve is true to within a fraction of a wavelength of green light."
    " The observatory’s director, Wilhelmina Achterberg, said a modern workshop would have been proud of "
    "it.",
    "The mirror will be coated with aluminum in June and carried up the mountain on a truck that moves at"
    " walking pace. Schoolchildren along the road have been asked to keep their kites on the ground.",
    "First light is planned for the autumn. The family has asked that the telescope be pointed, before "
    "anything else, at the barn, so that the swallows can be counted.",
)
MIRROR_FIX = "Correction: An earlier version of this story misstated the mirror’s width. It is two meters."
MIRROR_END = ("Copyright 2026 The Associated Press. All rights reserved.",)
ORCHARD = (
    "PELLAM, March 4 (Reuters) - Growers in the Pellam valley agreed on Wednesday to pull out the last "
    "commercial orchard of Winter Duchess pears, a fruit so hard that it was once shipped as ballast.",
    "The variety fetched the highest price of any pear at the spring auction for a century, but fewer "
    "than nine tonnes were sold last year and most of them went to a maker of chess pieces, the "
    "cooperative said.",
    "Its chairman, Laurens Okonedo-Vry, said the land would be planted with hazel. Grafts of the Duchess "
    "are kept at three monasteries and in the garden of a ferry pilot who will not give his address.",
    "Prices for stored fruit rose by a fifth after the decision. Traders put that down to nostalgia, "
    "which they expect to last until the weather turns and the softer pears arrive from the coast.",
)
ORCHARD_END = ("(Reporting by Tindra Vask; Editing by Osric Penhallow)",)
KILL = "KILL: Editors, a kill is mandatory. The story on the Pellam orchards is withdrawn; do not use it."
# three articles of one outlet have it: its chrome
PROMO = (
    "Tides, ferries and the price of herring: the KMRX harbor letter is in your inbox every morning by six."
)
LOCAL = (
    "The Tamber swimming hall will stay open through the summer after a plumber found that the leak which"
    " had emptied it twice was a valve left ajar in 1987 by the contractor who built the diving tower. "
    "The council had set aside a million crowns for a new basin and will now spend part of it on lockers."
    " Lifeguards who had been told to look for other work were called back on Tuesday, and the water polo"
    " team has asked for its goals."
)


@dataclass(frozen=True, slots=True)
class _Page:
    outlet: str
    path: str
    headline: str
    published: str
    paragraphs: tuple[str, ...]
    byline: str = ""

    def html(self) -> str:
        text = "".join(f"<p>{escape(paragraph, quote=False)}</p>\n" for paragraph in self.paragraphs)
        byline = f"<p>{self.byline}</p>" if self.byline else ""
        return (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{self.headline}</title>'
            f'<link rel="canonical" href="https://{self.outlet}/{self.path}">'
            f'<meta property="article:published_time" content="{self.published}"></head>'
            f"<body><main><article><h1>{self.headline}</h1>{byline}\n{text}</article></main></body></html>"
        )


def _without_credit(text: str) -> str:
    return text.partition(") ")[2].lstrip("—- ")


PAGES = (
    _Page(
        "kmrx.example",
        "ferry",
        "Last night ferry leaves Varnholm",
        "2026-03-04T18:00:00Z",
        (*FERRY, PROMO, *FERRY_END),
    ),
    _Page(
        "ktbl.example", "ferry", "Last night ferry leaves Varnholm", "2026-03-04T18:20:00Z", FERRY + FERRY_END
    ),
    _Page(
        "ledger.example",
        "ferry",
        "A ferry, a brass band and two goats",
        "2026-03-04T21:00:00Z",
        (_without_credit(FERRY[0]), *FERRY[1:]),
    ),
    _Page("kolm.example", "ferry", "Night ferry makes final trip", "2026-03-04T19:30:00Z", FERRY[:3]),
    _Page(
        "harrowdaily.example",
        "ferry",
        "Harrow wants the bell of the night ferry",
        "2026-03-05T08:00:00Z",
        FERRY[:2] + FERRY_LOCAL + FERRY[2:] + FERRY_END,
    ),
    _Page(
        "kmrx.example",
        "mirror",
        "Mirror found in barn",
        "2026-03-04T20:00:00Z",
        (*MIRROR, PROMO, *MIRROR_END),
    ),
    _Page("ktbl.example", "mirror", "Mirror found in barn", "2026-03-04T20:05:00Z", MIRROR + MIRROR_END),
    _Page(
        "ledger.example",
        "mirror",
        "Barn mirror will see first light",
        "2026-03-05T06:00:00Z",
        (MIRROR_FIX, *MIRROR, *MIRROR_END),
    ),
    _Page(
        "kmrx.example",
        "pears",
        "Hardest pear loses its orchard",
        "2026-03-04T22:00:00Z",
        (*ORCHARD, PROMO, *ORCHARD_END),
    ),
    _Page(
        "kolm.example",
        "pears",
        "Hardest pear loses its orchard",
        "2026-03-04T22:30:00Z",
        (KILL, *ORCHARD, *ORCHARD_END),
    ),
    _Page("ktbl.example", "stub", "Traffic", "2026-03-05T07:00:00Z", ("Roads are clear.",)),
)


# of a page that could not be used, so that no example lacks a word
TAKEN_DOWN = {
    "takedown_id": "t_stub",
    "kind": "url",
    "value": "https://ktbl.example/stub",
    "doc_ids": [],
    "by": "petra",
    "at": RUN.now,
    "why": "the desk asked",
}


def make_lake(folder: Path) -> None:
    """A released lake in `folder`/lake, from HTML pages and a JSONL file as `wirefold cluster` takes them."""
    pages = folder / "pages"
    pages.mkdir()
    for number, page in enumerate(PAGES):
        (pages / f"{number:02d}.html").write_text(page.html())
    articles = folder / "articles.jsonl"
    row = {"doc_id": "pool", "url": "https://ktbl.example/pool", "title": "Leak found", "text": LOCAL}
    articles.write_text(json.dumps(row))
    lake = open_store(str(folder / "lake"))
    config = Config.for_files(lake.url, ())
    takedowns.append(lake, TAKEN_DOWN, 1)
    intake.take_in(lake, RUN, config, [pages, articles])
    steps.match(lake, RUN, config)
    steps.story(lake, RUN, config)
    steps.publish(lake, RUN, config, OUTLETS)
