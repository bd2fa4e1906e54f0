"""The body of a page whose own markup makes it certain: one box holds nearly all that its paragraphs say.

What may be text and cannot be told counts as doubt; a page with more than a little of it is not read here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from selectolax.lexbor import LexborNode

from pipeline.extract import lines as kinds
from pipeline.extract.closing import closings_in
from pipeline.extract.layout import (
    HEADINGS,
    MAX_DEPTH,
    RUN,
    Block,
    blocks_of,
    is_teaser,
    lines_of,
)
from pipeline.extract.notices import find_notices
from pipeline.extract.prune import names_caption, names_chrome
from pipeline.extract.text import key, squash

# a paragraph of fewer words tells nothing of where the text is: labels, captions, bylines
_SPOKEN_WORDS, _LONG_WORDS = 8, 20
# a section of up to three words, or a time with a byline, printed above the text as if it were of it
_HEAD = re.compile(r"^(?:\S+ ){0,2}\S*\w$|\d{4}.*\b[Bb]y [A-Z]")
_LEAST_WORDS = 100
# of the words of all paragraphs: what the box must hold, the fullest one of those in it, and the text
_BOX_SHARE, _FULLEST_SHARE, _TEXT_SHARE = 0.9, 0.3, 0.4
# a box holds text itself if its own paragraphs have so many words, or such a share of the fullest one's;
# of the text so much may stand in other boxes: more would be comments, or other articles
_OWN_WORDS, _OWN_SHARE, _OTHERS_SHARE = 100, 0.25, 0.35
# what may be text: among the paragraphs, and below the last one, where teasers and the author's life stand
_DOUBTFUL_WORDS, _DOUBTFUL_SHARE, _BELOW_SHARE = 4, 0.15, 0.4
# text outside of the box and of all paragraphs, as where line breaks part them
_LOOSE_WORDS, _LOOSE_SHARE = 30, 0.25
_LOOSE = "body, main, article, section, div, td, center, font"
_LINKED_SHARE = 0.3
_ARTICLE_WORDS = 50
_MOST_BOXES = 500  # with paragraphs of their own; each is followed up to the root
_ASIDE = frozenset(("aside", "figure", "figcaption", "footer", "form", "header", "nav"))
_LISTS = frozenset(("ul", "ol", "blockquote"))
_MEDIA = re.compile(r"(?:^|[\s_-])(?:photo|player)s?(?:$|[\s_-])", re.IGNORECASE)
_POSTS = ("tweet", "twitter", "instagram", "fb-")


@dataclass(frozen=True, slots=True)
class Evident:
    """The lines of a page's text, with its byline and the wire's closing lines, and the box that they were
    read from. `doubted`: the ids of blocks among the text that may be text, too; nobody learns from them."""

    lines: list[str]
    box: LexborNode
    doubted: frozenset[int]


def read_evident(body: LexborNode) -> Evident | None:
    """The text of a page; None if it is not certain."""
    page = _Page(body)
    box = page.text_box()
    if box is None:
        return None
    reader = _Reader(page)
    reader.read_box(box, box.tag or "-", 0)
    if not reader.is_certain() or page.loose_words(box) > _LOOSE_WORDS + _LOOSE_SHARE * reader.words:
        return None
    if reader.lines and _HEAD.search(reader.lines[0]):
        return None
    byline = page.byline or reader.byline
    first = [byline] if byline and byline not in reader.lines else []
    lines = first + reader.lines + closings_in([*reader.passed, *_below(box)], reader.lines)
    return Evident(lines, box, frozenset(reader.doubted))


class _Page:
    """In which boxes the paragraphs of a page stand, and how many words these have."""

    def __init__(self, body: LexborNode) -> None:
        self._body = body
        self.words = 0
        self.byline: str | None = None
        self._least = 0.0
        self._parents: dict[int, LexborNode] = {}
        self._own: dict[int, int] = {}  # words of a box's own paragraphs
        self._all: dict[int, int] = {}  # and of those in the boxes in it
        self._articles: dict[int, LexborNode] = {}
        title = body.parent.css_first("title") if body.parent is not None else None
        self._title = key(title.text()) if title is not None else ""
        long = 0
        for paragraph in body.css("p"):
            text = paragraph.text()
            if long < 2 and self.byline is None and kinds.is_byline(line := squash(text)):
                self.byline = line
            words = len(text.split())
            long += words >= _LONG_WORDS
            if words >= _SPOKEN_WORDS and (parent := paragraph.parent) is not None:
                self.words += words
                self._parents[parent.mem_id] = parent
                self._own[parent.mem_id] = self._own.get(parent.mem_id, 0) + words

    def text_box(self) -> LexborNode | None:
        """The smallest box with nearly all paragraphs of the page; None if none has, or several articles.

        Of several articles, as where the next ones are loaded below, that which bears the page's title.
        """
        if not 0 < len(self._parents) <= _MOST_BOXES or not self._add_up():
            return None
        articles = [one for number, one in self._articles.items() if self._all[number] >= _ARTICLE_WORDS]
        if len(articles) > 1 and len(own := list(filter(self._bears_title, articles))) == 1:
            self._parents = {at: box for at, box in self._parents.items() if _is_in(box, own[0])}
            self.words, articles = self._all[own[0].mem_id], own
        fullest = max(self._parents, key=lambda number: self._own[number])
        if self._own[fullest] < _FULLEST_SHARE * self.words:
            return None
        self._least = min(_OWN_WORDS, _OWN_SHARE * self._own[fullest])
        box: LexborNode | None = self._parents[fullest]
        while box is not None and self._all[box.mem_id] < _BOX_SHARE * self.words:
            box = box.parent
        if box is None or box.tag in ("body", "html"):
            return None
        return None if sum(_is_in(article, box) for article in articles) > 1 else box

    def _add_up(self) -> bool:
        """Count the words of all boxes with paragraphs in them; False if some are too deep."""
        for number, parent in self._parents.items():
            box: LexborNode | None = parent
            for _ in range(MAX_DEPTH):
                if box is None:
                    break
                self._all[box.mem_id] = self._all.get(box.mem_id, 0) + self._own[number]
                if box.tag == "article":
                    self._articles[box.mem_id] = box
                box = box.parent
            else:
                return False
        return True

    def _bears_title(self, article: LexborNode) -> bool:
        """True if the page's title begins with an article's heading, as that of the others on it does not."""
        headings = (key(heading.text()) for heading in article.css("h1, h2"))
        return any(heading and self._title.startswith(heading) for heading in headings)

    def holds_text(self, box: LexborNode) -> bool:
        """True for a box whose own paragraphs are text."""
        return self._own.get(box.mem_id, 0) >= self._least

    def has_paragraphs(self, box: LexborNode) -> bool:
        return box.mem_id in self._all

    def loose_words(self, box: LexborNode) -> int:
        """Words of the longer runs of text outside of a box that stand in no paragraph."""
        inside = {box.mem_id, *(parent.mem_id for parent in box.css(_LOOSE))}
        outside = (parent for parent in self._body.css(_LOOSE) if parent.mem_id not in inside)
        counts = (len(run.split()) for parent in outside for run in _runs_in(parent))
        return sum(words for words in counts if words >= _SPOKEN_WORDS)


class _Reader:
    """Goes through the box once, with the count of what may be text and was not taken."""

    def __init__(self, page: _Page) -> None:
        self._page = page
        self._notices: list[str] = []
        self._others = 0
        self._doubtful = 0
        self.doubted: list[int] = []
        self.lines: list[str] = []
        self.words = 0
        self.byline: str | None = None  # in no paragraph
        self._long = 0
        # since the last paragraph: blocks that were passed by, words among them that may be text, and
        # paragraphs of other boxes, `(position in lines, lines, words)`: text if text follows
        self.passed: list[Block] = []
        self._below = 0
        self._doubted_below: list[int] = []
        self._waiting: list[tuple[int, Sequence[str], int]] = []

    def is_certain(self) -> bool:
        return (
            self.words >= max(_LEAST_WORDS, _TEXT_SHARE * self._page.words)
            and self._others <= _OTHERS_SHARE * self.words
            and self._doubtful <= _DOUBTFUL_WORDS + _DOUBTFUL_SHARE * self.words
            and self._below <= _DOUBTFUL_WORDS + _BELOW_SHARE * self.words
            and not find_notices("", "", "\n".join(self._notices))
        )

    def read_box(self, box: LexborNode, tag: str, depth: int) -> None:
        holds_text = self._page.holds_text(box)
        for block in blocks_of(box):
            element = block.element
            if element is not None and _is_named(block, element):
                self.passed.append(block)
            elif block.text is not None:
                self._leaf(block, lines_of(block.text), tag, holds_text)
            elif element is not None and depth < MAX_DEPTH and self._is_open(block, element, holds_text):
                self.read_box(element, block.tag, depth + 1)
            elif element is not None:
                self._pass(block, list(_lines_in(element, depth)))

    def _is_open(self, block: Block, element: LexborNode, holds_text: bool) -> bool:
        """Whether a box is read: one with paragraphs, and among them a list or a quotation."""
        if block.tag == "table" or (block.tag == "blockquote" and any(name in block.mark for name in _POSTS)):
            return False
        if self._page.has_paragraphs(element):
            return True
        return (block.tag == "li" or (block.tag in _LISTS and holds_text)) and not _is_linked(element)

    def _leaf(self, block: Block, lines: Sequence[str], tag: str, holds_text: bool) -> None:
        words = sum(len(line.split()) for line in lines)
        if block.tag == RUN and tag in ("li", "blockquote"):
            self._take([f"- {line}" for line in lines] if tag == "li" else lines, words)
        elif block.tag != "p" and not (block.tag in HEADINGS and holds_text):
            if self.byline is None and self._long < 2 and len(lines) == 1 and kinds.is_byline(lines[0]):
                self.byline = lines[0]
            self._pass(block, lines)
        elif block.element is not None and len(lines) == 1 and is_teaser(block.element, lines[0]):
            return
        elif holds_text:
            self._take(lines, words)
        elif block.mark == "p":
            self._take(lines, words)
            self._others += words
        else:
            self._waiting.append((len(self.lines), lines, words))
            self.passed.append(block)
            self._notices += lines

    def _take(self, lines: Sequence[str], words: int) -> None:
        self.lines += lines
        self.words += words
        self._long += words >= _LONG_WORDS
        if words < _SPOKEN_WORDS:
            return
        for at, late, count in reversed(self._waiting):
            self.lines[at:at] = late
            self.words += count
            self._others += count
        self._doubtful += self._below
        self._below = 0
        self.doubted += self._doubted_below
        self._doubted_below.clear()
        self._waiting.clear()
        self.passed.clear()

    def _pass(self, block: Block, lines: Sequence[str]) -> None:
        self.passed.append(block)
        self._notices += lines
        counts = [len(line.split()) for line in lines]
        words = sum(words for words in counts if words >= _SPOKEN_WORDS)
        self._below += words
        if words and block.element is not None:
            self._doubted_below.append(block.element.mem_id)


def _is_named(block: Block, element: LexborNode) -> bool:
    """True for what its tag or its names say is no text: pictures, asides, promotion."""
    if block.tag in _ASIDE:
        return True
    attributes = element.attributes
    classes, identity = attributes.get("class") or "", attributes.get("id") or ""
    return bool(attributes) and (
        names_caption(classes) or names_chrome(f"{classes} {identity}") or bool(_MEDIA.search(classes))
    )


def _lines_in(box: LexborNode, depth: int) -> Iterator[str]:
    """The lines of a box, without what is named as no text: a gallery in an article has captions only."""
    for block in blocks_of(box):
        if block.element is not None and _is_named(block, block.element):
            continue
        if block.text is not None:
            yield from lines_of(block.text)
        elif block.element is not None and depth < MAX_DEPTH:
            yield from _lines_in(block.element, depth + 1)


def _is_linked(element: LexborNode) -> bool:
    linked = sum(len(link.text().split()) for link in element.css("a"))
    return linked >= _LINKED_SHARE * len(element.text().split())


def _is_in(node: LexborNode, box: LexborNode) -> bool:
    around: LexborNode | None = node
    while around is not None and around.mem_id != box.mem_id:
        around = around.parent
    return around is not None


def _runs_in(box: LexborNode) -> Iterator[str]:
    node = box.first_child
    while node is not None:
        if node.is_text_node and (text := node.text_content):
            yield text
        node = node.next


def _below(box: LexborNode) -> Iterator[Block]:
    """The blocks that follow a box within the one around it."""
    blocks = blocks_of(box.parent) if box.parent is not None else iter(())
    for block in blocks:
        if block.element is not None and block.element.mem_id == box.mem_id:
            break
    yield from blocks
