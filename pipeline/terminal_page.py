"""A page under the glass, for people: fields, credit, notices, and its blocks with what became of them."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.examine import Examined, Field, Proof
from pipeline.extract.trace import DROPPED, Block

_STYLES = {"body": "", "headline": "bold", "byline": "cyan", "footer": "cyan", DROPPED: "dim"}
_MAX_TEXT = 220


def show_page(found: Examined) -> None:
    """Print what was read of a page, and from where."""
    console = Console(highlight=False)
    console.print(Text(found.url, style="bold"))
    if found.refused:
        console.print(Text(f"refused: {found.refused}\n", style="bold red"))
    else:
        console.print(Text(f"{found.size} bytes, read by {found.extractor}\n", style="dim"))
        console.print(_fields(found.fields))
        console.print(_credit(found))
        for proof in found.evidence:
            console.print(_quoted(proof))
        for notice in found.notices:
            console.print(Text.assemble(("\nnotice  ", "bold"), _quoted(notice)))
    console.print()
    console.print(_blocks(found.blocks))


def _fields(rows: tuple[Field, ...]) -> Table:
    table = Table("field", "value", "read from", box=None, pad_edge=False)
    for row in rows:
        if row.source is not None:
            table.add_row(row.name, Text(_shown(row.value)), Text(row.source, style="dim"))
    absent = ", ".join(row.name for row in rows if row.source is None)
    table.add_row("", Text(f"not stated: {absent}", style="dim"), "")
    return table


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return f"{value:%Y-%m-%d %H:%M:%S %Z}" if isinstance(value, datetime) else str(value)


def _credit(found: Examined) -> Text:
    if not found.wire_services:
        return Text("\nno wire is credited", style="bold")
    services = " and ".join(found.wire_services)
    return Text(f"\ncredits {services}, confidence {found.wire_confidence:.2f}", style="bold")


def _quoted(proof: Proof) -> Text:
    """A piece of evidence on one line, the quote set off from the text around it."""
    rule = f"  {proof.rule} ({proof.weight:.2f}) " if proof.service else f"{proof.rule} "
    return Text.assemble(
        rule,
        (f"{proof.where} {proof.start}-{proof.end}  ", "dim"),
        (f"…{proof.before}" if proof.before else "", "dim"),
        (proof.quote, "bold black on yellow"),
        (f"{proof.after}…" if proof.after else "", "dim"),
    )


def _blocks(blocks: tuple[Block, ...]) -> Table:
    """A row a block; what was dropped in one go for one reason stands in one row."""
    table = Table("went to", "element", "text", box=None, pad_edge=False)
    for (place, why), run in groupby(blocks, key=lambda block: (block.place, block.why)):
        rows = list(run)
        style = _STYLES.get(place, "cyan")
        if place == DROPPED:
            table.add_row(*(Text(cell, style=style) for cell in (place, rows[0].element, _texts(rows))))
            many = f"{len(rows)} blocks, " if len(rows) > 1 else ""
            table.add_row("", "", Text(f"— {many}{why}", style="red"))
        else:
            for row in rows:
                cells = (
                    Text(place, style=style),
                    Text(row.element, style="dim"),
                    Text(_cut(row.text), style=style),
                )
                table.add_row(*cells)
    return table


def _texts(rows: list[Block]) -> str:
    return _cut(" · ".join(row.text for row in rows))


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}…"
