"""`make bench-extract`: wirefold's bodies beside trafilatura's, on pages in the order of their times.

    python -m tests.benchmarks.extraction [FOLDER …] [--pages N] [--markdown FILE]

Without folders, pages of the demo network's outlets. Exit code 1 if a claim does not hold.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice, pairwise
from pathlib import Path
from statistics import mean

from rich.console import Console

from infra.demo.content import load_content
from infra.demo.network import build
from infra.demo.pages import page_bytes
from pipeline.extract.credit import WireRules, load_rules
from pipeline.extract.page import extract_page
from pipeline.ingest.inputs import read_pages
from pipeline.model import RawPage, Run
from pipeline.params import Params
from tests.benchmarks import report
from tests.benchmarks.bodies import CHECKED, EVIDENT, KNOWN, LEARNING, Measured, measure
from tests.benchmarks.report import Claim, Section

F1, FASTER, FASTER_KNOWN = 0.97, 5.0, 10.0
RUN = Run.at(datetime(2026, 11, 25, tzinfo=UTC))
PARAMS = Params()
_NUMBERS = (6, 21, 1 << 30)
_COLUMNS = ("pages", "F1", "worst tenth", "F1 to full path", "trafilatura ms", "body ms", "page ms")


def main(folders: Sequence[Path], pages: int, out: Path | None) -> int:
    rules = load_rules()
    raws = in_time_order(folders, rules) if folders else list(islice(demo_pages(pages), pages))
    Console(stderr=True).print(f"[dim]{len(raws):,} pages[/dim]")
    found = list(measure(raws, rules, RUN, PARAMS))
    sections = [by_way(found), by_number(found), by_outlet(found), report.verdict(claims_of(found))]
    for section in sections:
        report.show(section)
    if out:
        out.write_text(report.markdown(sections), encoding="utf-8")
    return int(any(claim.held is False for claim in claims_of(found)))


def in_time_order(folders: Sequence[Path], rules: WireRules) -> list[RawPage]:
    """The pages of folders by the times that they state, those without one last."""
    dated = []
    for folder in folders:
        for raw in read_pages(folder, RUN, PARAMS):
            page = extract_page(raw, rules, PARAMS, RUN).page
            dated.append(
                (page.published_at if page and page.published_at else RUN.now, raw.doc_id or "", raw)
            )
    return [raw for *_, raw in sorted(dated, key=lambda row: row[:2])]


def demo_pages(pages: int) -> Iterator[RawPage]:
    """Pages of the demo network's outlets, by the time at which they came out."""
    inserts = load_content().inserts
    network = build(scale=1 + pages // 300)
    copies = [copy for copy in network.copies if not copy.fault and copy.site.readable]
    for copy in sorted(copies, key=lambda copy: (copy.showings[0].at, copy.url)):
        showing = copy.showings[-1]
        yield RawPage(copy.url, page_bytes(copy, showing, inserts), RUN.now)


def by_way(found: Sequence[Measured]) -> Section:
    rows = [
        _row(way, [page for page in found if page.way == way]) for way in (KNOWN, EVIDENT, CHECKED, LEARNING)
    ]
    return Section(
        "Bodies, by how they were read", ("read", *_COLUMNS), [*filter(None, rows), _row("all", found)]
    )


def by_number(found: Sequence[Measured]) -> Section:
    """What learning costs is paid at an outlet's first pages."""
    rows = []
    for first, last in pairwise((1, *_NUMBERS)):
        name = f"from the {first}." + (f" to the {last - 1}." if last < _NUMBERS[-1] else "")
        rows.append(_row(name, [page for page in found if first <= page.number < last]))
    return Section(
        "Bodies, by the page's number at its outlet", ("page", *_COLUMNS), list(filter(None, rows))
    )


def by_outlet(found: Sequence[Measured]) -> Section:
    outlets = sorted({page.outlet for page in found})
    rows = [_row(outlet, [page for page in found if page.outlet == outlet]) for outlet in outlets]
    return Section("Bodies, by outlet", ("outlet", *_COLUMNS), rows)


def _row(name: str, found: Sequence[Measured]) -> tuple[str, ...]:
    if not found:
        return ()
    times = (mean(getattr(page, field) for page in found) for field in ("rival_ms", "body_ms", "page_ms"))
    worst = sorted(page.f1 for page in found)[: max(len(found) // 10, 1)]
    return (
        name,
        f"{len(found):,}",
        f"{mean(page.f1 for page in found):.3f}",
        f"{mean(worst):.3f}",
        f"{mean(page.full_f1 for page in found):.3f}",
        *(f"{milliseconds:.2f}" for milliseconds in times),
    )


def claims_of(found: Sequence[Measured]) -> list[Claim]:
    """What is claimed of extraction, and what was measured."""
    known = [page for page in found if page.way == KNOWN]
    agreement = mean(page.f1 for page in found)
    return [
        Claim(f"F1 with trafilatura at least {F1}", f"{agreement:.3f}", agreement >= F1),
        _faster("over all pages", found, FASTER),
        _faster("where the template is known", known, FASTER_KNOWN),
    ]


def _faster(where: str, found: Sequence[Measured], times: float) -> Claim:
    claim = f"{times:.0f} times less CPU than trafilatura {where}"
    if not found:
        return Claim(claim, "not measured", None)
    ratio = sum(page.rival_ms for page in found) / sum(page.body_ms for page in found)
    return Claim(claim, f"{ratio:.1f}", ratio >= times)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-extract", description=__doc__.partition("\n")[0])
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER", help="pages of your own")
    parser.add_argument("--pages", type=int, default=600, help="of the demo network")
    parser.add_argument("--markdown", type=Path, help="write the tables here, too")
    return parser.parse_args()


if __name__ == "__main__":
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    given = arguments()
    sys.exit(main(given.folders, given.pages, given.markdown))
