"""A page's blocks in reading order, each with its mark: tag, id and classes without what is one page's own.

Read with lexbor, which never writes here: one parse serves reading and learning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from pipeline.extract import lines as kinds
from pipeline.extract.prune import is_pointer, names_chrome
from pipeline.extract.text import squash

INLINE = frozenset((
    "a", "abbr", "acronym", "b", "bdi", "big", "cite", "code", "del", "em", "font", "i", "ins", "kbd",
    "label", "mark", "q", "s", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var",
    "wbr",
))  # fmt: skip
# what holds nothing that is read, or text that is not shown
SILENT = frozenset((
    "audio", "button", "canvas", "embed", "form", "head", "hr", "iframe", "img", "input", "link", "meta",
    "noscript", "object", "option", "picture", "script", "select", "source", "style", "svg", "template",
    "textarea", "title", "video",
))  # fmt: skip
HEADINGS = frozenset(("h2", "h3", "h4", "h5", "h6"))
LEAVES = frozenset(("p", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "dt"))
_ASIDE = frozenset(("aside", "figure", "nav"))
RUN = "~"  # the mark of text that stands in a box between its blocks

# lexbor looks through all open elements at each new one: 200,000 nested ones took 67 s, 20,000 take .7
_MAX_TAGS = 20_000
_UNCOUNTED_BYTES = 150_000
MAX_DEPTH = 200
_MAX_CLASSES = 3
_MARKS_KEPT = 16_384
_LONGEST_TEASER = 250  # characters
# no character of a page: controls are taken out before it is parsed
_BREAK = "\x0b"
# made by a machine, for one page: with digits, or capitals in odd places
_ITS_OWN = re.compile(r"\d|(?:[A-Z][^-_A-Z]*){3}")


class Block(NamedTuple):
    """A paragraph or other leaf (`text`), a run of text in a box (no `element`), or a box (no `text`).

    A tuple, since some 200 a page are made: a frozen dataclass takes ten times as long to make.
    """

    tag: str
    mark: str
    element: LexborNode | None = None
    text: str | None = None


# a third of what calling the class takes
_new = tuple.__new__


def body_of(markup: bytes) -> LexborNode | None:
    """The page's body; None for a page without one, or with more tags than lexbor reads in decent time."""
    if len(markup) > _UNCOUNTED_BYTES and markup.count(b"<") > _MAX_TAGS:
        return None
    return LexborHTMLParser(markup).body


def blocks_of(box: LexborNode) -> Iterator[Block]:
    """The blocks directly in a box, in order. Inline elements and leaves that hold blocks, since an end tag
    is missing, are boxes."""
    run: list[str] = []
    node = box.first_child
    while node is not None:
        if node.is_text_node:
            text = node.text_content or ""
            if run or not text.isspace():
                run.append(text)
        else:
            tag = node.tag or "-"
            is_inline = tag in INLINE
            own = _text_without_blocks(node, 0) if is_inline or tag in LEAVES else None
            if is_inline and own is not None:
                run.append(own)
            elif tag == "br":
                run.append(_BREAK)
            elif tag not in SILENT and tag[0] != "-":
                if run:
                    if not (text := "".join(run)).isspace():
                        yield _new(Block, (RUN, RUN, None, text))
                    run = []
                yield _new(Block, (tag, mark_of(node, tag), node, own))
        node = node.next
    if run and not (text := "".join(run)).isspace():
        yield _new(Block, (RUN, RUN, None, text))


def mark_of(element: LexborNode, tag: str) -> str:
    attributes = element.attributes
    return _mark(tag, attributes.get("id"), attributes.get("class")) if attributes else tag


def place_of(mark: str, parent: str, above: str) -> str:
    """The place of a block: its mark and those of the two elements around it."""
    return f"{mark}<{parent}<{above}"


def short_place_of(mark: str, parent: str) -> str:
    """The same without the outer element, asked where the whole place is not known."""
    return f"{mark}<{parent}"


@lru_cache(_MARKS_KEPT)
def _mark(tag: str, identity: str | None, classes: str | None) -> str:
    """`div#story.body.wide`: without names that are one page's own, and a few classes only, since lists of
    them end in what the page is about."""
    own = f"#{identity}" if identity and not _ITS_OWN.search(identity) else ""
    named = [name for name in (classes or "").split() if not _ITS_OWN.search(name)][:_MAX_CLASSES]
    return "".join([tag, own, *(f".{name}" for name in named)])


def _text_without_blocks(element: LexborNode, depth: int) -> str | None:
    """What an element shows, its line breaks kept for `lines_of`; None if there are blocks in it."""
    node = element.first_child
    if node is None:
        return ""
    if node.is_text_node and node.next is None:
        return node.text_content or ""
    parts = []
    while node is not None:
        if node.is_text_node:
            parts.append(node.text_content or "")
        else:
            tag = node.tag or "-"
            if tag in INLINE:
                inner = _text_without_blocks(node, depth + 1) if depth < MAX_DEPTH else None
                if inner is None:
                    return None
                parts.append(inner)
            elif tag == "br":
                parts.append(_BREAK)
            elif tag not in SILENT and tag[0] != "-":
                return None
        node = node.next
    return "".join(parts)


def text_of(element: LexborNode, depth: int = 0) -> str:
    """What an element shows, with a line for each of its blocks."""
    parts = []
    for block in blocks_of(element):
        if block.text is not None:
            parts.append(block.text)
        elif block.element is not None and depth < MAX_DEPTH:
            parts.append(text_of(block.element, depth + 1))
    return _BREAK.join(parts)


def lines_of(text: str) -> list[str]:
    """Lines of a block, as its line breaks split it."""
    if _BREAK not in text:
        line = squash(text)
        return [line] if line else []
    return [line for line in map(squash, text.split(_BREAK)) if line]


def count_shown(block: Block) -> int:
    """How many words `shown` has."""
    return len(shown(block).split())


def shown(block: Block) -> str:
    """What a block shows; nothing where it is no text by its tag or name: pictures, asides, promotion."""
    if block.text is not None:
        return block.text
    if block.element is None or block.tag in _ASIDE or names_chrome(block.mark):
        return ""
    return text_of(block.element)


def is_teaser(paragraph: LexborNode, line: str) -> bool:
    """True for a paragraph that only points to another article."""
    if not line or len(line) > _LONGEST_TEASER:
        return False
    links = [link for link in paragraph.css("a") if link.attributes.get("href")]
    if len(links) != 1 or not is_pointer(line, squash(links[0].text())):
        return False
    return not kinds.is_byline(line) and not kinds.is_footer(line)
