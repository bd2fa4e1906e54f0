"""The stages with the work on executors: they read, sign, find pairs, verify them, and count rare words.

The driver moves data, holds what is narrow, and asks: which pairs are asked next depends on what is joined by
then, so the order of all is decided in one place, and the result is that of one machine to the byte. Chrome
is learned by the driver.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.lake.pages import Documents
from pipeline.lake.segment import count_rows, read_segment, to_parquet
from pipeline.match.candidates import Find, enough_shared
from pipeline.match.cluster import Clustering
from pipeline.match.figures import Articles
from pipeline.match.frequencies import Asked, index_of
from pipeline.match.kernels import groups as kernel
from pipeline.match.sign import Signed, firsts_of
from pipeline.match.verify import Verdicts, Verifier
from pipeline.match.words import Room, Words
from pipeline.matching import executed
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
from pipeline.matching.fetched import Fetching
from pipeline.matching.spark import Cluster
from pipeline.matching.stages import BANDS, SIGN, Stages

# pairs that are worth a job, which takes most of a second: the driver answers fewer in .1 s at most
WORTH = 1 << 12
_PART_BYTES = 64 << 20  # of the texts of the pairs that a task verifies
_PART_KEYS = 1 << 22  # of a band that a task sorts, 24 bytes each
_NOTHING = (np.zeros(0, np.uint64), 0)


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

    def words(self) -> Iterator[pa.Table]:
        """For the documents of each segment: doc, body, headline (words), url, published_at, outlet_id."""
        for segment, _ in self.cluster.run(self.pages, partial(executed.read, self.place)):
            yield read_segment(self.docs.lake, self.place.words(segment))
            self.docs.lake.delete(self.place.words(segment))


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

    def with_rarity(self, verdicts: Verdicts, groups: NDArray[np.int64]) -> Verdicts:
        """The texts are elsewhere: what is asked for alone bounds a batch."""
        return self._with_rarity(verdicts, groups, np.zeros(len(verdicts), np.int64))

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

    def sign_all(self, chrome: pa.Table, fresh: NDArray[np.int64], room: Room, folder: Path) -> Signed:
        """The signatures come back for the lake only, which has those of others."""
        n, executors = len(self.articles), self.executors
        signatures = room((n, self.params.num_perm), np.uint32)
        digests, held = np.empty(n, np.uint64), np.empty(n, np.int32)
        work = partial(executed.signed, executors.place, to_parquet(chrome), self.params)
        made = executors.cluster.run(executors.pages, work)
        for pages, (segment, own) in zip(executors.pages, made, strict=True):
            digests[pages.docs], held[pages.docs] = own
            if np.isin(pages.docs, fresh).any():
                stored = executors.docs.lake.get(executors.place.signatures(segment))
                signatures[pages.docs] = np.frombuffer(stored, np.uint32).reshape(-1, self.params.num_perm)
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
