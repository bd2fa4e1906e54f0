"""What a run brought out, read back from the published tables as any reader would read them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import shorten

import duckdb
from rich.console import Console
from rich.markup import escape

from infra import store, tables
from infra.home import Home, Ports, Secrets, write_private
from infra.progress import Finished
from pipeline.query.views import connect

_SHOWN = 8  # lines of a list on the terminal; the tables have the rest
_WIDE = 96  # characters of a reason


@dataclass(frozen=True, slots=True)
class TopStory:
    """The story that most outlets ran."""

    story_id: str
    headline: str
    wire_service: str | None
    outlets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """What the launcher tells of a release. Counts are rows; pairs are (name, count) or (name, reason)."""

    stories: int
    republications: int
    wires: tuple[tuple[str, int], ...]
    top: TopStory | None
    quarantined: tuple[tuple[str, int], ...]
    failed_sites: tuple[tuple[str, str], ...]


def read(ports: Ports, secrets: Secrets, run_id: str) -> Shown:
    """What the newest release on the demo's store says of a run."""
    release = tables.newest(ports, secrets)
    assert release is not None, "a run that finished has released"
    with connect(release, tables.files(ports, secrets)) as views:
        return ask(views, run_id)


def ask(views: duckdb.DuckDBPyConnection, run_id: str) -> Shown:
    """The figures of a release and of one run in it."""
    stories, republications = (_count(views, name) for name in ("stories", "republications"))
    wires = views.execute(
        "select coalesce(wire_service, 'local'), count(*) from stories group by 1 order by 2 desc, 1"
    ).fetchall()
    quarantined = views.execute(
        """select stage || ' ' || reason, count(*) from quarantine
           where run_id = ? group by 1 order by 2 desc, 1""",
        [run_id],
    ).fetchall()
    failed = views.execute(
        """select o.name, r.state || coalesce(': ' || r.reason, '')
           from runs r join outlets o using (outlet_id)
           where r.run_id = ? and r.state <> 'ok' order by r.state, o.name""",
        [run_id],
    ).fetchall()
    return Shown(stories, republications, tuple(wires), _top(views), tuple(quarantined), tuple(failed))


def _top(views: duckdb.DuckDBPyConnection) -> TopStory | None:
    row = views.execute(
        """select story_id, headline, wire_service from stories
           order by n_outlets desc, n_republications desc, story_id limit 1"""
    ).fetchone()
    if row is None:
        return None
    outlets = views.execute(
        """select name from outlets join
           (select distinct outlet_id from republications where story_id = ?) using (outlet_id) order by 1""",
        [row[0]],
    ).fetchall()
    return TopStory(row[0], row[1], row[2], tuple(name for (name,) in outlets))


def _count(views: duckdb.DuckDBPyConnection, name: str) -> int:
    return views.table(name).shape[0]


def write_summary(home: Home, finished: Finished, shown: Shown, seconds: float) -> None:
    """`.local/summary.json`: the figures of this run for whatever reads them next."""
    released, pages = finished.released, finished.released["pages"]
    took = {"start": finished.start_seconds, **{s.name: s.seconds for s in finished.steps}, "total": seconds}
    summary = {
        "release": released["release"],
        "run_id": released["run_id"],
        "now": finished.now.isoformat(),
        "lake": store.LAKE,
        "pages": pages["fetched"],
        "counts": pages,
        "stories": shown.stories,
        "republications": shown.republications,
        "quarantined": pages["quarantined"],
        "changed_stories": released["changed_stories"],
        "failed_sites": dict(shown.failed_sites),
        "seconds": {name: round(value, 1) for name, value in took.items()},
    }
    write_private(home.summary, json.dumps(summary, indent=2) + "\n")


def show(console: Console, finished: Finished, shown: Shown) -> None:
    """Tell a person what came out."""
    released, pages = finished.released, finished.released["pages"]
    _line(console, f"\n[bold]release {released['release']}[/bold] on {store.LAKE}")
    _line(
        console,
        f"  {pages['fetched']} pages: {pages['published']} published, {pages['unchanged']} unchanged, "
        f"{pages['quarantined']} quarantined, {pages['skipped']} skipped",
    )
    _line(
        console,
        f"  {shown.stories} stories in {shown.republications} republications, "
        f"{released['changed_stories']} stories changed by this run",
    )
    _line(console, f"  by wire: {', '.join(f'{name} {count}' for name, count in shown.wires)}")
    if top := shown.top:
        _line(console, f"\n[bold]{escape(top.headline)}[/bold]  ({top.wire_service or 'local'})")
        _line(
            console, f"  {top.story_id}, run by {len(top.outlets)} outlets: {escape(', '.join(top.outlets))}"
        )
    _list(console, "in quarantine", [(reason, str(count)) for reason, count in shown.quarantined])
    _list(console, "sites in trouble", shown.failed_sites)


def _list(console: Console, title: str, rows: Sequence[tuple[str, str]]) -> None:
    if not rows:
        return
    _line(console, f"\n{title}")
    for name, what in rows[:_SHOWN]:
        _line(console, f"  {escape(name)}: {escape(shorten(what, _WIDE, placeholder='…'))}")
    if len(rows) > _SHOWN:
        _line(console, f"  and {len(rows) - _SHOWN} more")


def _line(console: Console, text: str) -> None:
    """One line is one line, also where there is no terminal to wrap it for."""
    console.print(text, soft_wrap=True)
