"""A plain text page is read by its lines: headline, what belongs to a picture, byline, text, chrome."""

from __future__ import annotations

import re

from pipeline.extract import lines as kinds
from pipeline.extract.body import Article, settle
from pipeline.extract.text import key, squash

_TAG = re.compile(r"<[^>]{1,80}>")
_ITALIC = re.compile(r"<i>(.*?)</i>", re.IGNORECASE)
_MAX_HEADLINE_WORDS = 40
# a byline further down than this is part of the text
_BYLINE_REACH_LINES, _BYLINE_REACH_WORDS = 14, 160


def read_plain(text: str) -> tuple[str, Article]:
    """`(headline, article)` of a page without markup; the headline is empty if there is none.

    What stands between headline and byline belongs to the picture: captions and photo_credits.
    """
    raw = [squash(line) for line in text.splitlines()]
    rows = [line for line in raw if line and not kinds.is_chrome(line)]
    headline = rows[0] if rows and _is_headline(rows[0]) else ""
    rows = rows[1:] if headline else rows
    byline = _byline_at(rows)
    picture, rest = (rows[:byline], rows[byline:]) if byline is not None else ([], rows)
    marked = [line for line in rest if _TAG.search(line)]
    photo_credits = [
        squash(_TAG.sub(" ", credit)) for line in picture + marked for credit in _ITALIC.findall(line)
    ]
    photo_credits += [kinds.photo_credit(line) for line in picture if kinds.is_caption(line)]
    dropped = {key(credit) for credit in photo_credits}
    kept = [line for line in rest if not _ITALIC.search(line) and key(line) not in dropped]
    return headline, settle([squash(_TAG.sub(" ", line)) for line in kept], headline, photo_credits)


def _is_headline(line: str) -> bool:
    return (
        len(line.split()) <= _MAX_HEADLINE_WORDS
        and not kinds.is_byline(line)
        and not kinds.read_dateline(line)
    )


def _byline_at(rows: list[str]) -> int | None:
    seen = 0
    for at, line in enumerate(rows[:_BYLINE_REACH_LINES]):
        if kinds.is_byline(line):
            return at
        seen += len(line.split())
        if seen > _BYLINE_REACH_WORDS:
            break
    return None
