"""A story on a terminal: its text, versions, who picked it up when, and what each copy did; and what differs
between two releases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.difference import Changed, Difference, Story
from pipeline.inspect import Copy, Pickup, Version, WholeStory

_BAR = 30  # characters
_SHOWN = 20  # stories of each kind
_QUOTED = 160  # characters of a paragraph


def show_story(found: WholeStory) -> None:
    """All that is told of a story."""
    console = Console(highlight=False)
    wire = found.wire_service or "no wire credited"
    console.print(Text(found.headline, style="bold"))
    console.print(
        Text(
            f"{found.story_id} · {wire} · {found.n_outlets} outlets of {found.n_owner_groups} owners · "
            f"{found.n_independent_texts} independent texts · {found.pub_status}"
        )
    )
    console.print(
        Text(
            f"canonical {found.canonical_doc_id} ({found.canonical_policy}): {found.canonical_reason}", "dim"
        )
    )
    if found.story_id_loose != found.story_id:
        console.print(Text(f"nearly one with {found.story_id_loose}", "dim"))
    _paragraphs(console, "put back", found.canonical_added, "green")
    _paragraphs(console, "dropped", found.canonical_dropped, "red")
    console.print(Text(f"\n{found.body}\n"))
    console.print(_versions(found.versions))
    console.print(_pickups(found.pickups))
    for copy in found.copies:
        _show_copy(console, copy)
    for quote in found.evidence:
        console.print(Text(f"  {quote.rule} ({quote.where}): “{quote.quote}”", style="dim"))


def _versions(versions: Sequence[Version]) -> Table:
    table = Table("version", "kind", "out", "copies", "outlets", "still live", "words", "note", box=None)
    for one in versions:
        words = f"+{one.words_added} -{one.words_removed}" if one.version_no > 1 else ""
        table.add_row(
            *_texts(one.version_no, one.kind, _time(one.first_published_at), one.n_republications),
            *_texts(one.n_outlets, one.n_outlets_still_live, words, one.editors_note or ""),
        )
    return table


def _pickups(pickups: Sequence[Pickup]) -> Table:
    """When each outlet had it, as a bar from the story's beginning."""
    table = Table("", "outlet", "owner", "after", "", "version", "", box=None)
    longest = max([one.lag_minutes for one in pickups], default=0) or 1
    for one in pickups:
        bar = Text(" " * round(one.lag_minutes / longest * (_BAR - 1)) + "█", style="cyan")
        shown = str(one.version_last)
        if one.version_first != one.version_last:
            shown = f"{one.version_first} → {one.version_last}"
        table.add_row(
            *_texts(one.pickup_rank, one.outlet_id, one.owner_group or "", _lag(one.lag_minutes)),
            bar,
            *_texts(shown, _state(one)),
        )
    return table


def _state(one: Pickup) -> str:
    said = ["cut"] if one.is_truncated else []
    said += [] if one.credit_present else ["no credit"]
    if one.outdated_by:
        said.append(f"{one.outdated_by} not followed for {one.hours_outdated:.1f} h")
    if one.removed_at:
        said.append(f"gone {_time(one.removed_at)}")
    elif not one.still_live:
        said.append("replaced")
    return ", ".join(said)


def _show_copy(console: Console, copy: Copy) -> None:
    inferred = f"({copy.wire_inferred}, of {copy.wire_inferred_copies})" if copy.wire_inferred else ""
    facts = [
        copy.outlet_id,
        _time(copy.published_at),
        f"version {copy.version_no}",
        copy.relation,
        f"{copy.containment_in_canonical:.0%} in canonical",
        copy.wire_service or inferred,
        f"headline {copy.headline_distance:.0%} other" if copy.headline_distance else "",
        f"replaced {_time(copy.replaced_at)}" if copy.replaced_at else "",
        f"gone {_time(copy.gone_at)}" if copy.gone_at else "",
    ]
    console.print(Text.assemble((f"\n{copy.doc_id} ", "bold"), " · ".join(fact for fact in facts if fact)))
    console.print(Text(f"  {copy.headline}"))
    _paragraphs(console, "cut", copy.paragraphs_omitted, "red")
    _paragraphs(console, "local" if copy.local_insert else "added", copy.paragraphs_added, "green")


def _paragraphs(console: Console, what: str, paragraphs: Sequence[str], style: str) -> None:
    for paragraph in paragraphs:
        short = paragraph if len(paragraph) <= _QUOTED else f"{paragraph[:_QUOTED]}…"
        console.print(Text(f"  {what}: {short}", style=style))


def show_difference(found: Difference) -> None:
    """What changed from one release to another."""
    console = Console(highlight=False)
    console.print(Text(f"{found.before} → {found.after}", style="bold"))
    table = Table("table", "before", "after", box=None)
    for name, (old, new) in found.rows.items():
        table.add_row(*_texts(name, old, new), style="" if old != new else "dim")
    console.print(table)
    copies = found.republications
    console.print(
        Text(
            f"republications: {copies.new} new, {copies.gone} gone, {copies.moved} moved to another story, "
            f"{copies.changed} changed; {found.files_read} files read"
        )
    )
    for what, stories in (("new", found.new), ("gone", found.gone), ("merged", found.merged)):
        _listed(console, what, stories, _story_line)
    _listed(console, "changed", found.changed, _changed_lines)


def _listed(console: Console, what: str, stories: Sequence[Any], line: Any) -> None:
    console.print(Text(f"\n{what}: {len(stories)}", style="bold"))
    for story in stories[:_SHOWN]:
        for text in line(story):
            console.print(text)
    if len(stories) > _SHOWN:
        console.print(Text(f"  … {len(stories) - _SHOWN} more; --json has all", style="dim"))


def _story_line(story: Story) -> Iterable[Text]:
    into = f" → {story.into}" if story.into else ""
    yield Text(f"  {story.story_id}{into}  {story.headline} ({story.n_outlets} outlets)")


def _changed_lines(story: Changed) -> Iterable[Text]:
    yield Text(f"  {story.story_id}  {story.headline}")
    for name, (old, new) in story.columns.items():
        yield Text.assemble(f"    {name}: ", (_short(old), "red"), " → ", (_short(new), "green"))


def _short(value: object) -> str:
    said = _time(value) if isinstance(value, datetime) else str(value)
    return said if len(said) <= _QUOTED else f"{said[:_QUOTED]}…"


def _lag(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02d}"


def _time(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else ""


def _texts(*cells: object) -> list[Text]:
    return [Text(str(cell)) for cell in cells]
