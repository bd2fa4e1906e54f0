"""The text of a story where its copies agree: a paragraph that most lack is dropped from the chosen copy, one
that most have is put back.

Owners of copies of the chosen version vote, each once; those of cut copies do not. It takes two, and more
than half. Who may not stand for the story votes, but gives no words to it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.segments import STRINGS
from pipeline.story.edits import EXCERPT, TRUNCATED, Edits
from pipeline.story.lines import Lines

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Repaired:
    """The texts that differ from their chosen copies': that copy's row for k stories (int64[k]), the body as
    it should be, and the paragraphs added and dropped."""

    rows: Ints
    bodies: list[str]
    added: list[list[str]]
    dropped: list[list[str]]


def repair(lines: Lines, edits: Edits, chosen: Ints, owners: Ints, free: Flags) -> Repaired:
    """What the copies of some stories say against the chosen ones.

    `chosen`, `owners` int64[n]: the row that stands for each copy's story, and the group that owns its
    outlet; a chosen row stands for its version, so that its copies' edits are against it. `free` bool[n]: a
    copy's words may stand in the story's text; where the chosen one's may not, all may.
    """
    voting = (edits.to == chosen) & ~np.isin(edits.shape, (TRUNCATED, EXCERPT))
    votes = np.unique(np.stack([chosen[voting], owners[voting]]), axis=1)
    voters = np.bincount(votes[0], minlength=len(chosen))
    dropped = np.union1d(_outvoted(lines, edits, voting, owners, voters), _chrome(lines, chosen))
    wanted = _missed(lines, edits, voting, owners, voters, free | ~free[chosen])
    of_line = np.repeat(np.arange(len(chosen)), np.diff(lines.opens))
    rows = np.union1d(of_line[dropped], chosen[of_line[wanted]])
    gone = set(dropped.tolist())
    digests = lines.words.digests()
    put: dict[int, list[int]] = {}
    for line in wanted.tolist():
        put.setdefault(int(chosen[of_line[line]]), []).append(line)
    out = Repaired(rows, [], [], [])
    for row in rows.tolist():
        kept = [line for line in range(lines.opens[row], lines.opens[row + 1]) if line not in gone]
        new = put.get(row, [])
        for line in new:
            kept.insert(_place(line, kept, int(lines.opens[of_line[line]]), digests), line)
        cut = [line for line in range(lines.opens[row], lines.opens[row + 1]) if line in gone]
        body, more, less = ([lines.text[line].as_py() for line in part] for part in (kept, new, cut))
        out.bodies.append("\n".join(body))
        out.added.append(more)
        out.dropped.append(less)
    return out


def _outvoted(lines: Lines, edits: Edits, voting: Flags, owners: Ints, voters: Ints) -> Ints:
    """Lines of chosen texts that most owners' copies lack."""
    flags = np.flatnonzero(edits.omitted)
    copy = np.searchsorted(edits.omitted_opens, flags, side="right") - 1
    line = lines.opens[edits.to[copy]] + flags - edits.omitted_opens[copy]
    keep = voting[copy]
    against = np.unique(np.stack([line[keep], edits.to[copy[keep]], owners[copy[keep]]]), axis=1)
    found, first, count = np.unique(against[0], return_index=True, return_counts=True)
    return found[_most(count, voters[against[1, first]])]


def _missed(lines: Lines, edits: Edits, voting: Flags, owners: Ints, voters: Ints, giving: Flags) -> Ints:
    """Lines that most owners' copies have and the chosen one lacks: each once, as the first copy has it that
    gives its words (bool[n]); none that only others have."""
    of_line = np.repeat(np.arange(len(voting)), np.diff(lines.opens))
    new = np.flatnonzero((edits.added > 0) & voting[of_line])
    copy = of_line[new]
    key = np.stack([edits.to[copy].astype(np.uint64), lines.words.take(new).digests()])
    _, first, text = np.unique(key, axis=1, return_index=True, return_inverse=True)
    votes = np.unique(np.stack([text, owners[copy]]), axis=1)
    count = np.bincount(votes[0], minlength=len(first))
    wanted = _most(count, voters[edits.to[copy[first]]])
    given = np.flatnonzero(giving[copy])
    texts, printed = np.unique(text[given], return_index=True)
    return np.sort(new[given[printed[wanted[texts]]]])


def _most(votes: Ints, voters: Ints) -> Flags:
    return (votes > 1) & (2 * votes > voters)


def _chrome(lines: Lines, chosen: Ints) -> Ints:
    """Lines of chosen texts that are their outlets' chrome: printed, and without words that count."""
    of_line = np.repeat(np.arange(len(chosen)), np.diff(lines.opens))
    ours = chosen[of_line] == of_line
    printed = pc.greater(pc.utf8_length(pc.utf8_trim_whitespace(lines.text)), 0).to_numpy(
        zero_copy_only=False
    )
    return np.flatnonzero(ours & printed & (lines.words.lengths == 0))


def _place(line: int, kept: list[int], start: int, digests: NDArray[np.uint64]) -> int:
    """Where a line belongs: behind that before it in its own copy, as far as that is kept."""
    places = {int(digests[one]): place + 1 for place, one in enumerate(kept)}
    for before in range(line - 1, start - 1, -1):
        if int(digests[before]) in places:
            return places[int(digests[before])]
    return 0


def to_columns(repaired: Repaired, n: int) -> dict[str, pa.Array]:
    """repaired_body, canonical_added, canonical_dropped of n copies; null or empty where nothing was."""
    body, added, dropped = (np.full(n, None, object) for _ in range(3))
    for row, *told in zip(repaired.rows, repaired.bodies, repaired.added, repaired.dropped, strict=True):
        body[row], added[row], dropped[row] = told
    return {
        "repaired_body": pa.array(body, pa.string()),
        "canonical_added": pa.array([one or [] for one in added], STRINGS),
        "canonical_dropped": pa.array([one or [] for one in dropped], STRINGS),
    }
