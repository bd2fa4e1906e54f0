"""Bodies by wirefold and by trafilatura, page by page in one process, with the CPU time that each took.

The three ways are timed on each page one after the other, each third page beginning with another, so
that none always finds the caches warm.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice

import trafilatura

from pipeline.extract import reader
from pipeline.extract.body import settle
from pipeline.extract.course import Course
from pipeline.extract.credit import WireRules
from pipeline.extract.document import parse, read_document
from pipeline.extract.page import Outcome, read_page
from pipeline.extract.reader import is_checked, read_lines
from pipeline.extract.result import Refused
from pipeline.extract.standing import Told
from pipeline.extract.template import Template
from pipeline.extract.text import words
from pipeline.model import RawPage, Run
from pipeline.params import Params

KNOWN, EVIDENT, CHECKED, LEARNING = "known", "evident", "checked", "learning"
_WAYS = {reader.BY_TEMPLATE: KNOWN, reader.EVIDENT: EVIDENT}
_WARM_UP = 12  # pages: compiles patterns, fills trafilatura's caches


@dataclass(frozen=True, slots=True)
class Measured:
    """One page, the `number`-th of its outlet. `way`: read by its template, by its own markup, checked, or by
    the full path to learn. CPU milliseconds of the body alone, of the whole page, and of trafilatura's. `f1`
    is the agreement of the page's body with trafilatura's, `full_f1` that of its lines with the full
    path's."""

    outlet: str
    number: int
    way: str
    body_ms: float
    page_ms: float
    rival_ms: float
    f1: float
    full_f1: float


def measure(raws: Iterable[RawPage], rules: WireRules, run: Run, params: Params) -> Iterator[Measured]:
    """Read pages in their order with templates as they are learned; what cannot be read is left out."""
    pages = list(raws)
    for raw in islice(pages, _WARM_UP):
        read_page(raw, rules, params, run, Template())
        _rival(raw)
    course, numbers = Course(run, params), Counter[str]()
    for at, raw in enumerate(pages):
        outlet = course.enter(raw)
        template = course.send(at, outlet)
        ways: list[Callable[[], object]] = [
            partial(_rival, raw),
            partial(_body, raw, template, params),
            partial(read_page, raw, rules, params, run, template),
        ]
        timed = {number % 3: _timed(ways[number % 3]) for number in range(at, at + 3)}
        outcome, body = timed[2][0], timed[1][0]
        assert isinstance(outcome, Outcome)
        course.tell(at, outlet, outcome.told)
        if isinstance(body, _Body) and outcome.extracted.page is not None:
            name = outcome.extracted.page.outlet_id
            numbers[name] += 1
            yield Measured(
                name,
                numbers[name],
                body.way,
                timed[1][1],
                timed[2][1],
                timed[0][1],
                f1(body.text, str(timed[0][0])),
                f1(" ".join(body.lines), " ".join(_full(raw, params))),
            )


@dataclass(frozen=True, slots=True)
class _Body:
    text: str
    lines: list[str]
    way: str


def _body(raw: RawPage, template: Template | None, params: Params) -> _Body | None:
    """From bytes to the settled body; what only other fields need is left out."""
    try:
        document = read_document(raw, params)
        if document.markup is None:
            return None
        checked = is_checked(raw, params)
        tree = partial(parse, document.markup)
        body = read_lines(document.markup, tree, template, checked, params.min_words)
        article = settle(body.lines, "")
    except Refused:
        return None
    return _Body(article.body, body.lines, _way(body.extractor[0], body.told, checked, template))


def _way(extractor: str, told: Told | None, checked: bool, template: Template | None) -> str:
    if extractor in _WAYS:
        return _WAYS[extractor]
    is_known = checked and told is not None and told.agreement is not None
    return CHECKED if is_known and template is not None and template.is_trusted else LEARNING


def _full(raw: RawPage, params: Params) -> list[str]:
    markup = read_document(raw, params).markup or b""
    return read_lines(markup, partial(parse, markup), None, True, params.min_words).lines


def _rival(raw: RawPage) -> str:
    """Trafilatura as it comes; comments are no body, and cost it time."""
    return trafilatura.extract(raw.content, include_comments=False) or ""


def _timed(way: Callable[[], object]) -> tuple[object, float]:
    start = time.process_time()
    found = way()
    return found, (time.process_time() - start) * 1e3


def f1(one: str, other: str) -> float:
    """The F1 of the words of two texts, order aside."""
    a, b = (Counter(words(text.casefold())) for text in (one, other))
    return 2 * (a & b).total() / max(a.total() + b.total(), 1)
