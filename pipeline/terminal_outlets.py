"""How the trial of a registry looks on a terminal: a line an outlet, and below it what must be mended."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.ingest.trial import SourceTrial, Trial


def show_trials(trials: Sequence[Trial]) -> None:
    """A table of the outlets, then their problems and what their feeds have that is not as it should be."""
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False)
    for name in ("outlet", "feeds", "pages", "newest", "bytes", "robots", ""):
        table.add_column(name, no_wrap=name != "outlet", overflow="fold")
    for one in trials:
        table.add_row(
            Text(one.outlet_id),
            f"{sum(map(_is_read, one.sources))}/{len(one.sources)}",
            str(one.pages),
            f"{one.newest:%Y-%m-%d %H:%M}" if one.newest else "",
            f"{one.bytes:,}" if one.bytes is not None else "",
            one.robots,
            Text("ok", "green") if one.problem is None else Text("problem", "bold red"),
        )
    console.print(table)
    for one in trials:
        if one.problem:
            console.print(Text.assemble((f"{one.outlet_id}  ", "bold red"), one.problem), soft_wrap=True)
        for source in filter(_is_read, one.sources):
            if source.reason and source.reason not in (one.problem or ""):
                line = f"{source.url}: {source.reason}"
                console.print(Text.assemble((f"{one.outlet_id}  ", "bold"), line), soft_wrap=True)


def _is_read(source: SourceTrial) -> bool:
    return source.state == "read"
