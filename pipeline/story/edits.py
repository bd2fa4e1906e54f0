"""What each copy did to its version: what it left out and added, and what became of the headline.

Each copy is held against one text, that which stands for its version, so that a story of ten thousand
copies costs ten thousand comparisons.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.match.kernels.support import SEVERAL
from pipeline.match.words import read_words
from pipeline.params import Params
from pipeline.story.kernels import edits as kernel
from pipeline.story.lines import Lines
from pipeline.story.versions import Versions

EXACT, NEAR, TRUNCATED, EXTENDED, EXCERPT = "exact", "near", "truncated", "extended", "excerpt"

Ints = NDArray[np.int64]
Shares = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Edits:
    """n copies against the text that stands for each one's version, text `to` (int64[n]).

    `sizes` int64[n]: different shingles. `added` uint8[l]: of each line of the texts KEPT, GONE (the version
    lacks it) or LOCAL (so does every other owner's copy); `omitted` uint8: omitted[omitted_opens[d] + i] is
    GONE if copy d lacks line i of its version. `jaccard`, `inside`, `around` float64[n]: the
    pair's, and how much of the one lies in the other.
    `shape`: exact, near, truncated, extended, excerpt. `headlines` float64[n]: distance, 0 same to 1.
    """

    to: Ints
    sizes: Ints
    added: NDArray[np.uint8]
    omitted: NDArray[np.uint8]
    omitted_opens: Ints
    jaccard: Shares
    inside: Shares
    around: Shares
    shape: NDArray[np.str_]
    headlines: Shares


def find_edits(
    lines: Lines, headlines: pa.Array, stories: Ints, to: Ints, owners: Ints, params: Params
) -> Edits:
    """What n copies, all of some stories, did. `headlines` string[n]; `stories`, `owners` int64[n]: the
    number of each copy's story, and of the group that owns its outlet."""
    width, texts = params.shingle_words, lines.texts()
    sizes = np.diff(lines.opens)
    omitted_opens = np.append(0, np.cumsum(sizes[to]))
    added, omitted = np.zeros(lines.opens[-1], np.uint8), np.zeros(omitted_opens[-1], np.uint8)
    figures = np.zeros((len(to), 3), np.int64)
    words = lines.words.words, lines.words.starts, lines.words.ends, lines.opens, texts.longest
    kernel.edits_all(*words, to, width, figures, added, omitted_opens, omitted)
    order = np.argsort(stories, kind="stable")
    groups = np.flatnonzero(np.diff(stories[order], prepend=-1, append=-1))
    kernel.local_all(*words, order, groups, _holders(stories, owners), width, added)
    own, other, both = figures.T
    inside, around = both / np.maximum(own, 1), both / np.maximum(other, 1)
    heads, distance = read_words(headlines), np.empty(len(to))
    kernel.distances(heads.words, heads.starts, heads.ends, to, distance)
    digests, ratio, most = texts.digests(), own / np.maximum(other, 1), params.copy_share
    lacks_lead = omitted[np.minimum(omitted_opens[:-1] + _leads(lines, params)[to], len(omitted) - 1)] > 0
    shape = np.select(
        [
            digests == digests[to],
            (inside >= most) & (ratio < most) & lacks_lead,
            (inside >= most) & (ratio < most),
            (around >= most) & (ratio > 1 / most),
        ],
        [EXACT, EXCERPT, TRUNCATED, EXTENDED],
        NEAR,
    )
    jaccard = both / np.maximum(own + other - both, 1)
    return Edits(to, own, added, omitted, omitted_opens, jaccard, inside, around, shape, distance)


def _holders(stories: Ints, owners: Ints) -> NDArray[np.int32]:
    """Whose each copy is, int32[n]; SEVERAL in stories of one owner, where nothing is local."""
    first = np.zeros(int(stories.max(initial=-1)) + 1, np.int64)
    first[stories] = owners
    several = np.bincount(stories, owners != first[stories]) > 0
    return np.where(several[stories], owners, np.int64(SEVERAL)).astype(np.int32)


def _leads(lines: Lines, params: Params) -> Ints:
    """The first line of each text that is more than a kicker, counted in the text, int64[n]."""
    long = np.flatnonzero(lines.words.lengths >= 2 * params.shingle_words)
    at = np.searchsorted(long, lines.opens[:-1])
    first = np.append(long, lines.opens[-1])[at]
    return np.where(first < lines.opens[1:], first - lines.opens[:-1], 0)


def told(edits: Edits, lines: Lines) -> dict[str, pa.Array]:
    """The columns of schema.REPUBLICATIONS that tell the edits of n copies."""
    n = len(edits.to)
    of_line = np.repeat(np.arange(n), np.diff(lines.opens))
    new = np.flatnonzero(edits.added)
    gone = np.flatnonzero(edits.omitted)
    whose = np.searchsorted(edits.omitted_opens, gone, side="right") - 1
    lost = lines.opens[edits.to[whose]] + gone - edits.omitted_opens[whose]
    local = np.bincount(of_line[edits.added == kernel.LOCAL], minlength=n) > 0
    return {
        "paragraphs_omitted": lines.lists(lost, whose, n),
        "paragraphs_added": lines.lists(new, of_line[new], n),
        "n_paragraphs_omitted": pa.array(np.bincount(whose, minlength=n), pa.int32()),
        "n_paragraphs_added": pa.array(np.bincount(of_line[new], minlength=n), pa.int32()),
        "local_insert": pa.array(local),
        "headline_distance": pa.array(edits.headlines, pa.float32()),
    }


def word_changes(lines: Lines, stories: Ints, versions: Versions, representatives: Ints) -> tuple[Ints, Ints]:
    """Words of each copy's version that the version before lacks, and the other way round, int64[n] each.

    `representatives` int64[n]: the row that stands for each copy's version. A diff of words, within the lines
    that a diff of lines leaves.
    """
    added, removed = np.zeros(len(stories), np.int64), np.zeros(len(stories), np.int64)
    digests = lines.words.digests()
    at = {(int(stories[row]), int(versions.number[row])): row for row in np.unique(representatives).tolist()}
    for row in np.unique(representatives[versions.number > 1]).tolist():
        before = at[int(stories[row]), int(versions.number[row]) - 1]
        spans = [(int(lines.opens[one]), int(lines.opens[one + 1])) for one in (before, row)]
        old, new = (digests[a:b].tolist() for a, b in spans)
        for kind, a0, a1, b0, b1 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if kind != "equal":
                one, other = (
                    lines.between(start + x, start + y)
                    for (start, _), x, y in ((spans[0], a0, a1), (spans[1], b0, b1))
                )
                blocks = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
                kept = sum(block.size for block in blocks)
                added[row] += len(other) - kept
                removed[row] += len(one) - kept
    return added[representatives], removed[representatives]
