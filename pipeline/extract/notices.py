"""A notice is told by the line that carries it: what the wire or the outlet says about the story itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.extract.pieces import pieces_of
from pipeline.model import Evidence

_HEAD_LINES, _TAIL_LINES, _LINE_CHARS = 4, 3, 600


def _any(*patterns: str, flags: int = re.IGNORECASE) -> re.Pattern[str]:
    return re.compile("|".join(patterns), flags)


# in the order in which a page's notices are listed; capitals are the wires' own
_KINDS = {
    "kill": _any(r"^\W*(?:BC-\S+ )?(?:MANDATORY )?KILL\b", r"\bkill is mandatory", flags=0),
    "withhold": _any(r"^\W*WITHHOLD\b", r"\bplease (?:withhold|hold) this (?:story|article)", flags=0),
    "embargo": _any(r"^\W*(?:EMBARGO(?:ED)?|HOLD FOR RELEASE|NOT FOR RELEASE)\b", flags=0),
    "retraction": _any(
        r"^\W*(?:retraction|retracted|withdrawal|withdrawn)\b\s*[:—–(-]",
        r"^\W*this (?:story|article|report) (?:has been|was) (?:retracted|withdrawn)\b",
        r"\bhas (?:retracted|withdrawn) (?:this|its|the) (?:story|article|report)\b.{0,80}$",
    ),
    "correction": _any(
        r"^\W*(?:correction|corrected|clarification)s?\b\s*(?:[:—–(-]|to |the |&|and clarifications?|\d)",
        r"^\W*corrects\b",
        r"\b(?:an earlier|a previous) version of this (?:story|article|report)\b",
        r"\bthis (?:version|story|article) (?:corrects|has been corrected|was corrected)",
    ),
    "editors_note": _any(r"^\W*editor(?:[’']s|s[’']|s)?\s+note\b"),
    "advisory": _any(
        r"^\W*(?:ADVISORY|EDITORS|EDS)\b\W",
        r"^\W*(?:[Aa]ttention|[Nn]ote to) [Ee]ditors\b",
        flags=0,
    ),
}


_PIECES = {kind: pieces_of(pattern) for kind, pattern in _KINDS.items()}
# of all kinds: (as they are, of any case), of which a text with a notice holds at least one
PIECES = (
    frozenset(piece for exact, _ in _PIECES.values() for piece in exact),
    frozenset(piece for _, folded in _PIECES.values() for piece in folded),
)


def find_notices(headline: str, body: str, footer: str) -> tuple[Evidence, ...]:
    """The lines that carry notices, each as evidence whose rule is the notice's kind.

    They stand in the headline, at the head and the tail of the body, or among the closing lines.
    """
    lines = list(_lines(headline, body, footer))
    possible = _possible("\n".join(line for _, line, _ in lines))
    return tuple(
        Evidence(kind, where, line, start, start + len(line))
        for kind in possible
        for where, line, start in lines
        if _KINDS[kind].search(line)
    )


def _possible(text: str) -> list[str]:
    """The kinds whose words stand in the text: nearly always none, and 100 us a page are spared."""
    lowered = text.lower()
    return [
        kind
        for kind, (exact, folded) in _PIECES.items()
        if any(map(text.__contains__, exact)) or any(map(lowered.__contains__, folded))
    ]


def _lines(headline: str, body: str, footer: str) -> Iterator[tuple[str, str, int]]:
    yield "headline", headline[:_LINE_CHARS], 0
    of_body = list(_numbered("body", body))
    yield from of_body[:_HEAD_LINES]
    yield from of_body[_HEAD_LINES:][-_TAIL_LINES:]
    yield from _numbered("footer", footer)


def _numbered(where: str, text: str) -> Iterator[tuple[str, str, int]]:
    start = 0
    for line in text.split("\n"):
        yield where, line[:_LINE_CHARS], start
        start += len(line) + 1
