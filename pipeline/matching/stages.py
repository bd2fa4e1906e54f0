"""From texts in files to settled verdicts in files, stage by stage, by what pipeline.match does in memory.

sign       signatures, digests, the first document with the same words
bands      the keys of each band, one after the other
pairs-NN   what one search found, and the groups as it left them
settle     the verdicts worth keeping, none of them open
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np
from numpy.typing import NDArray

from pipeline.match.candidates import Find, Groups, Round, by_anchors, in_bands
from pipeline.match.cluster import Clustering, Found
from pipeline.match.clusters import FOUND_BY
from pipeline.match.figures import FIGURES, Articles
from pipeline.match.kernels import shingles
from pipeline.match.scorecard import Scorecard
from pipeline.match.sign import Signed, anchor_blocks, sign
from pipeline.match.verify import Verdicts
from pipeline.match.words import Room
from pipeline.matching.fetched import Fetching
from pipeline.matching.scratch import Scratch
from pipeline.matching.shelf import Shelf
from pipeline.matching.texts import Progress
from pipeline.params import Params

SIGN, BANDS, PAIRS, SETTLE = "sign", "bands", "pairs", "settle"
SIGNATURES = "signatures"
_GROUPS = ("parent", "host", "asked")
_OTHERS = 2  # searches beside the bands: by anchors, by addresses
_BLOCK = 1 << 16  # documents whose bands are made at once
_SORTED = 24  # bytes of memory for a key while a band is sorted
_ANCHORED = 0.8  # bytes of memory for a word's anchors, of which there is one for some 20
_COLUMNS = {
    "pairs": (np.int64, 2),
    "sizes": (np.int64, 3),
    "figures": (np.float32, len(FIGURES)),
    "score": (np.float64, 0),
    "rule": (np.int8, 0),
}


@dataclass(frozen=True, slots=True)
class Stages:
    """The stages behind the texts of n articles. `share` in bytes: what one step may hold of what grows with
    the texts; `tell` is called with a stage, and how much of how much of it is done."""

    articles: Articles
    scratch: Scratch
    shelf: Shelf
    scorecard: Scorecard
    params: Params
    share: int
    tell: Progress

    def sign(self, fresh: NDArray[np.int64], folder: Path) -> Signed:
        """Digests of all, and signatures at least of those that are `fresh` (int64[k])."""
        self.tell(SIGN, 0, len(self.articles))
        signed = self.sign_all(fresh, self.shelf.room(folder, SIGNATURES), folder)
        signed.digests.tofile(folder / "digests")
        signed.same.tofile(folder / "same")
        return signed

    def sign_all(self, fresh: NDArray[np.int64], room: Room, folder: Path) -> Signed:
        return sign(self.articles.words, self.params, room)

    def signed(self) -> Signed:
        """What was signed; without signatures, once the bands are made."""
        folder = self.scratch / SIGN
        path = folder / SIGNATURES
        kept = self.shelf.open(path, np.uint32) if path.exists() else np.empty(0, np.uint32)
        digests = np.fromfile(folder / "digests", np.uint64)
        return Signed(kept.reshape(-1, self.params.num_perm), digests, np.fromfile(folder / "same", np.int64))

    def begin(self, signed: Signed) -> Clustering:
        """Nothing but equal texts is joined."""
        return Clustering.begin(
            signed, Fetching(self.articles, self.scorecard, self.params, self.shelf, self.share)
        )

    def bands(self, folder: Path) -> None:
        """In one pass over the signatures, which are not read again."""
        signed = self.signed()
        chosen = self.begin(signed).chosen
        keys = self.shelf.create(folder / "keys", (self.params.bands, len(chosen)), np.uint64)
        for first in range(0, len(chosen), _BLOCK):
            self.tell(BANDS, first, len(chosen))
            some = chosen[first : first + _BLOCK]
            own = np.empty((self.params.bands, len(some)), np.uint64)
            shingles.band_keys(signed.signatures, some, 0, self.params.rows, own)
            keys[:, first : first + _BLOCK] = own

    def found(self, clustering: Clustering) -> None:
        """All searches, each a stage of its own."""
        done = 0
        while self.scratch.done(_pairs(done)):
            done += 1
        if done:
            self._restore(clustering.groups, self.scratch / _pairs(done - 1))
        searches = clustering.searches(*self.finds(clustering))
        for number, search in enumerate(islice(searches, done, None), done):
            self.tell(PAIRS, number, self.params.bands + _OTHERS)
            self.scratch.run(_pairs(number), partial(self._search, clustering, search))
            if number:
                self.scratch.forget(_pairs(number - 1), *_GROUPS)

    def finds(self, clustering: Clustering) -> tuple[Iterable[Find], Find]:
        """What looks for pairs, in each band and by anchors."""
        keys = self.shelf.open(self.scratch / BANDS / "keys", np.uint64)
        bands = keys.reshape(self.params.bands, len(clustering.chosen))
        parts = _power(_SORTED * len(clustering.chosen) / self.share)
        # a band is sorted where it lies, unless it is in parts
        taken = map(np.copy, bands) if parts == 1 else iter(bands)
        among = clustering.chosen, clustering.groups, self.params
        anchored = self._anchors(clustering.chosen)
        return in_bands(taken, *among, parts), partial(by_anchors, anchored, *among)

    def settle(self, clustering: Clustering, folder: Path) -> None:
        total = self.params.bands + _OTHERS
        self.tell(SETTLE, 0, 1)
        found = Found.concat([self._load(_pairs(number)) for number in range(total)])
        self._save(clustering.settled(found), folder)

    def settled(self) -> Found:
        return self._load(SETTLE)

    def _search(self, clustering: Clustering, search: Iterator[Round], folder: Path) -> None:
        self._save(clustering.verified(search), folder)
        groups = clustering.groups
        for name, values in zip(_GROUPS, (groups.parent, groups.host, groups.known), strict=True):
            values.tofile(folder / name)

    def _restore(self, groups: Groups, folder: Path) -> None:
        groups.parent[:], groups.host[:] = (np.fromfile(folder / name, np.int64) for name in _GROUPS[:2])
        groups.remember(np.fromfile(folder / _GROUPS[2], np.uint64))

    def _anchors(self, chosen: NDArray[np.int64]) -> Iterator[NDArray[np.uint64]]:
        """As `candidates.anchors_of`, over files, one for each part."""
        words = self.articles.words.take(chosen)
        parts = max(_power(_ANCHORED * words.lengths.sum() / self.share), 8)
        edges = np.arange(1, parts, dtype=np.uint64) << np.uint64(64 - parts.bit_length() + 1)
        with ExitStack() as stack:
            files = [stack.enter_context(TemporaryFile(dir=self.scratch.folder)) for _ in range(parts)]
            for block in anchor_blocks(words, self.params):
                block.sort()
                for file, some in zip(files, np.split(block, np.searchsorted(block, edges)), strict=True):
                    file.write(some.data)
            for file in files:
                file.seek(0)
                part = np.fromfile(file, np.uint64)
                part.sort()
                yield part

    def _save(self, found: Found, folder: Path) -> None:
        for name in _COLUMNS:
            getattr(found.verdicts, name).tofile(folder / name)
        numbers = {by: number for number, by in enumerate(FOUND_BY)}
        np.array([numbers[by] for by in found.found_by.tolist()], np.int8).tofile(folder / "found_by")
        self.scratch.note(folder, verified=found.verified, capped=found.capped)

    def _load(self, stage: str) -> Found:
        folder, noted = self.scratch / stage, self.scratch.noted(stage)
        columns = [
            np.fromfile(folder / name, dtype).reshape((-1, width) if width else -1)
            for name, (dtype, width) in _COLUMNS.items()
        ]
        by = np.array(FOUND_BY, object)[np.fromfile(folder / "found_by", np.int8)]
        return Found(Verdicts(*columns), by, **noted)


def _pairs(number: int) -> str:
    return f"{PAIRS}-{number:02d}"


def _power(times: float) -> int:
    """The least power of two that is at least so much."""
    return 1 << max(math.ceil(math.log2(times)), 0) if times > 1 else 1
