"""An outlet's chrome, learned from its own pages: the lines that its different articles repeat.

A line counts as often as it stands in different articles, not on different pages, so that a story which
an outlet ran twice, or updated five times, is not mistaken for chrome. Pages of one outlet are one
article if they have the same text or the same URL, or share so much of the shorter one. Pages without
an outlet have no chrome. Only the words that are compared lose it: stored and published bodies, and
the evidence of their credits, keep every line.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.match.kernels import chrome as kernel
from pipeline.match.kernels.buckets import sort_by_key
from pipeline.match.kernels.tables import add_all
from pipeline.match.kernels.tokens import FINISH
from pipeline.match.words import Room, Words, run_in_threads
from pipeline.params import Params

_PASSES = 4  # of eleven bits, as candidates are sorted
_PART = 1 << 23  # lines that are sorted at once, 24 bytes each: 200 MB


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of n documents and their outlets.

    `outlets` int32[n]: codes, -1 for none; `keys` uint64: keys[opens[i]:opens[i + 1]] are document i's lines
    in order, each a digest of its words, with its outlet added in (kernels.chrome); `sizes` int32[n]: words
    in them, of one line at most 255; `texts` uint64[n]: equal for documents of one outlet with the same
    lines, 0 without lines.
    """

    words: Words
    outlets: NDArray[np.int32]
    keys: NDArray[np.uint64]
    opens: NDArray[np.int64]
    sizes: NDArray[np.int32]
    texts: NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Chrome:
    """k chrome lines: `outlets` int32[k] their outlets' codes; `lines` uint64[k]: 56 bits of digest over 8 of
    length, the same whatever the outlet."""

    outlets: NDArray[np.int32]
    lines: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def keys(self) -> NDArray[np.uint64]:
        """The lines as `Lines.keys` has them."""
        return self.lines + self.outlets.astype(np.uint64) * kernel.OUTLET


@dataclass(frozen=True, slots=True)
class Learned:
    """k chrome lines and where they stood, by outlet.

    `articles`, `pages` int32[k]: how many hold each; `firsts` int64[k]: the document that held it first;
    `spans` int64[k, 2]: the times of the first and the last document that held it.
    """

    chrome: Chrome
    articles: NDArray[np.int32]
    pages: NDArray[np.int32]
    firsts: NDArray[np.int64]
    spans: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.chrome)

    def take(self, rows: NDArray[np.bool_]) -> Learned:
        return Learned(
            Chrome(self.chrome.outlets[rows], self.chrome.lines[rows]),
            *(self.articles[rows], self.pages[rows], self.firsts[rows], self.spans[rows]),
        )


@dataclass(frozen=True, slots=True)
class _Repeated:
    """Lines that at least two documents hold: `heads` uint64[m] their keys, docs[closes[i - 1]:closes[i]]
    the documents (uint32) of line i, ascending."""

    heads: NDArray[np.uint64]
    closes: NDArray[np.int64]
    docs: NDArray[np.uint32]


def read_lines(words: Words, outlets: NDArray[np.int32], room: Room = np.empty) -> Lines:
    """The lines of n documents of the outlets (int32[n] codes, -1: none), 8 bytes each in a `room`."""
    counts = np.empty(len(words), np.int64)
    text = words.words, words.starts, words.ends, outlets
    run_in_threads(lambda first, last: kernel.count_lines(*text, first, last, counts), words)
    opens = np.append(0, np.cumsum(counts))
    keys, texts = room(int(opens[-1]), np.uint64), np.zeros(len(words), np.uint64)
    sizes = np.zeros(len(words), np.int32)
    run_in_threads(
        lambda first, last: kernel.read_lines(*text, opens, first, last, keys, sizes, texts), words
    )
    return Lines(words, outlets, keys, opens, sizes, texts)


def learn(
    lines: Lines,
    params: Params,
    urls: NDArray[np.int64] | None = None,
    times: NDArray[np.int64] | None = None,
) -> Learned:
    """The chrome of the outlets of n documents.

    `urls` int64[n]: equal for pages of one URL, 0 for none; `times` int64[n]: when each was seen.
    Neither the order of the documents nor the numbering of their outlets changes what is found.
    """
    repeated = _repeated(lines)
    articles = _articles(lines, repeated, params, urls)
    count, m = len(articles), len(repeated.heads)
    found, firsts, spans = np.empty(m, np.int32), np.empty(m, np.int64), np.empty((m, 2), np.int64)
    seen = np.zeros(count, np.int64) if times is None else times
    kernel.count_articles(repeated.closes, repeated.docs, articles, seen, found, firsts, spans)
    chosen = np.flatnonzero(found >= params.chrome_min_articles)
    codes = lines.outlets[firsts[chosen]]
    chrome = Chrome(codes, repeated.heads[chosen] - codes.astype(np.uint64) * kernel.OUTLET)
    pages = np.diff(repeated.closes, prepend=0).astype(np.int32)
    return Learned(chrome, found[chosen], pages[chosen], firsts[chosen], spans[chosen])


def strip(lines: Lines, chrome: Chrome) -> Words:
    """The documents without the chrome of their outlets, whose codes are those of `chrome`.

    Their words are moved in place, since a second copy of all words does not fit beside the first:
    neither `lines` nor its words may be used afterwards.
    """
    words = lines.words
    table = np.zeros(1 << (2 * len(chrome) + 1).bit_length(), np.uint64)
    add_all(table, chrome.keys)
    starts, ends = words.starts.copy(), words.ends.copy()
    text = words.words, lines.keys, lines.opens
    run_in_threads(lambda first, last: kernel.strip_lines(*text, first, last, table, starts, ends), words)
    return Words(words.words, starts, ends).compact()


def _repeated(lines: Lines) -> _Repeated:
    """The lines that are repeated, sorted out a part at a time."""
    parts = 1 << (len(lines.keys) // _PART).bit_length()
    # what is not written to costs no memory, so each has room for all lines
    keys, spare_keys = np.empty_like(lines.keys), np.empty_like(lines.keys)
    docs, spare_docs = (np.empty(len(lines.keys), np.uint32) for _ in range(2))
    found = [_Repeated(np.zeros(0, np.uint64), np.zeros(0, np.int64), np.zeros(0, np.uint32))]
    for part in range(parts):
        n = kernel.select(lines.keys, lines.opens, part, parts, keys, docs)
        sort_by_key(keys[:n], docs[:n], spare_keys[:n], spare_docs[:n], _PASSES)
        closes = np.empty(n // 2, np.int64)
        m = kernel.keep_repeated(keys[:n], docs[:n], keys, closes)
        used = closes[m - 1] if m else 0
        found.append(_Repeated(keys[:m].copy(), closes[:m].copy(), docs[:used].copy()))
    before = np.cumsum([0, *(len(one.docs) for one in found)])
    return _Repeated(
        np.concatenate([one.heads for one in found]),
        np.concatenate([one.closes + start for one, start in zip(found, before, strict=False)]),
        np.concatenate([one.docs for one in found]),
    )


def _articles(
    lines: Lines, repeated: _Repeated, params: Params, urls: NDArray[np.int64] | None
) -> NDArray[np.int64]:
    """A union-find over n documents: those of one root are versions of one article of their outlet."""
    n = len(lines.words)
    articles = np.arange(n)
    _unite_equal(lines.texts, articles)
    if urls is not None:
        keys = urls.astype(np.uint64) * FINISH + lines.outlets.astype(np.uint64) * kernel.OUTLET
        _unite_equal(np.where((urls != 0) & (lines.outlets >= 0), keys, np.uint64(0)), articles)
    opens, held = np.empty(n + 2, np.int64), np.empty(len(repeated.docs), np.int32)
    kernel.by_document(repeated.docs, repeated.closes, n, opens, held)
    kernel.unite_versions(
        *(repeated.heads, repeated.closes, repeated.docs, opens, held, lines.sizes),
        *(params.chrome_rare_pages, params.chrome_same_article, articles),
    )
    return articles


def _unite_equal(keys: NDArray[np.uint64], articles: NDArray[np.int64]) -> None:
    """Join documents of equal keys (uint64[n], 0: says nothing)."""
    keys, docs = keys.copy(), np.arange(len(keys), dtype=np.uint32)
    sort_by_key(keys, docs, np.empty_like(keys), np.empty_like(docs), _PASSES)
    kernel.unite_equal(keys, docs, articles)
