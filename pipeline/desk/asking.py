"""The desk's queue as questions to be asked elsewhere: Markdown in which no word of a page is markup."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.desk import queue
from pipeline.desk.shelf import Desk
from pipeline.lake import takedowns
from pipeline.publish.manifest import Manifest
from pipeline.publish.rights import covering
from pipeline.urls import normalise_url

_LONGEST = 6000  # characters of both texts; the desk has the rest
_SHARED = 160  # characters of a paragraph that both have
_MARKUP = re.compile(r"([!-/:-@\[-`{-~])")


@dataclass(frozen=True, slots=True)
class Question:
    """Two republications that may be one story; `body` is Markdown."""

    doc_id_a: str
    doc_id_b: str
    subject: str
    body: str


def questions(desk: Desk, manifest: Manifest, count: int, within: float) -> list[Question]:
    """The first `count` pairs of the desk's queue, the least sure first, without what was taken down, in this
    release or since: where they are asked the words stay."""
    asked: list[Question] = []
    said = takedowns.read(desk.lake)
    for row in queue.queue(desk, manifest, within)["rows"]:
        if len(asked) == count:
            break
        told = queue.pair(desk, manifest, row["doc_id_a"], row["doc_id_b"], row["seen_day"])
        hidden = told["a"]["takedown_id"] or told["b"]["takedown_id"]
        if not hidden and covering(said, _named(told)).null_count == 2:
            asked.append(_question(row, told))
    return asked


def _named(told: Mapping[str, Any]) -> pa.Table:
    """What a takedown can name of the two."""
    names = ("doc_id", "story_id", "outlet_id")
    two = [told["a"], told["b"]]
    rows = {name: [row[name] for row in two] for name in names}
    return pa.table(rows | {"url_normalised": [normalise_url(row["url"]) for row in two]})


def _question(row: Mapping[str, Any], told: Mapping[str, Any]) -> Question:
    a, b = told["a"], told["b"]
    said = f"The rules {row['decision']} it ({row['rule']}), at {row['score']:+.2f} log-odds."
    lines = [_literal(said), "", "| | A | B |", "|---|---|---|"]
    shown = ("outlet_id", "headline", "byline", "published_at", "wire_service", "word_count", "url")
    lines += [f"| {name.replace('_', ' ')} | {_cell(a[name])} | {_cell(b[name])} |" for name in shown]
    lines += ["", *_cut(_texts(told["paragraphs"]))]
    subject = f"{a['outlet_id']} / {b['outlet_id']}: {a['headline']}"
    return Question(row["doc_id_a"], row["doc_id_b"], f"One story? {subject}"[:200], "\n".join(lines))


def _texts(paragraphs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What both have in short, and whole what only one of them has; words that differ are bold."""
    for row in paragraphs:
        if row["kind"] == "both":
            text = row["a"][0]["text"]
            yield f"Both: {_literal(text[:_SHARED])}{'…' if len(text) > _SHARED else ''}"
            continue
        for side in ("a", "b"):
            if row[side]:
                bold = row["kind"] == "changed"
                yield f"**{side.upper()}:** {' '.join(_words(row[side], bold))}"


def _words(stretches: Sequence[Mapping[str, Any]], bold: bool) -> Iterator[str]:
    for one in stretches:
        text = _literal(one["text"])
        if text:
            yield f"**{text}**" if bold and not one["shared"] else text


def _cut(paragraphs: Iterator[str]) -> Iterator[str]:
    left = _LONGEST
    for text in paragraphs:
        if len(text) > left:
            yield "The desk has the rest."
            return
        left -= len(text)
        yield f"{text}\n"


def _cell(value: object) -> str:
    return "" if value is None else _literal(str(value))


def _literal(text: str) -> str:
    """Text as Markdown that shows it as it is, on one line."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))
