"""A page's lines come by its outlet's template where that is sure, else by its own markup where that is, else
by the full path; the latter two teach the template.

Some pages, settled by their address, always take the full path: the template is held against it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from zlib import crc32

from lxml import html
from selectolax.lexbor import LexborNode

from pipeline.extract.body import read_body
from pipeline.extract.evident import read_evident
from pipeline.extract.layout import body_of
from pipeline.extract.lesson import learn_from
from pipeline.extract.pictures import photo_credits_in
from pipeline.extract.standing import Told
from pipeline.extract.template import Template, read_by
from pipeline.extract.text import words
from pipeline.model import RawPage
from pipeline.params import Params

BY_TEMPLATE, EVIDENT = "template", "evident"
_FULL = ("trafilatura", version("trafilatura"))
_EVIDENT = (EVIDENT, "1")


@dataclass(frozen=True, slots=True)
class Body:
    """The lines of a page's main text, what read them, and what that told. Photo credits were found with
    the lines (`credits`), or stand in `pictures`."""

    lines: list[str]
    credits: list[str]
    extractor: tuple[str, str]
    told: Told | None = None
    pictures: Sequence[LexborNode] = ()

    def photo_credits(self) -> list[str]:
        return self.credits or photo_credits_in(self.pictures)


def is_checked(raw: RawPage, params: Params) -> bool:
    """Whether a page is among those on which templates are checked: by a hash of its id or URL."""
    return crc32((raw.doc_id or raw.url).encode()) % params.template_check_rate == 0


def read_lines(
    markup: bytes,
    tree: Callable[[], html.HtmlElement],
    template: Template | None,
    checked: bool,
    min_words: int,
) -> Body:
    """Read the lines of a page; one that is `checked` takes the full path. Without a template nothing is
    learned.

    `tree` gives the page as lxml has it; the full path asks for it, and takes it apart.
    """
    body = body_of(markup)
    if body is None:
        return Body(*read_body(tree()), _FULL)
    if template is None:
        found = None if checked else read_evident(body)
        return Body(found.lines, [], _EVIDENT, pictures=[body]) if found else Body(*read_body(tree()), _FULL)
    reading = read_by(template, body, min_words)
    if template.is_trusted and reading.is_proven and not checked:
        told = Told(reading.layout, is_full=False)
        by = (BY_TEMPLATE, str(template.version))
        return Body(reading.lines, [], by, told, reading.pictures)
    found = None if checked or template.is_doubted else read_evident(body)
    if found is not None:
        lines, photo_credits, extractor = found.lines, photo_credits_in([body]), _EVIDENT
    else:
        (lines, photo_credits), extractor = read_body(tree()), _FULL
    lesson = learn_from(body, lines, photo_credits, template.blocks, found)
    agreement = agreement_of(reading.lines, lines) if reading.is_clear else None
    told = Told(lesson.layout if lesson else "", found is None, agreement, reading.is_proven, lesson)
    return Body(lines, photo_credits, extractor, told)


def agreement_of(one: Sequence[str], other: Sequence[str]) -> float:
    """The F1 of the words of two texts, order aside."""
    a, b = (Counter(words(" ".join(lines).casefold())) for lines in (one, other))
    shared = (a & b).total()
    return 2 * shared / max(a.total() + b.total(), 1)
