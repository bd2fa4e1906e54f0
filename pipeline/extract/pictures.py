"""Photo credits where an outlet's pictures have them: in which blocks to look is learned, as with text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from selectolax.lexbor import LexborNode

from pipeline.extract import lines as kinds
from pipeline.extract.layout import MAX_DEPTH, mark_of, place_of
from pipeline.extract.prune import MAX_CAPTION_WORDS, MAX_CREDIT_WORDS, names_caption
from pipeline.extract.text import count_words, squash

# by what `names_caption` looks for, in a quarter of the time that asking it about each class takes
_CAPTIONED = "figure, figcaption, :is(p, div, span, small, cite, em):is({})".format(
    ", ".join(f'[class*="{word}" i]' for word in ("caption", "credit", "cutline", "photographer"))
)
_PICTURED = ("figure", "figcaption")
_SMALL_PRINT = ("small", "i", "em", "cite")
# of a page, that are looked at
_MOST_CAPTIONS = 200


def picture_places(
    body: LexborNode, credits: Iterable[str], is_open: Callable[[str], bool]
) -> tuple[str, ...]:
    """The places of the blocks in which these photo credits stand: the outermost that is not open, since
    readers of a page pass by that one."""
    wanted, found = set(credits), dict[str, None]()
    for caption in _captions_in(body) if wanted else ():
        credit = _credit_in(caption)
        if credit in wanted:
            wanted.discard(credit)
            found[_place_that_is_passed(caption, is_open)] = None
        if not wanted:
            break
    return tuple(found)


def photo_credits_in(blocks: Iterable[LexborNode]) -> list[str]:
    """The photo credits in some blocks of a page, each once."""
    captions = (caption for block in blocks for caption in _captions_in(block))
    return list(dict.fromkeys(filter(None, map(_credit_in, captions))))


def _captions_in(block: LexborNode) -> Iterator[LexborNode]:
    """A block itself, if it is a caption or a figure, and those in it."""
    found = 0
    for element in [block, *block.css(_CAPTIONED)]:
        if element.tag in _PICTURED or names_caption(element.attributes.get("class") or ""):
            yield element
            found += 1
            if found == _MOST_CAPTIONS:
                return


def _credit_in(caption: LexborNode) -> str | None:
    """As `prune.take_captions` finds it: set apart by markup, or in brackets at the end."""
    text = squash(caption.text(separator=" "))
    if not text or count_words(text) > MAX_CAPTION_WORDS:
        return None
    for element in caption.traverse():
        if element.tag in _SMALL_PRINT or _says_credit(element):
            credit = squash(element.text(separator=" "))
            if 0 < len(credit.split()) <= MAX_CREDIT_WORDS:
                return credit.strip("()[] ")
    credit = kinds.photo_credit(text)
    return credit if credit != text or kinds.is_caption(text) else None


def _says_credit(element: LexborNode) -> bool:
    attributes = element.attributes
    return "redit" in (attributes.get("class") or "") or "redit" in (attributes.get("id") or "")


def _place_that_is_passed(caption: LexborNode, is_open: Callable[[str], bool]) -> str:
    marks: list[str] = []
    element: LexborNode | None = caption
    while element is not None and element.tag != "body":
        marks.append(mark_of(element, element.tag or "-"))
        if len(marks) > MAX_DEPTH:
            return ""
        element = element.parent
    around = ["body", ""]
    for mark in reversed(marks):
        place = place_of(mark, *around)
        if not is_open(place):
            return place
        around = [mark, around[0]]
    return place
