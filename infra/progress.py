"""What the launcher shows while it works: a table that moves on a terminal, one line a change elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from infra.airflow_api import Task

# In the order of the way of a page; also the names of the phases in summary.json.
STEPS = ("plan", "ingest", "extract", "settle", "match", "story", "publish")
_DONE = {"success", "skipped"}
_BAD = {"failed", "upstream_failed"}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the run, added up over its mapped tasks."""

    name: str
    total: int
    done: int
    running: int
    failed: int
    retrying: int
    seconds: float

    @property
    def state(self) -> str:
        if self.failed:
            return "failed"
        if self.retrying:
            return "retrying"
        if self.total and self.done == self.total:
            return "done"
        return "running" if self.running or self.done else "waiting"


@dataclass(frozen=True, slots=True)
class Finished:
    """A run that made a release: what `publish_release` said of it, the steps' times, the start-up's."""

    now: datetime
    released: dict[str, Any]
    steps: Sequence[Step]
    start_seconds: float


def steps_of(tasks: Sequence[Task], now: datetime) -> list[Step]:
    """Add task instances up by step; `seconds` from the first start to the last end, or to now."""
    return [_step(name, [t for t in tasks if t.task.split(".")[-1] == name], now) for name in STEPS]


def _step(name: str, tasks: Sequence[Task], now: datetime) -> Step:
    begun = [t.started for t in tasks if t.started]
    ended = [t.ended or now for t in tasks if t.started]
    return Step(
        name=name,
        total=len(tasks),
        done=sum(t.state in _DONE for t in tasks),
        running=sum(t.state == "running" for t in tasks),
        failed=sum(t.state in _BAD for t in tasks),
        retrying=sum(t.state == "up_for_retry" for t in tasks),
        seconds=(max(ended) - min(begun)).total_seconds() if begun else 0.0,
    )


@dataclass(slots=True)
class Progress:
    """Seconds are counted from the launcher's start."""

    console: Console = field(default_factory=lambda: Console(highlight=False))
    begun: float = field(default_factory=time.monotonic)
    _last: dict[str, str] = field(default_factory=dict)
    _live: Live | None = None

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.begun

    def say(self, text: str) -> None:
        """A line that stays."""
        self.console.print(f"[dim]{self.seconds:6.1f} s[/dim]  {escape(text)}", soft_wrap=True)

    @contextmanager
    def live(self) -> Iterator[None]:
        """While the run is followed; on a terminal its table is redrawn in place."""
        if not self.console.is_terminal:
            yield
            return
        with Live(console=self.console, refresh_per_second=4) as self._live:
            try:
                yield
            finally:
                self._live = None

    def show(self, steps: Sequence[Step]) -> None:
        """The steps as they stand."""
        if self._live:
            self._live.update(_table(steps, self.seconds))
            return
        for step in steps:
            text = f"{step.name:<8} {step.state}" + (f" {step.done}/{step.total}" if step.total > 1 else "")
            if step.total and step.state != "waiting" and self._last.get(step.name) != text:
                self._last[step.name] = text
                self.say(text + (f" in {step.seconds:.1f} s" if step.state == "done" else ""))


_STYLE = {"done": "green", "running": "cyan", "retrying": "yellow", "failed": "red", "waiting": "dim"}


def _table(steps: Sequence[Step], seconds: float) -> Table:
    table = Table(box=None, pad_edge=False)
    for header in ("step", "state", "tasks", "seconds"):
        table.add_column(header, justify="right" if header in ("tasks", "seconds") else "left", min_width=9)
    for step in steps:
        style = _STYLE[step.state]
        tasks = f"{step.done}/{step.total}" if step.total else ""
        took = f"{step.seconds:.1f}" if step.seconds else ""
        table.add_row(step.name, f"[{style}]{step.state}[/{style}]", tasks, took)
    table.add_row("[dim]in all[/dim]", "", "", f"[dim]{seconds:.1f}[/dim]")
    return table
