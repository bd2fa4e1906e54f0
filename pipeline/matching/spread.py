"""The stages with the work on executors: they read, sign, find pairs, verify them, and count rare words.

The driver moves data, holds what is narrow, and asks: which pairs are asked next depends on what is joined by
then, so the order of all is decided in one place, and the result is that of one machine to the byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.lake.pages import Documents
from pipeline.lake.segment import count_rows, to_parquet
from pipeline.match.blocks import joined
from pipeline.match.candidates import Find, enough_shared
from pipeline.match.chrome import Chrome, Learned
from pipeline.match.cluster import Clustering
from pipeline.match.figures import Articles
from pipeline.match.frequencies import Asked, index_of
from pipeline.match.kernels import groups as kernel
from pipeline.match.sign import Signed, firsts_of
from pipeline.match.verify import Verdicts, Verifier
from pipeline.match.words import Room, Words
from pipeline.matching import executed, executed_chrome
from pipeline.matching.executed import (
    NONE,
    Answer,
    Chosen,
    Counted,
    Laid,
    Pages,
    Place,
    Question,
    Sent,
    State,
)
from pipeline.matching.executed_chrome import OutletChrome, Seen, Wanted
from pipeline.matching.fetched import Fetching
from pipeline.matching.pages import times_of
from pipeline.matching.spark import Cluster
from pipeline.matching.stages import BANDS, SIGN, Stages
from pipeline.matching.texts import CHROME, READ, ROWS, Texts
from pipeline.schema import BOILERPLATE

# pairs that are worth a job, which takes most of a second: the driver reads the texts of fewer
WORTH = 1 << 9
_GAP = 1 << 11  # words that the driver reads rather than ask twice: 8 KB
_OUTLETS = 16  # parts of outlets for each core
_PART_BYTES = 64 << 20  # of the texts of the pairs that a task verifies
_PART_KEYS = 1 << 22  # of a band that a task sorts, 24 bytes each
_NOTHING = (np.zeros(0, np.uint64), 0)
_NO_WORDS = np.zeros(0, np.uint32)


class Executors:
    """Has executors work on the segments of the pages of n documents; `place`: where they put what they
    make."""

    def __init__(self, cluster: Cluster, docs: Documents, place: Place) -> None:
        self.cluster, self.docs, self.place = cluster, docs, place

    @cached_property
    def pages(self) -> list[Pages]:
        """The documents of each segment that has any."""
        order = np.argsort(self.docs.rows)
        rows, start, found = self.docs.rows[order], 0, []
        for number, key in enumerate(self.docs.segments):
            end = start + count_rows(self.docs.lake, key)
            first, last = np.searchsorted(rows, [start, end])
            if last > first:
                found.append(Pages(number, key, rows[first:last] - start, order[first:last]))
            start = end
        return found


@dataclass(frozen=True, slots=True)
class SpreadTexts(Texts):
    """The stages at whose end the texts lie in the lake, as they are compared: executors learn the chrome of
    each outlet, then take it off. The driver sees no words."""

    executors: Executors

    def read(self, folder: Path) -> None:
        """The chrome of all outlets."""
        self.tell(READ, 0, 1)
        executors, seen = self.executors, self.docs.first_seen_at.cast(pa.int64()).to_numpy()
        tasks = [Seen(pages, seen[pages.docs]) for pages in executors.pages]
        work = partial(executed_chrome.lines_of, executors.place, _OUTLETS * executors.cluster.cores)
        made = executors.cluster.run(tasks, work, partial(executed_chrome.learned, self.params))
        pq.write_table(self._rows([one for _, some in made for one in some]), folder / ROWS)

    def chrome(self, folder: Path) -> None:
        """The texts without it, in the lake; sizes, addresses and times of all documents."""
        n, executors = len(self.docs), self.executors
        self.tell(CHROME, 0, n)
        sizes, urls, times = np.empty((n, 2), np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
        work = partial(executed.stripped, executors.place, to_parquet(self.chrome_rows()))
        made = executors.cluster.run(executors.pages, work)
        for pages, (_, narrow) in zip(executors.pages, made, strict=True):
            for column, name in enumerate(("words", "headline")):
                sizes[pages.docs, column] = narrow[name].to_numpy()
            urls[pages.docs] = narrow["url"].to_numpy()
            times[pages.docs] = times_of(narrow, self.docs.first_seen_at.take(pa.array(pages.docs)))
        for name, values in (("sizes", sizes), ("urls", urls), ("times", times)):
            values.tofile(folder / name)

    def articles(self) -> Articles:
        """The documents without their words, which are elsewhere."""
        folder = self.scratch / CHROME
        sizes = np.fromfile(folder / "sizes", np.int64).reshape(-1, 2)
        words, headlines = (Words(_NO_WORDS, np.zeros_like(ends), ends) for ends in sizes.T)
        narrow = (np.fromfile(folder / name, np.int64) for name in ("urls", "times"))
        return Articles(words, headlines, *narrow)

    def chrome_rows(self) -> pa.Table:
        return pq.ParquetFile(self.scratch / READ / ROWS).read()

    def _rows(self, found: list[OutletChrome]) -> pa.Table:
        """schema.BOILERPLATE of the outlets, whose lines' texts are looked up where they stood first."""
        if not found:
            return BOILERPLATE.schema.empty_table()
        executors = self.executors
        outlet_ids = pa.array([one.outlet_id for one in found], pa.string())
        counts = np.array([one.pages for one in found], np.int64)
        codes = np.repeat(np.arange(len(found), dtype=np.int32), [len(one.learned) for one in found])
        lines = np.concatenate([one.learned.chrome.lines for one in found])
        columns = [
            np.concatenate([getattr(one.learned, name) for one in found]) for name in Learned.__slots__[1:]
        ]
        learned, tasks = Learned(Chrome(codes, lines), *columns), []
        for pages in executors.pages:
            firsts = np.isin(pages.docs, learned.firsts)
            if firsts.any():
                some = pages.take(firsts)
                here = learned.take(np.isin(learned.firsts, some.docs))
                tasks.append(Wanted(some, here, outlet_ids, counts))
        made = executors.cluster.run(tasks, partial(executed_chrome.rows_of, executors.place))
        return joined([BOILERPLATE.schema.empty_table(), *(rows for _, rows in made)])


class Stored:
    """Where the texts of n articles lie that executors put into the lake, segment by segment."""

    def __init__(self, executors: Executors, articles: Articles) -> None:
        self.executors = executors
        lengths = np.stack([articles.words.lengths, articles.headlines.lengths], axis=1)
        self.starts, self.segment = np.empty_like(lengths), np.empty(len(lengths), np.int32)
        self.row = np.empty(len(lengths), np.int64)
        for pages in executors.pages:
            own = lengths[pages.docs]
            flat = own.T.ravel()
            self.starts[pages.docs] = (np.cumsum(flat) - flat).reshape(2, -1).T
            self.segment[pages.docs] = pages.segment
            self.row[pages.docs] = np.arange(len(own))
        self.ends = self.starts + lengths

    def laid(self, docs: NDArray[np.int64]) -> Iterator[tuple[Laid, NDArray[np.int64]]]:
        """The documents segment by segment, ascending by where they lie; and which of `docs` these are."""
        order = np.lexsort((self.row[docs], self.segment[docs]))
        segments = self.segment[docs[order]]
        for at in np.split(order, np.flatnonzero(np.diff(segments)) + 1) if len(order) else ():
            some = docs[at]
            yield Laid(int(self.segment[some[0]]), some, self.starts[some], self.ends[some]), at


@dataclass(frozen=True, slots=True)
class Spread(Fetching):
    """Verifies pairs on executors, unless they are so few that a job takes longer."""

    texts: Stored

    def verify(self, pairs: NDArray[np.int64]) -> Verdicts:
        if len(pairs) < WORTH:
            return Fetching.verify(self, pairs)
        parts, found = self._answered(pairs, executed.verdicts_on, None)
        verdicts = Verdicts.concat(found)
        told = [getattr(verdicts, name) for name in Verdicts.__slots__[1:]]
        return Verdicts(pairs[np.concatenate(parts)], *told).take(np.argsort(np.concatenate(parts)))

    def spans(self, pairs: NDArray[np.int64]) -> NDArray[np.int32]:
        if len(pairs) < WORTH:
            return Fetching.spans(self, pairs)
        parts, found = self._answered(pairs, executed.spans_of, None)
        return np.asarray(np.concatenate(found)[np.argsort(np.concatenate(parts))], np.int32)

    def take(self, docs: NDArray[np.int64]) -> Words:
        return self._read(docs, 0)

    def headlines(self, docs: NDArray[np.int64]) -> Words:
        return self._read(docs, 1)

    def _read(self, docs: NDArray[np.int64], column: int) -> Words:
        """The texts of some documents, from the lake."""
        executors, read = self.texts.executors, [Words(_NO_WORDS, docs[:0], docs[:0])]
        places = [np.zeros(0, np.int64)]
        for laid, at in self.texts.laid(docs):
            read.append(laid.read(executors.docs.lake, executors.place, column, _GAP))
            places.append(at)
        return Words.concat(read).take(np.argsort(np.concatenate(places)))

    def asked(self, verdicts: Verdicts) -> Asked:
        if not len(verdicts):
            return Verifier.asked(self, verdicts)
        parts, found = self._answered(verdicts.pairs, executed.asked_by, verdicts)
        held, room, counts = (np.concatenate([one[k] for one in found]) for k in range(3))
        ends = np.cumsum(room)
        order = np.argsort(np.concatenate(parts))
        some = Words(held, ends - room, ends).gathered(order)
        return Asked(some.words, np.append(some.starts, some.ends[-1:]), counts[order])

    def frequencies(self, groups: NDArray[np.int64], values: NDArray[np.uint32]) -> NDArray[np.uint16]:
        executors, most = self.texts.executors, self.scorecard.few_stories + 1
        tasks = [Counted(laid, groups[laid.docs]) for laid, _ in self.texts.laid(np.flatnonzero(groups >= 0))]
        parts, width = executors.cluster.cores, self.params.shingle_words
        counted = np.zeros(len(index_of(values).slots), np.uint16)
        with executors.cluster.told(values) as told:
            work = partial(executed.holding, executors.place, width, most, parts, told)
            for _, (slots, counts) in executors.cluster.run(tasks, work, partial(executed.summed, most)):
                counted[slots] = counts
        return counted

    def _answered(
        self, pairs: NDArray[np.int64], answer: Answer, of: Verdicts | None
    ) -> tuple[list[NDArray[np.int64]], list[Any]]:
        """Which of the pairs each part has, and what it answers."""
        executors = self.texts.executors
        rows = shares(pairs, self._bytes_of(pairs), executors.cluster.cores)
        tasks: list[Sent | Question] = []
        named, parts = [], []
        for part, some in enumerate(rows):
            docs, places = np.unique(pairs[some], return_inverse=True)
            beside = of.take(some) if of else None
            urls = self.articles.urls[docs]
            tasks.append(Question(part, docs, urls, places.reshape(-1, 2), beside))
            named.append(docs)
            parts.append(np.full(len(docs), part))
        goes = np.concatenate(parts)
        tasks += [Sent(laid, goes[at]) for laid, at in self.texts.laid(np.concatenate(named))]
        work = partial(executed.sent, executors.place)
        together = partial(executed.answered, self.scorecard, self.params, answer)
        return rows, [made for _, made in executors.cluster.run(tasks, work, together, few=True)]


def shares(pairs: NDArray[np.int64], sizes: NDArray[np.int64], cores: int) -> list[NDArray[np.int64]]:
    """The pairs in parts, by their places: those that hang together in one, unless it were too large. `sizes`
    int64[m]: bytes of the texts of each."""
    docs, places = np.unique(pairs, return_inverse=True)
    places, parent = places.reshape(pairs.shape), np.arange(len(docs))
    kernel.unite_all(parent, places[:, 0], places[:, 1])
    together = kernel.roots(parent)[places[:, 0]]
    order = np.argsort(together, kind="stable")
    done = np.cumsum(sizes[order]) - sizes[order]
    opens = np.flatnonzero(np.diff(together[order], prepend=-1))
    begun = np.repeat(done[opens], np.diff(np.append(opens, len(order))))
    most = min(_PART_BYTES, int(sizes.sum()) // (2 * cores) + 1)
    # one that is cut is cut at each `most` bytes; what begins in the same stretch of bytes is one part
    part = np.where(done - begun < most, begun, done) // most
    return np.split(order, np.flatnonzero(np.diff(part)) + 1)


@dataclass(frozen=True, slots=True)
class SpreadStages(Stages):
    """The stages behind the chrome, on executors."""

    executors: Executors

    def sign_all(self, fresh: NDArray[np.int64], room: Room, folder: Path) -> Signed:
        """The signatures come back for the lake only, which has those of others."""
        n, executors = len(self.articles), self.executors
        signatures = room((n, self.params.num_perm), np.uint32)
        digests, held = np.empty(n, np.uint64), np.empty(n, np.int32)
        tasks = [laid for laid, _ in Stored(executors, self.articles).laid(np.arange(n))]
        made = executors.cluster.run(tasks, partial(executed.signed, executors.place, self.params))
        for laid, (segment, own) in zip(tasks, made, strict=True):
            digests[laid.docs], held[laid.docs] = own
            if np.isin(laid.docs, fresh).any():
                stored = executors.docs.lake.get(executors.place.signatures(segment))
                signatures[laid.docs] = np.frombuffer(stored, np.uint32).reshape(-1, self.params.num_perm)
        held.tofile(folder / "held")
        return Signed(signatures, digests, firsts_of(digests))

    def begin(self, signed: Signed) -> Clustering:
        given = self.articles, self.scorecard, self.params, self.shelf, self.share
        return Clustering.begin(signed, Spread(*given, Stored(self.executors, self.articles)))

    def bands(self, folder: Path) -> None:
        """Keys and anchors are sorted out by executors; which parts there are."""
        self.tell(BANDS, 0, 1)
        executors, clustering = self.executors, self.begin(self.signed())
        chosen, cores = clustering.chosen, executors.cluster.cores
        parts = 1 << (max(cores, len(chosen) // _PART_KEYS + 1) - 1).bit_length()
        texts = Stored(executors, self.articles)
        tasks = [Chosen(laid, texts.row[laid.docs]) for laid, _ in texts.laid(chosen)]
        work = partial(executed.keys, executors.place, self.params, parts)
        together = partial(executed.gathered, executors.place, self.params, parts)
        made = executors.cluster.run(tasks, work, together)
        self.scratch.note(folder, parts=[divmod(number, parts) for number, _ in made])

    def finds(self, clustering: Clustering) -> tuple[Iterable[Find], Find]:
        parts: list[list[tuple[int, int]]] = [[] for _ in range(self.params.bands + 1)]
        for band, part in self.scratch.noted(BANDS)["parts"]:
            parts[band].append((band, part))
        finds = [partial(self._find, clustering, some) for some in parts]
        return finds[:-1], partial(self._by_anchors, finds[-1])

    def _find(self, clustering: Clustering, tasks: list[tuple[int, int]]) -> tuple[NDArray[np.uint64], int]:
        groups, executors = clustering.groups, self.executors
        roots = kernel.roots(groups.parent).astype(np.uint32)
        state = State(roots, np.where(groups.host >= 0, roots[groups.host], NONE).astype(np.uint32))
        with executors.cluster.told(state) as told:
            work = partial(executed.found, executors.place, self.params, told)
            made = [_NOTHING, *(each for _, each in executors.cluster.run(tasks, work))]
        return np.concatenate([pairs for pairs, _ in made]), sum(capped for _, capped in made)

    def _by_anchors(self, find: Find) -> tuple[NDArray[np.uint64], int]:
        pairs, capped = find()
        return enough_shared([pairs], np.fromfile(self.scratch / SIGN / "held", np.int32)), capped
