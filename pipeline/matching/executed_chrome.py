"""What executors do to learn chrome: the lines of an outlet come together in one place, where what
pipeline.match learns of them is learned.

Words stay where they were read: a line moves as the eight bytes of its digest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.match.blocks import boilerplate, coded, url_keys
from pipeline.match.chrome import Learned, Lines, learn, read_lines
from pipeline.match.words import Words, read_words
from pipeline.matching.executed import Pages, Place, Some
from pipeline.params import Params

_READ = ("outlet_id", "url_normalised", "body")


@dataclass(frozen=True, slots=True)
class Seen:
    """The documents of a segment, and when each was first seen (int64[k], microseconds)."""

    pages: Pages
    times: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LinesOf:
    """Documents of one outlet (int64[k]), what tells that two of them are one article, and the keys of their
    lines, counts[i] those of document i; see `chrome.Lines`."""

    outlet_id: str
    docs: NDArray[np.int64]
    urls: NDArray[np.int64]
    times: NDArray[np.int64]
    sizes: NDArray[np.int32]
    texts: NDArray[np.uint64]
    counts: NDArray[np.int64]
    keys: NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class OutletChrome:
    """The chrome of one outlet, which has so many pages; `learned.firsts` are numbers of documents."""

    outlet_id: str
    pages: int
    learned: Learned


def lines_of(place: Place, parts: int, seen: Seen) -> Iterator[Some]:
    """The lines of a segment's documents, to the parts of their outlets."""
    by_part, done = defaultdict(list), 0
    for docs, rows in seen.pages.read(place.store(), _READ):
        codes, outlet_ids = coded(rows["outlet_id"].combine_chunks())
        # one code for all outlets: a line's key is then its digest alone
        lines = read_lines(read_words(rows["body"].combine_chunks()), np.minimum(codes, 0))
        urls, times = url_keys(rows["url_normalised"]) + 1, seen.times[done : done + len(docs)]
        done += len(docs)
        order = np.argsort(codes, kind="stable")
        bounds = np.searchsorted(codes[order], np.arange(len(outlet_ids) + 1))
        for outlet_id, first, last in zip(outlet_ids.to_pylist(), bounds, bounds[1:], strict=False):
            own = order[first:last]
            of_each = docs[own], urls[own], times[own], lines.sizes[own], lines.texts[own]
            by_part[crc32(outlet_id.encode()) % parts].append(
                LinesOf(outlet_id, *of_each, *_ragged(lines.keys, lines.opens[own], lines.opens[own + 1]))
            )
    yield from by_part.items()


def learned(params: Params, part: int, some: list[list[LinesOf]]) -> list[OutletChrome]:
    """The chrome of all outlets of a part."""
    by_outlet = defaultdict(list)
    for one in (one for made in some for one in made):
        by_outlet[one.outlet_id].append(one)
    return [_learned(outlet_id, own, params) for outlet_id, own in by_outlet.items()]


def _learned(outlet_id: str, own: list[LinesOf], params: Params) -> OutletChrome:
    docs, urls, times, sizes, texts, counts, keys = (
        np.concatenate([getattr(one, name) for one in own]) for name in LinesOf.__slots__[1:]
    )
    order = np.argsort(docs)
    ends = np.cumsum(counts)
    counts, keys = _ragged(keys, (ends - counts)[order], ends[order])
    n = len(docs)
    elsewhere = Words(np.zeros(0, np.uint32), np.zeros(n, np.int64), np.zeros(n, np.int64))
    opens = np.append(0, np.cumsum(counts))
    lines = Lines(elsewhere, np.zeros(n, np.int32), keys, opens, sizes[order], texts[order])
    found = learn(lines, params, urls[order], times[order])
    return OutletChrome(outlet_id, n, replace(found, firsts=docs[order][found.firsts]))


@dataclass(frozen=True, slots=True)
class Wanted:
    """Chrome whose lines stand in these pages of a segment, of outlets (string[o]) with so many pages each
    (int64[o])."""

    pages: Pages
    learned: Learned
    outlet_ids: pa.Array
    counts: NDArray[np.int64]


def rows_of(place: Place, wanted: Wanted) -> Iterator[Some]:
    """schema.BOILERPLATE of what was learned, with the lines' own texts."""
    read = wanted.pages.read(place.store(), ("body",))
    bodies = ((docs, rows["body"].combine_chunks()) for docs, rows in read)
    yield wanted.pages.segment, boilerplate(wanted.learned, wanted.outlet_ids, wanted.counts, bodies)


def _ragged(
    values: NDArray[np.uint64], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """How many values each stretch has, and these, one stretch after the other."""
    counts = ends - starts
    done = np.cumsum(counts)
    return counts, values[np.repeat(starts - (done - counts), counts) + np.arange(counts.sum())]
