"""Words without which a pattern cannot match: asked for first, they spare most texts the pattern.

A search for words is some fifty times cheaper than one for a pattern; what they let through, the pattern
decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as sre_parser  # type: ignore[attr-defined]
from typing import Any

_CAPITALS = 6


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece of text; one of any case is spelled in lower case."""

    text: str
    any_case: bool


def pieces_of(pattern: re.Pattern[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Pieces of which at least one stands in every text that the pattern matches.

    Those that stand there as they are, and those, in lower case, of which the case is free. Both are empty
    if the pattern can match without any.
    """
    found = _best(sre_parser.parse(pattern.pattern), pattern.flags)
    exact, folded = ({one.text for one in found if one.any_case == any_case} for any_case in (False, True))
    return _shortest(exact), _shortest(folded)


def holding_one_of(exact: Iterable[str], folded: Iterable[str]) -> str:
    """An expression for RE2 that finds any of the pieces, those that are folded in any case."""
    spelled, any_case = ([re.escape(one) for one in sorted(pieces)] for pieces in (exact, folded))
    return "|".join([*spelled, f"(?i:{'|'.join(any_case)})"] if any_case else spelled)


def _shortest(pieces: set[str]) -> tuple[str, ...]:
    """Without those that contain another one."""
    return tuple(sorted(one for one in pieces if not any(other in one for other in pieces - {one})))


def _best(items: Iterable[Any], flags: int) -> frozenset[_Piece]:
    """Of the sets of pieces that the items ask for one after the other, the one that is rarest in texts."""
    return max(_asked(items, flags), key=_rarity, default=frozenset())


def _rarity(pieces: frozenset[_Piece]) -> tuple[int, int]:
    """Long pieces are rare, and so are capitals: "AP" is rarer than "contributed"."""
    weights = [len(piece.text) * (_CAPITALS if piece.text.isupper() else 1) for piece in pieces]
    return min(weights, default=0), -len(pieces)


def _asked(items: Iterable[Any], flags: int) -> Iterator[frozenset[_Piece]]:
    run: list[Any] = []
    for item in items:
        # beyond ASCII a letter's other case can be several, and of another length
        if item[0] is sre.LITERAL and item[1] < 128:
            run.append(item)
            continue
        yield _piece(run, flags)
        yield _inside(item[0], item[1], flags, run)
        run = []
    yield _piece(run, flags)


def _piece(run: list[Any], flags: int) -> frozenset[_Piece]:
    text, any_case = "".join(chr(value) for _, value in run), bool(flags & re.IGNORECASE)
    return frozenset([_Piece(text.lower() if any_case else text, any_case)] if run else [])


def _inside(kind: Any, value: Any, flags: int, before: list[Any]) -> frozenset[_Piece]:
    """What one item asks for; `before`: the literals that it follows, which `re` took out of its branches."""
    if kind is sre.SUBPATTERN:
        _, added, removed, items = value
        return _best(items, (flags | added) & ~removed)
    if kind is sre.BRANCH:
        branches = [_best([*before, *items], flags) for items in value[1]]
        return frozenset().union(*branches) if all(branches) else frozenset()
    if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT) and value[0] > 0:
        return _best(value[2], flags)
    return frozenset()
