"""Which documents have a key: sorted levels of (key, document), looked up by their upper bits.

New entries are a level of their own; a level that is at least half as large as the one before is merged
with it, so that an entry is moved log2 times in all and no look-up asks more than some twenty levels.
Keys are mixed, so their upper bits are spread evenly (a directory of them leaves some 64 entries to search).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.index import kernels
from pipeline.index.columns import create, mapped
from pipeline.match.kernels.buckets import sort_by_key

_PASSES = 4  # of eleven bits; the rest is sorted by insertion
_BUCKET = 64


@dataclass(frozen=True, slots=True)
class _Level:
    name: str
    keys: NDArray[np.uint64]
    docs: NDArray[np.uint32]
    opens: NDArray[np.uint64]

    @property
    def bits(self) -> int:
        return (len(self.opens) - 1).bit_length() - 1


class Postings:
    """Entries (key, document) in the levels `names` of a folder, the oldest first."""

    def __init__(self, folder: Path, names: list[str]) -> None:
        self._folder = folder
        for path in folder.glob("level-*"):
            if path.stem not in names:
                path.unlink()
        self._levels = [self._open(name) for name in names]

    @property
    def names(self) -> list[str]:
        return [level.name for level in self._levels]

    def add(self, keys: NDArray[np.uint64], docs: NDArray[np.uint32]) -> None:
        """Add entries; both arrays are sorted in place."""
        sort_by_key(keys, docs, np.empty_like(keys), np.empty_like(docs), _PASSES)
        kernels.finish_sorting(keys, docs)
        level = self._create(len(keys))
        level.keys[:], level.docs[:] = keys, docs
        self._finish(level)
        while len(self._levels) > 1 and len(self._levels[-2].keys) < 2 * len(self._levels[-1].keys):
            b, a = self._levels.pop(), self._levels.pop()
            level = self._create(len(a.keys) + len(b.keys))
            kernels.merge(a.keys, a.docs, b.keys, b.docs, level.keys, level.docs)
            self._finish(level)

    def probe(self, asked: NDArray[np.uint64], most: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The entries under the asked keys (uint64[k], each once, ascending): which key (int64[m]) and which
        document (int64[m]), those of a key in the order they were added, at most the first `most`."""
        counts = np.zeros(len(asked), np.int64)
        owners, found = [np.zeros(0, np.int64)], [np.zeros(0, np.uint32)]
        for level in self._levels:
            room = max(4 * len(asked), 1024)
            while True:
                own, docs = np.empty(room, np.int64), np.empty(room, np.uint32)
                entries = level.keys, level.docs, level.opens, level.bits
                n = kernels.probe(*entries, asked, counts, most, own, docs)
                if n <= room:
                    break
                room = n
            owners.append(own[:n])
            found.append(docs[:n])
        owner, doc = np.concatenate(owners), np.concatenate(found).astype(np.int64)
        order = np.argsort(owner, kind="stable")
        return owner[order], doc[order]

    def _create(self, n: int) -> _Level:
        # numbered by what is there already, so that no name is used for two contents before the next state
        number = max((int(path.stem.split("-")[1]) for path in self._folder.glob("level-*")), default=0) + 1
        name = f"level-{number:06d}"
        bits = max(int(n // _BUCKET).bit_length(), 1)
        return _Level(
            name,
            create(self._path(name, "keys"), np.uint64, n),
            create(self._path(name, "docs"), np.uint32, n),
            create(self._path(name, "opens"), np.uint64, (1 << bits) + 1),
        )

    def _finish(self, level: _Level) -> None:
        kernels.open_buckets(level.keys, level.bits, level.opens)
        self._levels.append(level)

    def _open(self, name: str) -> _Level:
        keys, docs, opens = (
            mapped(self._path(name, part), dtype)
            for part, dtype in (("keys", np.uint64), ("docs", np.uint32), ("opens", np.uint64))
        )
        return _Level(name, keys, docs, opens)

    def _path(self, name: str, part: str) -> Path:
        return self._folder / f"{name}.{part}"
