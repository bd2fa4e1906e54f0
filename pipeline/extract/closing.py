"""The wire's closing lines that stand a little below a text, in what a reader of it left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from pipeline.extract import lines as kinds
from pipeline.extract.layout import Block, blocks_of, lines_of
from pipeline.extract.text import key

# they are looked for in this many blocks below the last paragraph
_REACH = 15


def closings_in(passed: Iterable[Block], lines: Sequence[str]) -> list[str]:
    """Closing lines in the blocks passed by since the last paragraph, but for those in `lines`."""
    texts = islice(_texts_of(passed, False), _REACH)
    found = [line for text in texts for line in lines_of(text) if kinds.is_footer(line)]
    present = {key(line) for line in lines} if found else set()
    return [line for line in dict.fromkeys(found) if key(line) not in present]


def _texts_of(blocks: Iterable[Block], is_articles: bool) -> Iterator[str]:
    """The texts of blocks and of those in them, but of what belongs to the site; empty where a box begins."""
    for block in blocks:
        if block.text is not None:
            yield block.text
        elif block.element is not None and (is_articles or not _is_sites(block)):
            yield ""
            yield from _texts_of(blocks_of(block.element), is_articles or block.tag == "article")


def _is_sites(block: Block) -> bool:
    """True for what belongs to the site, not to the article."""
    if block.tag not in ("footer", "nav", "aside") and "site-footer" not in block.mark:
        return False
    parent = block.element.parent if block.element is not None else None
    while parent is not None:
        if parent.tag == "article":
            return False
        parent = parent.parent
    return True
