"""Where each block of a page went, and why: the steps of extraction once more, watched from outside.

What a step took out of the tree is what it dropped, so the reasons are those of the steps themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lxml import html

from pipeline.extract import lines as kinds
from pipeline.extract.document import parse, read_document
from pipeline.extract.prune import drop_chrome, drop_teasers, marks, take_captions
from pipeline.extract.result import Page, Refused
from pipeline.extract.shown import blocks_of, plain_lines
from pipeline.extract.text import key
from pipeline.model import RawPage
from pipeline.params import Params

DROPPED = "dropped"
_STEPS: tuple[tuple[str, Callable[[html.HtmlElement], object]], ...] = (
    ("caption of a picture", take_captions),
    ("named as chrome by its markup", drop_chrome),
    ("link to another article", drop_teasers),
)
_MAX_NAME = 60


@dataclass(frozen=True, slots=True)
class Block:
    """A block of a page: its element (`p.byline`; empty in plain text), its text, where that went
    (headline, byline, body, footer, image_credit, topic or dropped), and why it was dropped."""

    element: str
    text: str
    place: str
    why: str = ""


def trace_blocks(raw: RawPage, page: Page | None, params: Params) -> tuple[Block, ...]:
    """The blocks of a page in its order; none of one that cannot be parsed. `page`: what it became."""
    try:
        document = read_document(raw, params)
    except Refused:
        return ()
    kept = _kept(page)
    if document.markup is None:
        return tuple(_placed("", line, "", kept, page) for line in plain_lines(document.text))
    tree = parse(document.markup)
    return tuple(_placed(_name(element), text, why, kept, page) for element, text, why in _watched(tree))


def _watched(tree: html.HtmlElement) -> Iterator[tuple[html.HtmlElement, str, str]]:
    """Each block with what took it out of the tree, if anything did."""
    blocks = list(blocks_of(tree))
    why: dict[html.HtmlElement, str] = {}
    for reason, step in _STEPS:
        step(tree)
        for element, _ in blocks:
            if element not in why and (top := _torn_off(element, tree)) is not None:
                why[element] = f"{reason}: {_name(top)}"
    return ((element, text, why.get(element, "")) for element, text in blocks)


def _torn_off(element: html.HtmlElement, tree: html.HtmlElement) -> html.HtmlElement | None:
    """The root of what an element was dropped with; None if it still stands in the tree."""
    around: list[html.HtmlElement] = [element, *element.iterancestors()]
    return None if around[-1] is tree else around[-1]


def _kept(page: Page | None) -> dict[str, str]:
    """Where each line of a page's row stands, by its words."""
    if page is None:
        return {}
    rows = [
        *(("image_credit", credit) for credit in page.image_credits),
        *(("footer", line) for line in page.footer.split("\n")),
        *(("body", line) for line in page.body.split("\n")),
        ("byline", page.byline or ""),
        ("headline", page.headline),
    ]
    return {words: place for place, line in rows if (words := key(line))}


def _placed(element: str, text: str, why: str, kept: dict[str, str], page: Page | None) -> Block:
    words = key(text)
    if place := kept.get(words):
        return Block(element, text, place)
    if not why and (place := next((kept[line] for line in kept if _is_part(line, words)), "")):
        return Block(element, text, place)
    if why:
        return Block(element, text, DROPPED, why)
    return Block(element, text, DROPPED, _why(text, page))


def _is_part(line: str, words: str) -> bool:
    """True if a line of some length stands within the words of a block: one with <br>, or a label before."""
    return len(line) > 20 and line in words


def _why(text: str, page: Page | None) -> str:
    if kinds.TOPIC.match(text):
        return "names the topic"
    if kinds.is_chrome(text):
        return "no line that an article has"
    if kinds.is_caption(text):
        return "ends like a caption"
    if kinds.END.search(text):
        return "stands at the end of articles"
    return f"outside of the text, as {page.extractor} reads it" if page else "the page was refused"


def _name(element: html.HtmlElement) -> str:
    """`div#story.text`"""
    named = marks(element).split()
    identity = element.get("id")
    classes = "".join(f".{name}" for name in named if name != identity)
    return f"{element.tag}{f'#{identity}' if identity else ''}{classes}"[:_MAX_NAME]
