"""No credit without a quote: each service a page credits is proved by a span of what the page says."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass as checked

from pipeline.errors import BadInput
from pipeline.extract.pieces import pieces_of
from pipeline.model import Credit, Evidence
from pipeline.tomlfile import TomlFile, read_toml

# marks stand at the head and the tail; over the full text the rules cost 3-6 ms a page and find quotes
_HEAD_LINES, _TAIL_LINES = 6, 8
_HEAD_CHARS, _TAIL_CHARS, _LINE_CHARS = 160, 400, 700
_SURE = 0.8  # a mark in the text that the markup cannot outvote
PLACES = ("dateline", "byline", "footer", "json_ld", "meta", "url")


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
    """One form of one service's credit; `not_on` are the sites where the form is no credit.

    If there are any of `exact` and `folded`, one of them stands in every text that the pattern matches:
    as it is, or in the text in lower case.
    """

    id: str
    service: str
    where: str
    pattern: re.Pattern[str]
    weight: float
    example: str
    not_on: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()
    folded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Index:
    """Which rules of a place can match, by their numbers and the pieces of text that they need."""

    exact: dict[str, list[int]]
    folded: dict[str, list[int]]
    always: list[int]

    @classmethod
    def of(cls, rules: Sequence[tuple[int, Rule]]) -> _Index:
        exact, folded = defaultdict(list), defaultdict(list)
        for number, rule in rules:
            for piece in rule.exact:
                exact[piece].append(number)
            for piece in rule.folded:
                folded[piece].append(number)
        always = [number for number, rule in rules if not rule.exact and not rule.folded]
        return cls(dict(exact), dict(folded), always)

    def possible(self, text: str) -> set[int]:
        """The rules that may match in a text: 520 us an article become 56."""
        lowered = text.lower()
        found = set(self.always)
        found.update(*[numbers for piece, numbers in self.exact.items() if piece in text])
        found.update(*[numbers for piece, numbers in self.folded.items() if piece in lowered])
        return found


@dataclass(frozen=True, slots=True)
class WireRules:
    """All rules in the order of their files; picklable, so workers get them as they are."""

    rules: tuple[Rule, ...]
    places: dict[str, _Index] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        numbered = list(enumerate(self.rules))
        places = {where: [one for one in numbered if one[1].where == where] for where in PLACES}
        object.__setattr__(self, "places", {where: _Index.of(own) for where, own in places.items()})


@dataclass(frozen=True, slots=True)
class Marks:
    """Where a credit can stand. `site` is the page's host without `www.`; `is_printed`: the byline stands
    on the page, and is not only declared."""

    body: str = ""
    byline: str = ""
    footer: str = ""
    json_ld: tuple[str, ...] = ()
    meta: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    site: str | None = None
    is_printed: bool = True


class _Span(NamedTuple):  # 20 an article, and made in a third of a frozen dataclass's time
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

    What the text says outranks any number of claims of the markup, but for weak marks such as "contributed
    to this report". A service's confidence is 1 - Π(1 - weight) over the rules that matched, each counted
    once (noisy-or). `Evidence.where` names the column that holds the quote: for a dateline that is body,
    for a footer rule footer or the end of body.
    """
    spans = _spans(marks)
    doubt: dict[str, float] = {}
    said: set[str] = set()
    evidence: list[tuple[float, Evidence]] = []
    for rule in _possible(spans, rules):
        if rule.not_on and _is_own(marks.site, rule):
            continue
        for span in spans[rule.where]:
            if found := rule.pattern.search(span.text):
                start, end = span.offset + found.start(), span.offset + found.end()
                evidence.append((rule.weight, Evidence(rule.id, span.where, found[0], start, end)))
                doubt[rule.service] = doubt.get(rule.service, 1.0) * (1.0 - rule.weight)
                if rule.weight >= _SURE and _is_text(rule, marks):
                    said.add(rule.service)
                break
    services = tuple(sorted(doubt, key=lambda service: (service not in said, doubt[service])))
    proofs = tuple(proof for _, proof in sorted(evidence, key=lambda pair: -pair[0]))
    return Credit(services, 1.0 - doubt[services[0]] if services else 0.0, proofs)


def _is_text(rule: Rule, marks: Marks) -> bool:
    return rule.where in ("dateline", "footer") or (rule.where == "byline" and marks.is_printed)


def head_and_tail(body: str) -> tuple[str, str]:
    """What of a body rules for datelines are tried on, and those for footers."""
    return _text(_head(body)), _text(_tail(body))


def _text(spans: Iterable[_Span]) -> str:
    return "\n".join([span.text for span in spans])


def _possible(spans: dict[str, list[_Span]], rules: WireRules) -> list[Rule]:
    """The rules that may match, in their order."""
    found: set[int] = set()
    for where, index in rules.places.items():
        if text := _text(spans[where]):
            found |= index.possible(text)
    return [rules.rules[number] for number in sorted(found)]


def _is_own(site: str | None, rule: Rule) -> bool:
    return any(site == own or (site or "").endswith(f".{own}") for own in rule.not_on)


def _spans(marks: Marks) -> dict[str, list[_Span]]:
    return {
        "dateline": list(_head(marks.body)),
        "byline": [_Span("byline", marks.byline[:_LINE_CHARS])],
        "footer": [*_footer(marks.footer), *_tail(marks.body)],
        "json_ld": [_Span("json_ld", value[:_LINE_CHARS]) for value in marks.json_ld],
        "meta": [_Span("meta", value[:_LINE_CHARS]) for value in marks.meta],
        "url": [_Span("url", value[:_LINE_CHARS]) for value in marks.urls],
    }


def _head(body: str) -> Iterator[_Span]:
    """The beginnings of the first lines."""
    start = 0
    for line in body.split("\n", _HEAD_LINES)[:_HEAD_LINES]:
        yield _Span("body", line[:_HEAD_CHARS], start)
        start += len(line) + 1


def _tail(body: str) -> Iterator[_Span]:
    """The ends of the last lines, the last one first."""
    end = len(body)
    for line in reversed(body.rsplit("\n", _TAIL_LINES)[-_TAIL_LINES:]):
        cut = line[-_TAIL_CHARS:]
        yield _Span("body", cut, end - len(cut))
        end -= len(line) + 1


def _footer(footer: str) -> Iterator[_Span]:
    start = 0
    for line in footer.split("\n"):
        yield _Span("footer", line[:_LINE_CHARS], start)
        start += len(line) + 1


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
    exact, folded = pieces_of(pattern)
    return Rule(
        rule.id, rule.service, rule.where, pattern, rule.weight, rule.example, rule.not_on, exact, folded
    )


def _wrong(file: TomlFile, at: int, field: str, problem: str) -> BadInput:
    return BadInput.at(file.path, file.line(("rule", at, field)), f"rule.{at}.{field}", problem)
