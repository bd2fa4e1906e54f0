"""What was measured as tables, on the terminal and as Markdown, and the claims that it holds or breaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.benchmarks.engines import OURS
from tests.benchmarks.measure import Figures
from tests.benchmarks.release import Release

MICROS, F1 = 30.0, 0.98
FASTER = {"datasketch": 25.0, "rensa": 10.0, "daft": 3.0}
GROWTH, PEAK_GIB = 1.2, 4.0


@dataclass(frozen=True, slots=True)
class Section:
    """A table: its title, the names of its columns, and its rows as text."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim and what was measured. `held` is None where it could not be measured."""

    claim: str
    measured: str
    held: bool | None


def side_by_side(figures: Sequence[Figures]) -> list[Section]:
    """The engines, then the stages of each."""
    documents = f"{figures[0].documents:,} documents"
    engines = [
        (
            *(each.engine, f"{each.micros:.1f}", f"{each.peak / 2**20:,.0f}", f"{each.precision:.4f}"),
            *(f"{each.recall:.4f}", f"{each.f1:.4f}", f"{each.warm_up:.1f}"),
        )
        for each in figures
    ]
    stages = [
        (each.engine, stage, f"{seconds / each.documents * 1e6:.1f}")
        for each in figures
        for stage, seconds in each.stages.items()
    ]
    columns = ("engine", "CPU µs a document", "peak MiB", "P", "R", "F1", "warm-up CPU s")
    return [
        Section(f"Text to clusters, {documents}", columns, engines),
        Section(f"By stage, {documents}", ("engine", "stage", "CPU µs a document"), stages),
    ]


def growth(figures: Sequence[Figures]) -> Section:
    stages = list(figures[0].stages)
    rows = [
        (
            *(f"{each.documents:,}", f"{each.micros:.1f}"),
            *(f"{each.stages[stage] / each.documents * 1e6:.1f}" for stage in stages),
            *(f"{each.peak / 2**20:,.0f}", f"{each.f1:.4f}"),
        )
        for each in figures
    ]
    return Section("Growth", ("documents", "CPU µs a document", *stages, "peak MiB", "F1"), rows)


def released(release: Release) -> Section:
    n = release.documents
    took = release.steps | {"in all": release.wall}
    rows = [(step, f"{seconds:,.1f}", f"{n / max(seconds, 0.01):,.0f}") for step, seconds in took.items()]
    title = (
        f"wirefold cluster, {n:,} documents to {release.stories:,} stories: "
        f"peak {release.peak / 2**20:,.0f} MiB, CPU {release.cpu:,.0f} s"
    )
    return Section(title, ("step", "wall s", "documents a second"), rows)


def claims_of(figures: Sequence[Figures]) -> list[Claim]:
    """Of the engines side by side."""
    ours, *rivals = figures
    claims = [
        Claim(f"at most {MICROS:.0f} µs of CPU a document", f"{ours.micros:.1f}", ours.micros <= MICROS),
        Claim(f"F1 at least {F1}", f"{ours.f1:.4f}", ours.f1 >= F1),
    ]
    measured = {rival.engine: rival.micros / ours.micros for rival in rivals}
    for name, times in FASTER.items():
        found = measured.get(name)
        told = "not measured" if found is None else f"{found:.1f}"
        claims.append(
            Claim(f"{times:.0f} times as fast as {name}", told, None if found is None else found >= times)
        )
    return claims


def growth_claims(figures: Sequence[Figures]) -> list[Claim]:
    small, large = figures[0], figures[-1]
    ratio, gib = large.micros / small.micros, large.peak / 2**30
    return [
        Claim(
            f"µs a document from {small.documents:,} to {large.documents:,}: at most {GROWTH} times",
            *(f"{ratio:.2f}", ratio <= GROWTH),
        ),
        Claim(f"{large.documents:,} documents within {PEAK_GIB:.0f} GiB", f"{gib:.2f} GiB", gib <= PEAK_GIB),
    ]


def verdict(claims: Sequence[Claim]) -> Section:
    told = {True: "held", False: "NOT HELD", None: "-"}
    rows = [(claim.claim, claim.measured, told[claim.held]) for claim in claims]
    return Section("Claims", ("claim", "measured", ""), rows)


def show(section: Section) -> None:
    table = Table(*section.columns, title=section.title)
    for row in section.rows:
        table.add_row(*row)
    Console().print(table)


def markdown(sections: Sequence[Section]) -> str:
    """The sections as Markdown, each under a heading of the second level."""
    told = []
    for section in sections:
        lines = [section.columns, tuple("---" for _ in section.columns), *section.rows]
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        told.append(f"## {section.title}\n\n{table}\n")
    return "\n".join(told)


def chart(figures: Sequence[Figures], path: Path) -> bool:
    """Draw the engines' stages as bars; False without matplotlib."""
    try:
        import matplotlib
    except ImportError:
        return False
    matplotlib.use("Agg")
    from matplotlib import pyplot

    drawing, axes = pyplot.subplots(figsize=(8, 0.9 + 0.6 * len(figures)), layout="constrained")
    for each in figures:
        left = 0.0
        for stage, seconds in each.stages.items():
            width = seconds / each.documents * 1e6
            axes.barh(each.engine, width, left=left, edgecolor="white", color=_colour(stage, each))
            left += width
        axes.text(left, each.engine, f" {left:.0f} µs, F1 {each.f1:.3f}", va="center")
    axes.invert_yaxis()
    axes.set_xlabel(f"CPU µs a document, text to clusters ({figures[0].documents:,} documents)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.25)
    drawing.savefig(path, dpi=120)
    return True


def _colour(stage: str, figures: Figures) -> tuple[float, float, float, float]:
    from matplotlib import colormaps

    shades = colormaps["Blues" if figures.engine == OURS else "Greys"]
    stages = list(figures.stages)
    return shades(0.4 + 0.5 * stages.index(stage) / len(stages))
