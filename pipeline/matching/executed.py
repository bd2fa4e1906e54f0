"""What executors do: the functions of pipeline.match, on what they read from the lake or were sent.

Each takes one task, or all that goes to one part, and knows nothing of Spark. What is made for later lies in
the lake as plain arrays: of each segment the words of its texts, then those of its headlines, and their
signatures; of each part of a band its keys, then their documents; of each part of the anchors these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.lake.locate import open_store
from pipeline.lake.segment import read_rows
from pipeline.lake.store import Store
from pipeline.match.blocks import compared, url_keys
from pipeline.match.candidates import Groups, by_anchors_in_part, in_part
from pipeline.match.figures import Articles
from pipeline.match.frequencies import groups_holding
from pipeline.match.kernels import shingles
from pipeline.match.scorecard import Scorecard
from pipeline.match.sign import anchor_blocks, sign
from pipeline.match.verify import Verdicts, Verifier
from pipeline.match.words import Words, read_words
from pipeline.params import Params
from pipeline.segments import PAGES

_READ = ("outlet_id", "url_normalised", "headline", "published_at", "body")
_GAP = 1 << 14  # words: 64 KB
_AT_ONCE = 16  # requests, where the lake is far away
_LOW, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
NONE = np.uint32(0xFFFFFFFF)
Some = tuple[int, Any]  # a value, and the part to which it goes


@dataclass(frozen=True, slots=True)
class Place:
    """Where executors put what they make: a lake's URL, and the prefix of their keys."""

    url: str
    prefix: str

    def store(self) -> Store:
        return open_store(self.url, single_writer=True)

    def texts(self, segment: int) -> str:
        return f"{self.prefix}texts-{segment:06d}"

    def signatures(self, segment: int) -> str:
        return f"{self.prefix}signatures-{segment:06d}"

    def keys(self, band: int, part: int) -> str:
        """Of a part of a band; anchors are what follows the last band."""
        return f"{self.prefix}keys-{band:02d}-{part:06d}"


@dataclass(frozen=True, slots=True)
class Pages:
    """The documents `docs` of a segment, which lie in these of its rows (ascending)."""

    segment: int
    key: str
    rows: NDArray[np.int64]
    docs: NDArray[np.int64]

    def take(self, some: NDArray[np.bool_]) -> Pages:
        return Pages(self.segment, self.key, self.rows[some], self.docs[some])

    def read(self, lake: Store, columns: tuple[str, ...]) -> Iterator[tuple[NDArray[np.int64], pa.Table]]:
        for start, batch in read_rows(lake, PAGES, [self.key], columns, self.rows):
            first, last = np.searchsorted(self.rows, [start, start + batch.num_rows])
            if last > first:
                yield self.docs[first:last], batch.take(pa.array(self.rows[first:last] - start))


def stripped(place: Place, chrome: bytes, pages: Pages) -> Iterator[Some]:
    """Put the texts without the chrome (schema.BOILERPLATE, as Parquet) into the lake; how many words each
    and its headline have, its address as a key, and when it was published."""
    lake = place.store()
    rows = pq.ParquetFile(pa.BufferReader(chrome)).read()
    texts, heads, narrow = [], [], []
    for _, some in pages.read(lake, _READ):
        words = compared(some["outlet_id"].combine_chunks(), some["body"].combine_chunks(), rows)
        headlines = read_words(some["headline"].combine_chunks())
        texts.append(words.words.tobytes())
        heads.append(headlines.words.tobytes())
        sizes = {"words": words.lengths, "headline": headlines.lengths}
        known = {"url": url_keys(some["url_normalised"]), "published_at": some["published_at"]}
        narrow.append(pa.table(sizes | known))
    lake.put(place.texts(pages.segment), b"".join([*texts, *heads]))
    yield pages.segment, pa.concat_tables(narrow)


@dataclass(frozen=True, slots=True)
class Laid:
    """Some documents of a segment, ascending by where they lie: `starts`, `ends` int64[k, 2] of their texts
    and of their headlines, in words of the segment's object."""

    segment: int
    docs: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> Laid:
        return Laid(self.segment, self.docs[rows], self.starts[rows], self.ends[rows])

    def read(self, lake: Store, place: Place, column: int, gap: int = _GAP) -> Words:
        """Their texts (0) or headlines (1), a request for each stretch of the object that holds some; `gap`:
        words between two that are read rather than asked for apart."""
        key, starts, ends = place.texts(self.segment), self.starts[:, column], self.ends[:, column]
        firsts = np.flatnonzero(np.append(True, starts[1:] > ends[:-1] + gap)[: len(starts)])
        lasts = np.append(firsts[1:], len(starts)) - 1
        sizes = ends[lasts] - starts[firsts]
        opens = np.cumsum(sizes) - sizes

        def fetched(start: int, size: int) -> NDArray[np.uint32]:
            return np.frombuffer(lake.get_range(key, 4 * start, 4 * size) if size else b"", np.uint32)

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            parts = list(pool.map(fetched, starts[firsts].tolist(), sizes.tolist()))
        moved = np.repeat(opens - starts[firsts], lasts - firsts + 1)
        return Words(np.concatenate([np.zeros(0, np.uint32), *parts]), starts + moved, ends + moved)


def signed(place: Place, params: Params, laid: Laid) -> Iterator[Some]:
    """Put the signatures of a segment's texts beside them; their digests, and how many anchors each has."""
    lake = place.store()
    words = laid.read(lake, place, 0)
    made = sign(words, params)
    anchored = np.concatenate([np.zeros(0, np.uint64), *anchor_blocks(words, params)])
    held = np.bincount((anchored & _LOW).astype(np.int64), minlength=len(words)).astype(np.int32)
    lake.put(place.signatures(laid.segment), made.signatures.tobytes())
    yield laid.segment, (made.digests, held)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Those documents of a segment that pairs are found among, and their rows among its signatures."""

    laid: Laid
    rows: NDArray[np.int64]


def keys(place: Place, params: Params, parts: int, chosen: Chosen) -> Iterator[Some]:
    """The keys of the documents in each part (of 2^k) of each band, and their anchors in each part."""
    lake, docs = place.store(), chosen.laid.docs
    shift = np.uint64(65 - parts.bit_length())
    stored = np.frombuffer(lake.get(place.signatures(chosen.laid.segment)), np.uint32)
    own = np.empty((params.bands, len(docs)), np.uint64)
    shingles.band_keys(stored.reshape(-1, params.num_perm), chosen.rows, 0, params.rows, own)
    for band, found in enumerate(own):
        for part, at in _by_part(found, shift, parts):
            yield band * parts + part, (found[at], docs[at].astype(np.uint32))
    words = chosen.laid.read(lake, place, 0)
    anchored = np.concatenate([np.zeros(0, np.uint64), *anchor_blocks(words, params)])
    anchored = (anchored & ~_LOW) | docs[anchored & _LOW].astype(np.uint64)
    for part, at in _by_part(anchored, shift, parts):
        yield params.bands * parts + part, (anchored[at],)


def gathered(place: Place, params: Params, parts: int, number: int, some: list[Any]) -> None:
    """Put all that goes to a part of a band, or of the anchors, into the lake, in the order in which it is
    looked at."""
    columns = [np.concatenate(column) for column in zip(*some, strict=True)]
    order = np.argsort(columns[-1], kind="stable")  # by document; anchors, by shingle before
    key = place.keys(number // parts, number % parts)
    place.store().put(key, b"".join(column[order].tobytes() for column in columns))


@dataclass(frozen=True, slots=True)
class State:
    """Groups as a search begins: uint32[n] the group of each document, and of the text that holds it, or
    NONE."""

    roots: NDArray[np.uint32]
    hosts: NDArray[np.uint32]

    def among(self, docs: NDArray[np.uint32]) -> Groups:
        """The groups of some documents (ascending), by their places there."""
        roots, firsts, group = np.unique(self.roots[docs], return_index=True, return_inverse=True)
        groups, hosts = Groups(len(docs)), self.hosts[docs]
        groups.parent[:] = firsts[group]
        at = np.minimum(np.searchsorted(roots, hosts), len(roots) - 1)
        groups.host[:] = np.where((hosts != NONE) & (roots[at] == hosts), firsts[at], -1)
        return groups


def found(place: Place, params: Params, state: Any, task: tuple[int, int]) -> Iterator[Some]:
    """The open pairs that share a key of a part of a band, or an anchor, and the buckets that were not
    multiplied out. `state`: of the groups, as Spark broadcast it."""
    band, part = task
    stored = place.store().get(place.keys(band, part))
    if band < params.bands:
        n = len(stored) // 12
        own, docs = np.frombuffer(stored, np.uint64, n).copy(), np.frombuffer(stored, np.uint32, n, 8 * n)
    else:
        own = np.frombuffer(stored, np.uint64)
        docs = (own & _LOW).astype(np.uint32)
    known, places = np.unique(docs, return_inverse=True)
    look = in_part if band < params.bands else by_anchors_in_part
    pairs, capped = look(own, places.astype(np.uint32), state.value.among(known), params)
    of = known.astype(np.uint64)
    yield part, ((of[pairs >> _HALF] << _HALF) | of[pairs & _LOW], capped)


@dataclass(frozen=True, slots=True)
class Sent:
    """Texts of some documents of a segment, and to which parts they go (int64[k], each ascending)."""

    laid: Laid
    parts: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Question:
    """Pairs of the documents `docs` (ascending), by their places there, that one part answers; `beside`: of
    each pair what the question is of."""

    part: int
    docs: NDArray[np.int64]
    urls: NDArray[np.int64]
    pairs: NDArray[np.int64]
    beside: Verdicts | None


Answer = Callable[[Verifier, NDArray[np.int64], Any], Any]


def sent(place: Place, task: Sent | Question) -> Iterator[Some]:
    """Texts to where they are asked for, each once for a part."""
    if isinstance(task, Question):
        yield task.part, task
        return
    lake = place.store()
    docs, at = np.unique(task.laid.docs, return_index=True)
    laid = task.laid.take(at)
    order = np.argsort(laid.starts[:, 0], kind="stable")
    laid = laid.take(order)
    words = [laid.read(lake, place, column) for column in (0, 1)]
    rank = np.argsort(order)
    for part in np.unique(task.parts).tolist():
        rows = rank[np.searchsorted(docs, task.laid.docs[task.parts == part])]
        copies = [some.gathered(rows) for some in words]
        yield part, (laid.docs[rows], *((copy.words, copy.lengths) for copy in copies))


def answered(scorecard: Scorecard, params: Params, answer: Answer, part: int, some: list[Any]) -> Any:
    """What the question of a part asks of its texts."""
    [question] = [one for one in some if isinstance(one, Question)]
    texts = [one for one in some if not isinstance(one, Question)]
    order = np.argsort(np.concatenate([docs for docs, *_ in texts]))
    columns = []
    for column in (1, 2):
        words, lengths = (np.concatenate([one[column][k] for one in texts]) for k in (0, 1))
        ends = np.cumsum(lengths)
        columns.append(Words(words, ends - lengths, ends).take(order))
    nothing = np.zeros(len(question.docs), np.int64)
    articles = Articles(columns[0], columns[1], question.urls, nothing)
    return answer(Verifier(articles, scorecard, params), question.pairs, question.beside)


def verdicts_on(verifier: Verifier, pairs: NDArray[np.int64], _: None) -> Verdicts:
    return verifier.verify(pairs)


def spans_of(verifier: Verifier, pairs: NDArray[np.int64], _: None) -> NDArray[np.int32]:
    return verifier.spans(pairs)


def asked_by(
    verifier: Verifier, pairs: NDArray[np.int64], verdicts: Verdicts
) -> tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.int64]]:
    """See `frequencies.Asked`; how much room each pair has in place of where its begins."""
    asked = verifier.asked(Verdicts(pairs, *(getattr(verdicts, name) for name in Verdicts.__slots__[1:])))
    return asked.held, np.diff(asked.opens), asked.counts


@dataclass(frozen=True, slots=True)
class Counted:
    """Documents of a segment and their groups (int64[k], -1: does not count)."""

    laid: Laid
    groups: NDArray[np.int64]


def holding(place: Place, width: int, most: int, parts: int, values: Any, counted: Counted) -> Iterator[Some]:
    """Which groups hold which of the values (uint32, as Spark broadcast them), by parts of these."""
    texts = counted.laid.read(place.store(), place, 0)
    held = groups_holding(values.value, texts, counted.groups, width, most)
    part_of = (held >> _HALF) % np.uint64(parts)
    for part in np.unique(part_of).tolist():
        yield int(part), held[part_of == part]


def summed(most: int, part: int, some: list[Any]) -> tuple[NDArray[np.int64], NDArray[np.uint16]]:
    """Slots of values, and how many groups hold each, at most so many."""
    slots, counts = np.unique(np.unique(np.concatenate(some)) >> _HALF, return_counts=True)
    return slots.astype(np.int64), np.minimum(counts, most).astype(np.uint16)


def _by_part(
    values: NDArray[np.uint64], shift: np.uint64, parts: int
) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Which of the values lie in each part, by their upper bits."""
    part_of = (values >> shift).astype(np.int64) if parts > 1 else np.zeros(len(values), np.int64)
    order = np.argsort(part_of, kind="stable")
    bounds = np.searchsorted(part_of[order], np.arange(parts + 1))
    for part in range(parts):
        if bounds[part + 1] > bounds[part]:
            yield part, order[bounds[part] : bounds[part + 1]]
