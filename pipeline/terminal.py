"""What people see on a terminal; nothing here computes, and a log file gets plain lines.

Progress goes to stderr, results to stdout, so that results can be piped. Page text is printed as
text: markup in it is never interpreted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table
from rich.text import Text

from pipeline.inspect import ReleaseRow, TwoTexts
from pipeline.story.explain import BOTH, CHANGED, ONLY_A, ONLY_B, Stretch, stretches

_BAR = 40  # characters
_STYLES = {BOTH: "", ONLY_A: "red", ONLY_B: "green"}

Report = Callable[[int, int], None]


class _Rate(ProgressColumn):
    """How many a second."""

    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else f"{task.speed:,.0f}/s")


class Screen:
    """Progress and one line a step. `seconds`: how long each step took."""

    def __init__(self, quiet: bool = False) -> None:
        self._console = Console(stderr=True, highlight=False, quiet=quiet)
        self.seconds: dict[str, float] = {}

    @contextmanager
    def progress(self, step: str, unit: str = "pages") -> Iterator[Report]:
        """A bar with rate and time left; yields what to call with (done, total)."""
        amount: ProgressColumn = TransferSpeedColumn() if unit == "bytes" else MofNCompleteColumn()
        columns = (TextColumn("{task.description:<12}"), BarColumn(), amount, TimeRemainingColumn())
        with (
            self.busy(step),
            Progress(*columns, console=self._console, transient=True) as bars,
        ):
            bar = bars.add_task(step, total=None)
            yield lambda done, total: bars.update(bar, completed=done, total=total)

    @contextmanager
    def stages(self, step: str) -> Iterator[Callable[[str, int, int], None]]:
        """The same for a step of stages, a bar for each; yields what to call with (stage, done, total)."""
        columns = (BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
        bar, now = None, ""
        with (
            self.busy(step),
            Progress(
                TextColumn("{task.description:<12}"), *columns, console=self._console, transient=True
            ) as bars,
        ):

            def tell(stage: str, done: int, total: int) -> None:
                nonlocal bar, now
                if bar is None or stage != now:
                    if bar is not None:
                        bars.remove_task(bar)
                    bar, now = bars.add_task(f"{step} {stage}", total=total), stage
                bars.update(bar, completed=done, total=total)

            yield tell

    @contextmanager
    def busy(self, step: str) -> Iterator[None]:
        """Time a step."""
        start = time.perf_counter()
        yield
        self.seconds[step] = round(time.perf_counter() - start, 2)

    def line(self, step: str, **figures: object) -> None:
        """One line of what a step found."""
        told = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in figures.items())
        self._console.print(Text.assemble((f"{step:<8} ", "bold"), told), soft_wrap=True)

    def warn(self, message: str) -> None:
        """One line of what should be looked at."""
        self._console.print(Text.assemble(("warning  ", "bold yellow"), message), soft_wrap=True)

    def done(self, message: str) -> None:
        Console(highlight=False).print(Text(message))


def show_pair(found: TwoTexts) -> None:
    """The verdict on two republications and their paragraphs side by side."""
    console = Console(highlight=False)
    figures = (
        f"Jaccard {found.jaccard:.3f}; {found.containment_ab:.1%} of a in b, {found.containment_ba:.1%} of b "
        f"in a; {found.shared_shingles} shared shingles"
    )
    verdict = "one story" if found.same_story else "two stories"
    score = "" if found.score is None else f", score {found.score:+.2f}"
    console.print(Text(f"{verdict}: {found.decision} by rule {found.rule}{score}", style="bold"))
    console.print(Text(figures))
    if found.contributions:
        console.print(_waterfall(found))
    table = Table(show_lines=True, expand=True)
    for side in (found.a, found.b):
        table.add_column(Text(f"{side.doc_id} · {side.outlet_id}\n{side.headline}"), ratio=1)
    for row in found.paragraphs:
        if row.kind == CHANGED:
            table.add_row(*map(_edited, stretches(row.a or "", row.b or "")))
        else:
            table.add_row(
                Text(row.a or "", style=_STYLES[row.kind]), Text(row.b or "", style=_STYLES[row.kind])
            )
    console.print(table)


def _waterfall(found: TwoTexts) -> Table:
    """What each figure added to the score, the strongest first, as bars from where the last one ended."""
    table = Table("figure", "value", "adds", "score so far", "", box=None, pad_edge=False)
    reached = found.base
    sums = [reached := reached + one.weight for one in found.contributions]
    low = min(0.0, found.base, *sums)
    scale = _BAR / max(max(0.0, found.base, *sums) - low, 1e-9)
    before = found.base
    table.add_row("(average pair)", "", "", f"{before:+.2f}", "")
    for one, after in zip(found.contributions, sums, strict=True):
        start, end = (round((edge - low) * scale) for edge in sorted((before, after)))
        bar = Text(" " * start + "█" * max(end - start, 1), style="green" if one.weight > 0 else "red")
        table.add_row(one.figure, f"{one.value:.2f}", f"{one.weight:+.2f}", f"{after:+.2f}", bar)
        before = after
    return table


def show_tuned(fitted: Mapping[str, Any], kinds: Sequence[tuple[str, str, int, int]]) -> None:
    """What a scorecard was fitted on, how good it is on pairs it did not see, and on what kinds."""
    console = Console(highlight=False)
    console.print(f"{fitted['pairs']} pairs, {fitted['copies']} of them copies; cross-validated:")
    quality = fitted["cross_validated"]
    console.print("  ".join(f"{name} {value:.4f}" for name, value in quality.items()), style="bold")
    table = Table("label", "kind", "right", "of", box=None, pad_edge=False)
    for row in kinds:
        table.add_row(*(Text(str(cell)) for cell in row))
    console.print(table)


def _edited(side: Sequence[Stretch]) -> Text:
    """A paragraph with the words marked that the other side does not have."""
    parts = (Text(part.text, style="" if part.shared else "bold yellow") for part in side)
    return Text(" ").join(parts)


def show_said(rows: pa.Table) -> None:
    """One line a judgement or takedown."""
    table = Table(*(name.replace("_", " ") for name in rows.column_names), box=None, pad_edge=False)
    for row in rows.to_pylist():
        cells = row | {"at": f"{row['at']:%Y-%m-%d %H:%M}"}
        table.add_row(*map(Text, cells.values()))
    Console(highlight=False).print(table)


def show_releases(rows: Sequence[ReleaseRow]) -> None:
    """One line a release; the current one is marked."""
    table = Table(box=None, pad_edge=False)
    for name in ("", "release", "made at", "stories", "copies", "changed", "checks failed"):
        table.add_column(name, no_wrap=name in ("release", "made at"))
    for row in rows:
        mark = "*" if row.current else ""
        cells = (mark, row.release, f"{row.created_at:%Y-%m-%d %H:%M}", row.stories, row.republications)
        warned = ", ".join(row.checks_failed)
        table.add_row(*(Text(str(cell)) for cell in (*cells, row.changed_stories, warned)))
    Console(highlight=False).print(table)


def show_checks(release: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """One line a check, those that do not hold first and in colour."""
    console = Console(highlight=False)
    table = Table("", "check", "level", "value", "", "limit", "detail", box=None, pad_edge=False)
    for row in sorted(rows, key=lambda row: (row["ok"], row["level"])):
        style = "" if row["ok"] else "bold red" if row["level"] == "error" else "yellow"
        cells = (
            *("ok" if row["ok"] else "no", row["check"], row["level"], f"{row['value']:g}"),
            *(row["comparison"], f"{row['limit']:g}", row["detail"] or ""),
        )
        table.add_row(*map(Text, cells), style=style)
    console.print(table)
    wrong = [row["level"] for row in rows if not row["ok"]]
    told = f"{len(rows)} checks, {wrong.count('error')} errors, {wrong.count('warn')} warnings"
    console.print(Text(f"release {release}: {told}"))
