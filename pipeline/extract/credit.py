"""No credit without a quote: each service a page credits is proved by a span of what the page says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass as checked

from pipeline.errors import BadInput
from pipeline.model import Credit, Evidence
from pipeline.tomlfile import TomlFile, read_toml

# marks stand at the head and the tail; over the full text the rules cost 3-6 ms a page and find quotes
_HEAD_LINES, _TAIL_LINES = 6, 8
_HEAD_CHARS, _TAIL_CHARS, _LINE_CHARS = 160, 400, 700


@checked(frozen=True, config=ConfigDict(extra="forbid"))
class _Rule:
    id: str
    service: str
    where: Literal["dateline", "byline", "footer", "json_ld", "meta", "url"]
    pattern: str
    weight: float
    example: str
    not_on: tuple[str, ...] = ()


@checked(frozen=True, config=ConfigDict(extra="forbid"))
class _File:
    rule: tuple[_Rule, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One form of one service's credit; `not_on` are the sites where the form is no credit."""

    id: str
    service: str
    where: str
    pattern: re.Pattern[str]
    weight: float
    example: str
    not_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WireRules:
    """All rules in the order of their files; picklable, so workers get them as they are."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Marks:
    """Where a credit can stand. `site` is the page's host without `www.`."""

    body: str = ""
    byline: str = ""
    footer: str = ""
    json_ld: tuple[str, ...] = ()
    meta: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    site: str | None = None


@dataclass(frozen=True, slots=True)
class _Span:
    """A stretch of text a rule is tried on: `text` stands in column `where` at `offset`."""

    where: str
    text: str
    offset: int = 0


def load_rules(extra: Sequence[Path] = ()) -> WireRules:
    """The rules of `wires.toml`, then those of the extra files.

    Raises `BadInput` with file and line for a wrong field, a pattern that is no regular expression
    or does not match its own example, a weight outside 0 to 1, and an id that is taken.
    """
    with as_file(files("pipeline.extract") / "wires.toml") as own:
        return WireRules(tuple(_read([own, *extra])))


def find_credit(marks: Marks, rules: WireRules) -> Credit:
    """Which services a page credits, strongest first, with the words that prove it.

    A service's confidence is 1 - Π(1 - weight) over the rules that matched, each counted once
    (noisy-or). `Evidence.where` names the column that holds the quote: for a dateline that is body,
    for a footer rule footer or the end of body.
    """
    spans = _spans(marks)
    doubt: dict[str, float] = {}
    evidence: list[tuple[float, Evidence]] = []
    for rule in rules.rules:
        if any(marks.site == own or (marks.site or "").endswith(f".{own}") for own in rule.not_on):
            continue
        for span in spans[rule.where]:
            if found := rule.pattern.search(span.text):
                start, end = span.offset + found.start(), span.offset + found.end()
                evidence.append((rule.weight, Evidence(rule.id, span.where, found[0], start, end)))
                doubt[rule.service] = doubt.get(rule.service, 1.0) * (1.0 - rule.weight)
                break
    services = tuple(sorted(doubt, key=lambda service: doubt[service]))
    proofs = tuple(proof for _, proof in sorted(evidence, key=lambda pair: -pair[0]))
    return Credit(services, 1.0 - min(doubt.values(), default=1.0), proofs)


def _spans(marks: Marks) -> dict[str, list[_Span]]:
    lines = list(_lines("body", marks.body))
    head = [_Span(line.where, line.text[:_HEAD_CHARS], line.offset) for line in lines[:_HEAD_LINES]]
    tail = [_tail(line) for line in reversed(lines[-_TAIL_LINES:])]
    return {
        "dateline": head,
        "byline": [_Span("byline", marks.byline[:_LINE_CHARS])],
        "footer": [*_lines("footer", marks.footer), *tail],
        "json_ld": [_Span("json_ld", value[:_LINE_CHARS]) for value in marks.json_ld],
        "meta": [_Span("meta", value[:_LINE_CHARS]) for value in marks.meta],
        "url": [_Span("url", value[:_LINE_CHARS]) for value in marks.urls],
    }


def _lines(where: str, text: str) -> Iterator[_Span]:
    offset = 0
    for line in text.split("\n"):
        yield _Span(where, line[:_LINE_CHARS] if where == "footer" else line, offset)
        offset += len(line) + 1


def _tail(line: _Span) -> _Span:
    skipped = max(len(line.text) - _TAIL_CHARS, 0)
    return _Span(line.where, line.text[skipped:], line.offset + skipped)


def _read(paths: Sequence[Path]) -> Iterator[Rule]:
    taken: set[str] = set()
    for path in paths:
        file = read_toml(path)
        for at, rule in enumerate(file.check(TypeAdapter(_File), file.data).rule):
            if rule.id in taken:
                raise _wrong(file, at, "id", f"there is a rule {rule.id!r} already")
            taken.add(rule.id)
            yield _checked(file, at, rule)


def _checked(file: TomlFile, at: int, rule: _Rule) -> Rule:
    try:
        pattern = re.compile(rule.pattern)
    except re.error as error:
        raise _wrong(file, at, "pattern", f"not a regular expression: {error}") from None
    if not pattern.search(rule.example):
        raise _wrong(file, at, "example", f"the pattern does not match it, got {rule.example!r}")
    if not 0 < rule.weight < 1:
        raise _wrong(file, at, "weight", f"must lie between 0 and 1, got {rule.weight}")
    return Rule(rule.id, rule.service, rule.where, pattern, rule.weight, rule.example, rule.not_on)


def _wrong(file: TomlFile, at: int, field: str, problem: str) -> BadInput:
    return BadInput.at(file.path, file.line(("rule", at, field)), f"rule.{at}.{field}", problem)
