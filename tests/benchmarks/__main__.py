"""`make bench-match`: wirefold beside the engines that people use, over one generated corpus.

    python -m tests.benchmarks [--documents N] [--growth] [--cluster [N]] [--markdown FILE]

Figures are CPU time of all threads, so that other work on the machine moves them little. Exit code 1
if a claim does not hold.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from tests.benchmarks import report
from tests.benchmarks.engines import OURS, RIVALS
from tests.benchmarks.measure import Absent, Figures, measure
from tests.benchmarks.release import release

_GROWTH = (50_000, 200_000, 1_000_000)
_CONSOLE = Console(stderr=True)


def main(documents: int, growth: bool, to_release: int, out: Path | None) -> int:
    figures = side_by_side(documents)
    sections, claims = report.side_by_side(figures), report.claims_of(figures)
    if growth:
        grown = [_measured(OURS, n) for n in _GROWTH]
        sections.append(report.growth(grown))
        claims += report.growth_claims(grown)
    if to_release:
        _CONSOLE.print(f"[dim]wirefold cluster, {to_release:,} documents[/dim]")
        sections.append(report.released(release(to_release)))
    sections.append(report.verdict(claims))
    for section in sections:
        report.show(section)
    if out:
        out.write_text(report.markdown(sections), encoding="utf-8")
        report.chart(figures, out.with_suffix(".png"))
    return int(any(claim.held is False for claim in claims))


def side_by_side(documents: int) -> Sequence[Figures]:
    """Wirefold, then those of its rivals that run."""
    figures = [_measured(OURS, documents)]
    for rival in RIVALS:
        try:
            figures.append(_measured(rival, documents))
        except Absent as absent:
            _CONSOLE.print(f"[yellow]not measured: {absent}[/yellow]")
    return figures


def _measured(engine: str, documents: int) -> Figures:
    _CONSOLE.print(f"[dim]{engine}, {documents:,} documents[/dim]")
    return measure(engine, documents)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-match", description=__doc__.partition("\n")[0])
    parser.add_argument("--documents", type=int, default=200_000, help="of the comparison")
    parser.add_argument("--growth", action="store_true", help="wirefold at 50k, 200k and 1M documents too")
    parser.add_argument(
        "--cluster",
        type=int,
        nargs="?",
        const=_GROWTH[-1],
        default=0,
        metavar="N",
        help="`wirefold cluster` on N (1M) documents, Parquet to release, too",
    )
    parser.add_argument("--markdown", type=Path, help="write the tables, and beside them a chart, here")
    return parser.parse_args()


if __name__ == "__main__":
    given = arguments()
    sys.exit(main(given.documents, given.growth, given.cluster, given.markdown))
