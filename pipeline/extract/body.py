"""The body is the article's own words: what stands around them is named and put elsewhere, or dropped."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import trafilatura
from lxml import etree, html

from pipeline.extract import lines as kinds
from pipeline.extract.imprint import Imprint, read_imprint
from pipeline.extract.prune import drop_chrome, drop_silent, drop_teasers, marks, take_captions
from pipeline.extract.text import key, squash

_CLOSING_WORDS = re.compile(
    "©|opyright|CNN-Wire|ontributed|eporting by|diting by|ublished|ppeared|istributed|ewsroom|AP |AFP|dpa"
    "|Our Standards"
)
_INLINE = frozenset({"span", "em", "i", "b", "strong", "a", "small", "font", "u", "sup", "br"})
_LONG_WORDS = 20
_MAX_LINK_WORDS = 20
# closing lines that the extractor dropped are looked for this many elements below the last paragraph
_CLOSING_REACH = 40


@dataclass(frozen=True, slots=True)
class Article:
    """An article's text taken apart. `body` and `footer` have one paragraph a line."""

    body: str
    footer: str = ""
    byline: str | None = None
    topic: str | None = None
    imprint: Imprint = field(default_factory=Imprint)
    image_credits: tuple[str, ...] = ()


def read_body(tree: html.HtmlElement) -> tuple[list[str], list[str]]:
    """`(lines of the main text, photo credits)` of a page; takes the tree apart.

    Captions, scripts and chrome that their markup names go first; then trafilatura in its default mode,
    which beat its fast, precise and table-less modes on labelled pages; then the byline and the
    wire's closing lines that it dropped are put back.
    """
    photo_credits = take_captions(tree)
    drop_silent(tree)
    drop_chrome(tree)
    drop_teasers(tree)
    byline, closings = _byline_line(tree), _Closings(tree)
    text = trafilatura.extract(tree, include_comments=False, output_format="txt") or ""
    found = [squash(line) for line in text.splitlines()]
    kept = [line for line in found if line]
    first = [byline] if byline and byline not in kept else []
    return first + kept + closings.missing_from(kept), photo_credits


def settle(lines: Sequence[str], headline: str, photo_credits: Sequence[str] = ()) -> Article:
    """Tell the lines of an article from its headline, byline, captions, closing lines and chrome."""
    found = _sort(_cut_tail(list(lines)), headline)
    body, footer = _part_closing(found.body, found.closing)
    return Article(
        body="\n".join(body),
        footer="\n".join(footer),
        byline=found.byline,
        topic=found.topic,
        imprint=read_imprint(body, footer),
        image_credits=tuple(dict.fromkeys(filter(None, [*photo_credits, *found.credits]))),
    )


@dataclass(slots=True)
class _Sorted:
    """Lines by kind; `closing` holds the positions in `body` that are closing lines."""

    body: list[str]
    closing: set[int]
    credits: list[str]
    byline: str | None = None
    topic: str | None = None


def _cut_tail(lines: list[str]) -> list[str]:
    """The lines without what follows the end of an article, topic line and closing lines excepted."""
    seen = 0
    for at, line in enumerate(lines):
        if seen < 40:
            seen += len(line.split())
        elif len(line) >= 120:
            continue
        elif kinds.END.match(line):
            return lines[:at] + [rest for rest in lines[at:] if kinds.TOPIC.match(rest)]
        elif _heads_links(lines, at):
            return lines[:at] + [
                rest for rest in lines[at:] if kinds.TOPIC.match(rest) or kinds.is_footer(rest)
            ]
    return lines


def _heads_links(lines: list[str], at: int) -> bool:
    """True for a heading such as "Related stories" if only headlines and closing lines follow."""
    return bool(kinds.LINKS.match(lines[at])) and all(
        len(line.split()) < _MAX_LINK_WORDS or kinds.is_footer(line) for line in lines[at + 1 :]
    )


def _sort(lines: list[str], headline: str) -> _Sorted:
    found = _Sorted([], set(), [])
    counts, seen = [len(line.split()) for line in lines], 0
    total = sum(counts)
    title, longest_title = key(headline), 2 * len(headline) + 20
    for text, words in zip(lines, counts, strict=True):
        is_head = seen <= 0.25 * total
        # without end tags headline and byline run together
        rest = text.removeprefix(headline).strip() if is_head else text
        line = rest if is_head and kinds.is_byline(rest) else text
        if topic := kinds.TOPIC.match(line):
            found.topic = topic["topic"]
        elif kinds.is_chrome(line) or (title and len(line) < longest_title and key(line) == title):
            continue
        elif is_head and seen < 120 and kinds.is_byline(line):
            found.byline = found.byline or line.lstrip(" ·•|–—-")
        elif kinds.is_caption(line):
            found.credits.append(kinds.photo_credit(line))
        elif is_head and kinds.COPYRIGHT.match(line) and kinds.is_footer(line):
            found.credits.append(line)  # above the text a copyright line is a photo's
        else:
            if not is_head and (kinds.is_footer(line) or kinds.is_signature(line)):
                found.closing.add(len(found.body))
            found.body.append(line)
            seen += words if line is text else len(line.split())
    return found


def _part_closing(lines: list[str], closing: set[int]) -> tuple[list[str], list[str]]:
    """`(body, footer)`. What follows the first closing line is chrome unless it is most of the text.

    A digest repeats closing lines between its stories, so there the text between them stays.
    """
    footer = list(dict.fromkeys(lines[at] for at in sorted(closing)))
    if not closing:
        return lines, footer
    first = min(closing)
    before = lines[:first]
    after = [line for at, line in enumerate(lines) if at > first and at not in closing]
    words_before, words_after = (sum(len(line.split()) for line in part) for part in (before, after))
    return (before + after if words_after > 0.5 * words_before else before), footer


def _byline_line(tree: html.HtmlElement) -> str | None:
    """A paragraph that is nothing but a byline, above the second long paragraph."""
    long = 0
    for paragraph in tree.iter("p"):
        text = squash(" ".join(paragraph.itertext()))
        if kinds.is_byline(text):
            return text
        long += len(text.split()) >= _LONG_WORDS
        if long == 2:
            return None
    return None


class _Closings:
    """The closing lines in a page's markup, by their distance from its paragraphs.

    Made before trafilatura runs, since it prunes the tree that it is given.
    """

    def __init__(self, tree: html.HtmlElement) -> None:
        self._paragraphs: dict[str, int] = {}
        self._found: list[tuple[int, str]] = []
        blocks = dict.fromkeys(map(_block_of, _that_say_closing_words(tree)))
        closings = {block: _own_lines(block) for block in blocks if not _in_site_footer(block)}
        closings = {block: list(filter(kinds.is_footer, lines)) for block, lines in closings.items()}
        if not any(closings.values()):
            return
        for at, element in enumerate(tree.iter()):
            self._found += [(at, line) for line in closings.get(element, ())]
            if element.tag == "p":
                self._paragraphs[key(" ".join(element.itertext()))] = at

    def missing_from(self, lines: Sequence[str]) -> list[str]:
        """Closing lines a little below the last paragraph of `lines` that are not among them."""
        present = {key(line) for line in lines}
        last = max((self._paragraphs.get(key(line), -1) for line in lines), default=-1)
        if last < 0:
            return []
        near = [text for at, text in self._found if last <= at <= last + _CLOSING_REACH]
        return [text for text in dict.fromkeys(near) if key(text) not in present]


def _that_say_closing_words(tree: html.HtmlElement) -> Iterator[html.HtmlElement]:
    """Elements in whose own text a word of closing lines stands; an XPath takes four times as long."""
    for element in tree.iter():
        if element.text and element.tag != "script" and _CLOSING_WORDS.search(element.text):
            yield element
        if element.tail and _CLOSING_WORDS.search(element.tail) and element.getparent() is not None:
            yield element.getparent()


def _block_of(element: html.HtmlElement) -> html.HtmlElement:
    while element.tag in _INLINE and element.getparent() is not None:
        element = element.getparent()
    return element


def _own_lines(element: html.HtmlElement) -> list[str]:
    """An element's text, split where a <br> splits it."""
    parts = [""]
    for event, node in etree.iterwalk(element, events=("start", "end")):
        if event == "start":
            parts[-1] += f"{node.text or ''}"
        else:
            if node.tag == "br":
                parts.append("")
            if node is not element:
                parts[-1] += node.tail or ""
    return [line for line in map(squash, parts) if line]


def _in_site_footer(element: html.HtmlElement) -> bool:
    around = [element, *element.iterancestors()]
    if any(one.tag == "article" for one in around):
        return False
    return any(one.tag in ("footer", "nav", "aside") or "site-footer" in marks(one) for one in around)
