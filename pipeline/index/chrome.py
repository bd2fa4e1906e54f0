"""Chrome that grows: what new pages repeat of an outlet's lines is learned with the pages that hold them.

A line turns into chrome when a page brings its third article, so all that can change is in the lines that
the new pages hold; they are counted over those pages and the ones in the index that hold them too. What was
chrome stays so until all pages are learned from anew.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.index.standing import Index, Pages
from pipeline.match.blocks import boilerplate, chrome_of, joined, seen_again
from pipeline.match.chrome import Chrome, Learned, Lines, learn, read_lines, strip
from pipeline.match.words import Words
from pipeline.params import Params

_HOLDERS = 64  # pages in the index that a line is counted on


@dataclass(frozen=True, slots=True)
class Adopted:
    """`words` of the new pages without chrome; `chrome`: the lines that became it; `rows`: schema.BOILERPLATE
    of all that is."""

    words: Words
    chrome: Chrome
    rows: pa.Table


def adopt(index: Index, new: Pages, texts: pa.Array, known: pa.Table, params: Params) -> Adopted:
    """Take the chrome off k new pages and learn what of it is new. Their words are moved.

    `texts`: string[k], their bodies; `known`: schema.BOILERPLATE of what was chrome before.
    """
    chrome = chrome_of(known, index.outlet_codes(known["outlet_id"].combine_chunks()))
    pages = np.array(index.outlet_pages, np.int64)
    pages += np.bincount(new.outlets[new.outlets >= 0], minlength=len(pages))
    lines = read_lines(new.articles.words, new.outlets)
    rows = _counted(known, chrome, lines, new.seen, pages)
    words = strip(lines, chrome)
    lines = read_lines(words, new.outlets)
    learned = _learned(index, new, words, lines, params)
    block = boilerplate(
        learned, pa.array(index.outlet_ids, pa.string()), pages, [(np.arange(len(new)), texts)]
    )
    if len(learned):
        words = strip(lines, learned.chrome)
    return Adopted(words, learned.chrome, joined([rows, block]))


def _learned(index: Index, new: Pages, words: Words, lines: Lines, params: Params) -> Learned:
    """The lines of the new pages that are chrome now; `firsts`: a new page that holds each."""
    own, at = np.unique(lines.keys, return_index=True)
    holders = index.holders(own, _HOLDERS)
    both = Words.concat([words, index.words(holders)])
    outlets = np.concatenate([new.outlets, index["outlets"][holders]])
    urls = np.concatenate([new.articles.urls, index["urls"][holders]])
    times = np.concatenate([new.seen, index["seen"][holders]])
    learned = learn(read_lines(both, outlets), params, urls + 1, times)
    rows = np.flatnonzero(np.isin(learned.chrome.keys, own))
    keys = learned.chrome.keys[rows]
    owners = np.repeat(np.arange(len(new)), np.diff(lines.opens))
    firsts = owners[at[np.searchsorted(own, keys)]]
    return Learned(
        Chrome(learned.chrome.outlets[rows], learned.chrome.lines[rows]),
        learned.articles[rows],
        learned.pages[rows],
        firsts,
        learned.spans[rows],
    )


def _counted(
    known: pa.Table, chrome: Chrome, lines: Lines, times: NDArray[np.int64], pages: NDArray[np.int64]
) -> pa.Table:
    """The rows of what was chrome before, with what the new pages hold of it."""
    order = np.argsort(chrome.keys)
    keys = chrome.keys[order]
    owners = np.repeat(np.arange(len(times)), np.diff(lines.opens))
    at = np.minimum(np.searchsorted(keys, lines.keys), max(len(keys) - 1, 0))
    held = np.flatnonzero(keys[at] == lines.keys) if len(keys) else np.zeros(0, np.int64)
    hits = np.unique(np.stack([order[at[held]], owners[held]], axis=1), axis=0)
    last = np.zeros(len(chrome), np.int64)
    np.maximum.at(last, hits[:, 0], times[hits[:, 1]])
    return seen_again(known, np.bincount(hits[:, 0], minlength=len(chrome)), last, pages[chrome.outlets])
