"""Three days of the demo network: what comes on the next two days, what is true of it, and what a lake says.

`python -m tests.e2e.three_days` prints each truth with what was expected and what was found.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from rich.console import Console
from rich.table import Table

from infra.demo.content import Story, Version
from infra.demo.network import PLAIN, Copy, Network, Showing, build
from infra.demo.sites import Site as Place
from infra.demo.truth import Truth
from pipeline.judge import judge
from tests.e2e.network import EVENING, Site, site

Row = dict[str, Any]
MOMENTS = (
    *(EVENING.replace(hour=hour) for hour in (11, 15, 18, 20)),
    *(EVENING.replace(day=6, hour=hour) for hour in (9, 20)),
    *(EVENING.replace(day=7, hour=hour) for hour in (11, 20)),
)
KILLED = "afp-vaccine-claim"
_BRIDGE = (
    "The ferry board of Orvale voted on Thursday to dredge the eastern channel for the first time in "
    "nineteen years, after three ships touched ground there within a month.",
    "Pilots had asked for it since the autumn, when a bank of gravel moved two hundred yards towards "
    "the fairway and the leading lights no longer led anybody clear of it.",
    "The work is to begin in April, cost the harbour 4.1 million marks and keep the night boat in "
    "port for eleven days, said Tilda Marrow, who chairs the board.",
    "Fishermen of the south quay fear for the mussel beds below the old customs house, which supply "
    "half of the town's kitchens and nearly all of its summer fair.",
    "A survey by the coast office found that the gravel carries little mud, and that most of what is "
    "stirred up would settle within a tide of the place where it was lifted.",
    "The dredger is the same that cleared the locks at Pell in the year of the great ice, and its "
    "crew of fourteen will lodge in the empty school on Kiln Street.",
    "Two members voted against the plan because the board had not asked the fishermen before it asked"
    " for bids, which opened in January and closed within nine days.",
    "The first soundings after the work are due in June; until they are made the pilots will take no "
    "ship of more than six fathoms through the channel after dark.",
)


@dataclass(frozen=True, slots=True)
class Found:
    """One truth: what was expected of the lake, and what it says."""

    truth: str
    expected: str
    found: str

    @property
    def holds(self) -> bool:
        return self.expected == self.found


def three_days(*given: Any, **options: Any) -> Network:
    """The network and what comes after its day: a copy that is two days late, and a story of which two
    outlets run a part each before a third one runs the whole."""
    network = build(*given, **options)
    story, late, takers = next(_missing(network))
    morning = EVENING.replace(day=7, hour=9)
    extra = [Copy(late, "wire", story, (Showing(0, morning),), "/news/two-days-late.html", PLAIN)]
    first, second, third = takers[:3]
    parts = (
        ("head", first, _BRIDGE[:5], EVENING.replace(day=6, hour=8)),
        ("tail", second, _BRIDGE[3:], EVENING.replace(day=6, hour=18)),
        ("whole", third, _BRIDGE, EVENING.replace(day=7, hour=10)),
    )
    for part, place, paragraphs, at in parts:
        version = Version("first", at, "", "Orvale to dredge its eastern channel", paragraphs)
        told = replace(story, key=f"orvale-{part}", versions=(version,), other_headlines=())
        extra.append(Copy(place, "wire", told, (Showing(0, at),), f"/news/orvale-{part}.html", PLAIN))
    return replace(network, copies=(*network.copies, *extra))


def _missing(network: Network) -> Iterator[tuple[Story, Place, list[Place]]]:
    """Stories of one version, an outlet that could have run each and did not, and all that could."""
    for story in dict.fromkeys(copy.story for copy in network.copies if copy.kind == "wire"):
        takers = [place for place in network.sites if place.readable and story.service in place.services]
        ran = {copy.site.site_id for copy in network.copies if copy.story is story}
        idle = [place for place in takers if place.site_id not in ran]
        if len(story.versions) == 1 and idle and len(takers) > 2:
            yield story, idle[0], takers


@contextmanager
def days(folder: Path) -> Iterator[Site]:
    """The network after its three days, judged once between the second and the third."""
    with patch("infra.demo.server.build", three_days), site(folder) as network:
        for moment in MOMENTS:
            if moment.day == 7 and moment.hour == 11:
                _judge(network)
            network.run(moment)
        yield network


def _judge(network: Site) -> None:
    """Tell two copies of the most copied story apart, and join two local stories that share no word."""
    a, b = _told_apart(network)
    c, d = _told_same(network)
    at = MOMENTS[5] + timedelta(hours=1)
    judge(network.lake(), a, b, "different", by="petra", at=at, why="two hearings on one day")
    judge(network.lake(), c, d, "same", by="petra", at=at, why="one fair under two names")


def _told_apart(network: Site) -> tuple[str, str]:
    stories = network.rows("stories")
    story = max(stories, key=lambda row: (row["n_outlets"], row["story_id"]))["story_id"]
    copies = sorted(row["doc_id"] for row in network.rows("republications") if row["story_id"] == story)
    return copies[0], copies[1]


def _told_same(network: Site) -> tuple[str, str]:
    pages = network.truth()
    copies = [(row["doc_id"], pages[row["url_normalised"]].kind) for row in network.rows("republications")]
    local = sorted(doc for doc, kind in copies if kind == "local")
    return local[0], local[-1]


def table(network: Site) -> list[Found]:
    """Each truth with what was expected of the lake and what it says."""
    names = ("republications", "stories", "versions", "pickups", "changes", "registry", "edges")
    lake = {name: network.rows(name) for name in names}
    pages = network.truth()
    told = [(row, pages[row["url_normalised"]]) for row in lake["republications"]]
    wires = [(row, page) for row, page in told if page.kind == "wire"]
    return [*_versions(wires, lake), *_copies(wires), *_identity(network, told, lake)]


def _versions(wires: list[tuple[Row, Truth]], lake: dict[str, list[Row]]) -> Iterator[Found]:
    shown = [(row, page) for row, page in wires if row["replaced_at"] is None and row["gone_at"] is None]
    right = sum(row["version_no"] == page.version for row, page in shown)
    yield Found("version frozen per outlet", f"{len(shown)} of {len(shown)}", f"{right} of {len(shown)}")
    behind = {row["outlet_id"] for row, page in shown if "uncorrected" in page.treatments}
    late = [row for row, _ in shown if row["outdated_by"] == "correction"]
    yield Found(
        "never corrected", ", ".join(sorted(behind)), ", ".join(sorted({row["outlet_id"] for row in late}))
    )
    behind = {row["outlet_id"] for row, page in shown if page.story == KILLED}
    killed = {row["story_id"] for row, page in shown if page.story == KILLED}
    status = {row["pub_status"] for row in lake["stories"] if row["story_id"] in killed}
    yield Found("kill", "1 story canceled", f"{len(killed)} story {', '.join(sorted(status))}")
    still = {row["outlet_id"] for row, _ in shown if row["outdated_by"] == "kill"}
    yield Found("still shown though killed", ", ".join(sorted(behind)), ", ".join(sorted(still)))


def _copies(wires: list[tuple[Row, Truth]]) -> Iterator[Found]:
    cut = {row["doc_id"] for row, page in wires if "teaser" in page.treatments}
    found = {row["doc_id"] for row, _ in wires if row["relation"] in ("truncated", "excerpt")}
    parts = {row["doc_id"] for row, page in wires if page.story in ("orvale-head", "orvale-tail")}
    yield Found("truncated", f"{len(cut | parts)} copies", f"{len(found)} copies")
    local = {row["doc_id"] for row, page in wires if {"local_top", "local_middle"} & set(page.treatments)}
    added = {row["doc_id"] for row, _ in wires if row["paragraphs_added"]}
    yield Found("local insert", f"{len(local)} copies", f"{len(added & local)} copies")


def _identity(network: Site, told: list[tuple[Row, Truth]], lake: dict[str, list[Row]]) -> Iterator[Found]:
    story_of = {row["doc_id"]: row["story_id"] for row, _ in told}
    late = next(row for row, _ in told if row["url_normalised"].endswith("/two-days-late.html"))
    pickup = next(
        row
        for row in lake["pickups"]
        if (row["story_id"], row["outlet_id"]) == (late["story_id"], late["outlet_id"])
    )
    story = next(row for row in lake["stories"] if row["story_id"] == late["story_id"])
    ranks = story["n_outlets"]
    yield Found(
        "late arrival", f"rank {ranks}, on day 3", f"rank {pickup['pickup_rank']}, on day {_day(pickup)}"
    )
    bridge = {row["story_id"] for row, page in told if page.story.startswith("orvale-")}
    merges = [row for row in lake["changes"] if row["change"] == "merged_into"]
    led = {row["story_id"]: row["current_story_id"] for row in lake["registry"] if row["state"] == "merged"}
    merged = [row for row in merges if led.get(row["story_id"]) in bridge]
    yield Found(
        "merge by a late bridge", "1 story, 1 merged_into", f"{len(bridge)} story, {len(merged)} merged_into"
    )
    said = [row for row in lake["edges"] if row["decided_by"] == "human"]
    for verdict, decision in (("split", "refused"), ("joined", "accepted")):
        rows = [row for row in said if row["decision"] == decision]
        apart = [story_of[row["doc_id_a"]] != story_of[row["doc_id_b"]] for row in rows]
        expected = f"1 pair, apart {decision == 'refused'}"
        yield Found(f"{verdict} by judgement", expected, f"{len(rows)} pair, apart {all(apart)}")
    splits = [row for row in lake["changes"] if row["change"] == "split_from"]
    yield Found("its event", "split_from", ", ".join(sorted({row["change"] for row in splits})))


def _day(row: Row) -> int:
    return int((row["first_seen_at"].date() - EVENING.date()).days) + 1


def printed(rows: list[Found]) -> str:
    """The table as text."""
    shown = [("truth", "expected", "found"), *((row.truth, row.expected, row.found) for row in rows)]
    first, second = (max(len(row[column]) for row in shown) for column in (0, 1))
    return "".join(f"{a:<{first}}  {b:<{second}}  {c}\n" for a, b, c in shown)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder, days(Path(folder)) as network:
        rows = table(network)
    shown = Table("truth", "expected", "found", "")
    for row in rows:
        shown.add_row(row.truth, row.expected, row.found, "" if row.holds else "WRONG")
    Console().print(shown)
    return int(not all(row.holds for row in rows))


if __name__ == "__main__":
    sys.exit(main())
