"""Photo credits where an outlet's pictures have them: learned as selectors, read without walking the page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from selectolax.lexbor import LexborNode

from pipeline.extract import lines as kinds
from pipeline.extract.prune import MAX_CAPTION_WORDS, MAX_CREDIT_WORDS, names_caption
from pipeline.extract.text import count_words, squash

_CAPTIONED = "figure, figcaption, p[class], div[class], span[class], small[class], cite[class], em[class]"
_PICTURED = ("figure", "figcaption")
_SMALL_PRINT = "[class*='redit'], [id*='redit'], small, i, em, cite"
_NAME = re.compile(r"^[A-Za-z_][A-Za-z_-]*$")
# of a page, that are looked at
_MAX_CAPTIONS = 200


def selectors_of(body: LexborNode, credits: Iterable[str]) -> tuple[str, ...]:
    """Selectors of the captions that gave these photo credits."""
    wanted, found = set(credits), dict[str, None]()
    if not wanted:
        return ()
    for element in body.css(_CAPTIONED):
        if element.tag not in _PICTURED and not names_caption(element.attributes.get("class") or ""):
            continue
        credit = _credit_in(element)
        if credit in wanted:
            wanted.discard(credit)
            found[_selector(element)] = None
        if not wanted:
            break
    return tuple(found)


def credits_at(body: LexborNode, selectors: Sequence[str]) -> list[str]:
    """The photo credits in the captions under these selectors, each once."""
    captions = body.css(", ".join(selectors))[:_MAX_CAPTIONS] if selectors else []
    return list(dict.fromkeys(filter(None, map(_credit_in, captions))))


def _credit_in(caption: LexborNode) -> str | None:
    """As `prune.take_captions` finds it: set apart by markup, or in brackets at the end."""
    text = squash(caption.text(separator=" "))
    if not text or count_words(text) > MAX_CAPTION_WORDS:
        return None
    for element in caption.css(_SMALL_PRINT):
        credit = squash(element.text(separator=" "))
        if 0 < len(credit.split()) <= MAX_CREDIT_WORDS:
            return credit.strip("()[] ")
    credit = kinds.photo_credit(text)
    return credit if credit != text or kinds.is_caption(text) else None


def _selector(element: LexborNode) -> str:
    classes = [name for name in (element.attributes.get("class") or "").split() if _NAME.match(name)]
    return "".join([element.tag or "*", *(f".{name}" for name in classes)])
