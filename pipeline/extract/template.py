"""A template tells where a body sits from what was taken of pages before; it never guesses.

What it does not know counts against the reading, and a reading with too much of that is not used.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from selectolax.lexbor import LexborNode

from pipeline.extract import lines as kinds
from pipeline.extract.closing import closings_in
from pipeline.extract.layout import (
    MAX_DEPTH,
    RUN,
    Block,
    blocks_of,
    count_shown,
    is_teaser,
    lines_of,
    place_of,
    short_place_of,
    shown,
    text_of,
)
from pipeline.extract.notices import find_notices

# how much of a block's words the full path must have taken, for it to be text; between the other two
# it is doubtful, whichever way it is read
_TEXT, _HARDLY, _SURELY = 0.5, 0.25, 0.75
# words that no template knows: elsewhere on the page they are an advertisement; beside text they are
# text that would be lost; a notice ("Correction: …") is never left out
_STRANGE_WORDS, _STRANGE_SHARE = 30, 0.25
_DOUBTFUL_WORDS, _DOUBTFUL_SHARE = 4, 0.04
# without a class, among paragraphs, these are text on every outlet that was looked at
_PLAIN = frozenset(("p", "h2", "h3", "h4", "h5", "ul", "ol", "li", "blockquote"))
# text in a place is proven once so many pages had it there, and of a page nearly all must be
_PROVEN_PAGES, _PROVEN_SHARE = 2, 0.7
# blocks without text are searched for photo credits until so many pages taught their places
_KNOWN_PAGES = 3
_LONG_WORDS, _PARAGRAPH_WORDS = 20, 8
_LONG_LINE = 60  # characters; the same line again is the page's second copy of it
Votes = tuple[int, int, int]  # words that were text, all words, pages


@dataclass(frozen=True, slots=True)
class Template:
    """What is known of an outlet's pages: by the places of blocks (`place_of`) how many of their words were
    text and how many they had, on how many pages; and the places of the blocks with photo credits.
    `is_doubted`: it was trusted before, and the full path disagreed.

    Pages of several layouts are told apart by their places; a layout is new as long as its own are.
    """

    version: int = 1
    blocks: Mapping[str, Votes] = field(default_factory=dict)
    credits: frozenset[str] = frozenset()
    is_trusted: bool = False
    is_doubted: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What a template read of a page. `layout` is the box that holds most of it; `pictures` are blocks that
    may hold photo credits.

    `is_clear`: it knew nearly all of what it saw. `is_proven`: and more than one page taught it that.
    """

    lines: list[str]
    pictures: list[LexborNode]
    layout: str
    is_clear: bool
    is_proven: bool


def read_by(template: Template, body: LexborNode, min_words: int) -> Reading:
    """Read a page's body by a template."""
    reader = _Reader(template)
    reader.read_box(body, "body", "", False, 0)
    words = sum(reader.words.values())
    is_clear = (
        words >= min_words
        and not reader.has_notice
        and reader.doubtful <= _DOUBTFUL_WORDS + _DOUBTFUL_SHARE * words
        and not reader.is_strange(_STRANGE_WORDS + _STRANGE_SHARE * words)
    )
    layout = max(reader.words, key=lambda box: reader.words[box], default="")
    is_proven = is_clear and reader.proven >= _PROVEN_SHARE * words
    return Reading(reader.finish(), reader.pictures, layout, is_clear, is_proven)


class _Reader:
    """Goes through a body once, box by box. Boxes that never held text are not entered."""

    def __init__(self, template: Template) -> None:
        self._blocks, self._credits = template.blocks, template.credits
        self._lines: list[str] = []
        self._seen: set[str] = set()
        self._byline: str | None = None
        self._long = 0
        self._passed: list[Block] = []  # what was left out since the last paragraph
        self.pictures: list[LexborNode] = []  # blocks with photo credits
        self.words: Counter[str] = Counter()  # of text, by the box that holds it
        self.proven = 0
        self._strange: list[Block] = []  # far from text
        self.doubtful = 0
        self.has_notice = False

    def read_box(self, box: LexborNode, mark: str, above: str, holds_text: bool, depth: int) -> None:
        around, short, get = f"<{mark}<{above}", f"<{mark}", self._blocks.get
        for block in blocks_of(box):
            place = block.mark + around
            known = get(place) or get(block.mark + short)
            is_bare = known is None or (not known[0] and known[2] < _KNOWN_PAGES)
            if block.element is not None and (is_bare or place in self._credits):
                self.pictures.append(block.element)
            if block.text is not None:
                self._leaf(block, block.text, known, around[1:], holds_text)
            elif known is not None and not known[0]:
                self._passed.append(block)
                if self._long < 2:
                    self._look_for_byline(block)
            elif block.element is None or depth == MAX_DEPTH:
                self._stranger(block, holds_text)
            elif known is not None or (holds_text and block.mark in _PLAIN):
                inner = known is None or self._holds_text(block.mark, mark)
                self.read_box(block.element, block.mark, mark, inner, depth + 1)
            else:
                self._stranger(block, holds_text)

    def finish(self) -> list[str]:
        """The lines: a byline that stood apart, the text, closing lines that stood below it."""
        first = [self._byline] if self._byline and self._byline not in self._lines else []
        return first + self._lines + closings_in(self._passed, self._lines)

    def _holds_text(self, mark: str, parent: str) -> bool:
        """True for a box whose own paragraphs or runs are text."""
        for own in ("p", RUN):
            votes = self._blocks.get(place_of(own, mark, parent)) or self._blocks.get(
                short_place_of(own, mark)
            )
            if votes and votes[0] >= _TEXT * votes[1]:
                return True
        return False

    def _leaf(self, block: Block, text: str, known: Votes | None, layout: str, beside: bool) -> None:
        if known is None:
            is_plain = (layout.partition("<")[0] if block.tag == RUN else block.mark) in _PLAIN
            if beside and is_plain:
                self._take(block, text, layout, False)
            else:
                self._stranger(block, beside)
            return
        taken, all_words, pages = known
        if beside and _HARDLY * all_words < taken < _SURELY * all_words:
            self.doubtful += len(text.split())
        if taken and taken >= (_TEXT if beside else _SURELY) * all_words:
            self._take(block, text, layout, pages >= _PROVEN_PAGES)
        else:
            self._pass(block, beside)

    def _take(self, block: Block, text: str, layout: str, is_proven: bool) -> None:
        item = "- " if block.tag == RUN and layout.startswith("li") else ""
        for line in lines_of(text):
            if len(line) > _LONG_LINE:
                if line in self._seen:
                    continue
                self._seen.add(line)
            elif block.element is not None and is_teaser(block.element, line):
                continue
            words = len(line.split())
            self._long += words >= _LONG_WORDS
            self.proven += words if is_proven else 0
            self.words[layout] += words
            self._lines.append(item + line)
            if words >= _PARAGRAPH_WORDS:
                self._passed.clear()

    def _stranger(self, block: Block, beside: bool) -> None:
        if beside:
            self.doubtful += count_shown(block)
        else:
            self._strange.append(block)
        self._pass(block, beside)

    def is_strange(self, limit: float) -> bool:
        """Whether blocks that it does not know show more words; of a page of a new layout few are counted."""
        words = 0
        for block in self._strange:
            words += count_shown(block)
            if words > limit:
                return True
        return False

    def _pass(self, block: Block, beside: bool) -> None:
        self._passed.append(block)
        if block.text is None:
            self._look_for_byline(block)
        elif block.tag == "p":
            self._keep_byline(block.text)
        if beside and find_notices("", "\n".join(lines_of(shown(block))), ""):
            self.has_notice = True

    def _look_for_byline(self, box: Block) -> None:
        """Bylines stand above the second long paragraph, and in a box of their own only if it is named so."""
        if self._long < 2 and self._byline is None and box.element is not None and "yline" in box.mark:
            for paragraph in box.element.css("p"):
                self._keep_byline(text_of(paragraph))

    def _keep_byline(self, text: str) -> None:
        if self._byline is None and self._long < 2:
            line = " ".join(lines_of(text))
            self._byline = line if kinds.is_byline(line) else None
