"""What a reader sees of a page, block by block: words of one sentence stand together across inline tags."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree, html

from pipeline.extract.document import Document, parse
from pipeline.extract.text import squash

_VISIBLE_TEXT = etree.XPath(
    "/html/body//text()[not(ancestor::script or ancestor::style or ancestor::noscript or ancestor::template)]"
)
_INLINE = frozenset(
    {"a", "b", "strong", "em", "i", "span", "u", "small", "font", "sup", "sub", "time", "cite"}
)


def shown_in(document: Document) -> Iterator[str]:
    """The texts of a page's blocks, or the lines of one that is plain text."""
    if document.markup is None:
        yield from plain_lines(document.text)
    else:
        for _, text in blocks_of(parse(document.markup)):
            yield text


def plain_lines(text: str) -> list[str]:
    """The lines of a plain text page that are not blank."""
    return [line for line in map(squash, text.splitlines()) if line]


def blocks_of(tree: html.HtmlElement) -> Iterator[tuple[html.HtmlElement, str]]:
    """Each element with text of its own, in the order of the page, and that text."""
    parts: list[str] = []
    block = None
    for text in _VISIBLE_TEXT(tree):
        element = text.getparent().getparent() if text.is_tail else text.getparent()
        while element.tag in _INLINE and element.getparent() is not None:
            element = element.getparent()
        if element is not block and block is not None and (words := squash(" ".join(parts))):
            yield block, words
        if element is not block:
            parts, block = [], element
        parts.append(text)
    if block is not None and (words := squash(" ".join(parts))):
        yield block, words
