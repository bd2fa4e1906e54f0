"""Texts in files: read once from the lake in the order of its segments, laid down in that of the documents.

Chrome is learned and taken off as it is in memory, a block of documents at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.lake.pages import Documents
from pipeline.match.blocks import boilerplate, coded, url_keys
from pipeline.match.chrome import Chrome, Lines, learn, read_lines, strip
from pipeline.match.figures import Articles
from pipeline.match.words import Words
from pipeline.matching.pages import NARROW, times_of
from pipeline.matching.scratch import Scratch
from pipeline.matching.shelf import FiledWords, Shelf
from pipeline.params import Params

# called with a stage, and how much of how much of it is done
Progress = Callable[[str, int, int], None]
READ, CHROME = "read", "chrome"
ROWS = "chrome.parquet"
_BLOCK = 1 << 21  # words that are laid down at once: 8 MB


@dataclass(frozen=True, slots=True)
class Texts:
    """The stages at whose end n documents lie as they are compared."""

    docs: Documents
    scratch: Scratch
    shelf: Shelf
    params: Params
    tell: Progress

    def read(self, folder: Path) -> None:
        """Words, addresses, times and outlets of all documents."""
        n = len(self.docs)
        urls, times, outlets = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int32)
        numbers: dict[str | None, int] = {}
        places, done = [np.zeros(0, np.int64)], 0
        stores = {name: FiledWords(folder / f"{name}-read", self.shelf) for name in ("body", "headline")}
        for rows, batch in self.docs.stream((*NARROW, "body")):
            for name, store in stores.items():
                store.add(batch[name].combine_chunks())
            places.append(rows)
            urls[rows] = url_keys(batch["url_normalised"])
            times[rows] = times_of(batch, self.docs.first_seen_at.take(pa.array(rows)))
            outlets[rows] = _numbered(batch["outlet_id"].combine_chunks(), numbers)
            done += len(rows)
            self.tell(READ, done, n)
        order = np.argsort(np.concatenate(places))
        for name, store in stores.items():
            read = store.words().take(order)
            blocks = _blocks(read.lengths)
            _lay_down(folder, name, map(partial(self.shelf.gathered, read), blocks))
            (folder / f"{name}-read").unlink()
        for name, values in (("urls", urls), ("times", times), ("outlets", outlets)):
            values.tofile(folder / name)
        self.scratch.note(folder, outlet_ids=list(numbers))

    def chrome(self, folder: Path) -> None:
        """The chrome of all outlets, and the words without it."""
        read = self.scratch / READ
        words, outlets = _laid(self.shelf, read, "body"), np.fromfile(read / "outlets", np.int32)
        urls = np.fromfile(read / "urls", np.int64)
        lines = read_lines(words, outlets, self.shelf.room(folder, "lines"))
        seen = self.docs.first_seen_at.cast(pa.int64()).to_numpy()
        learned = learn(lines, self.params, urls + 1, seen)
        outlet_ids = pa.array(self.scratch.noted(READ)["outlet_ids"], pa.string())
        pages = np.bincount(outlets[outlets >= 0], minlength=len(outlet_ids))
        rows = boilerplate(learned, outlet_ids, pages, self._bodies())
        pq.write_table(rows, folder / ROWS)
        _lay_down(folder, "body", _stripped(lines, learned.chrome))
        (folder / "lines").unlink()

    def articles(self) -> Articles:
        """The documents as they are compared, in files."""
        read = self.scratch / READ
        return Articles(
            _laid(self.shelf, self.scratch / CHROME, "body"),
            _laid(self.shelf, read, "headline"),
            np.fromfile(read / "urls", np.int64),
            np.fromfile(read / "times", np.int64),
        )

    def chrome_rows(self) -> pa.Table:
        """The chrome, schema.BOILERPLATE."""
        return pq.ParquetFile(self.scratch / CHROME / ROWS).read()

    def _bodies(self) -> Iterator[tuple[NDArray[np.int64], pa.Array]]:
        done = 0
        for rows, texts in self.docs.stream(["body"]):
            yield rows, texts["body"].combine_chunks()
            done += len(rows)
            self.tell(CHROME, done, len(self.docs))


def _numbered(outlet_ids: pa.Array, numbers: dict[str | None, int]) -> NDArray[np.int32]:
    """The outlets (string[n]) as codes, int32[n], -1 for none; `numbers` gets those that are new."""
    codes, ids = coded(outlet_ids)
    places = [numbers.setdefault(one, len(numbers)) for one in ids.to_pylist()]
    return np.array([*places, -1], np.int32)[codes]


def _stripped(lines: Lines, chrome: Chrome) -> Iterator[Words]:
    """The documents without chrome, block by block."""
    for block in _blocks(lines.words.lengths):
        first, last = int(block[0]), int(block[-1]) + 1
        opens = lines.opens[first : last + 1]
        some = Lines(
            lines.words.gathered(block),
            lines.outlets[first:last],
            lines.keys[opens[0] : opens[-1]],
            opens - opens[0],
            lines.sizes[first:last],
            lines.texts[first:last],
        )
        yield strip(some, chrome)


def _blocks(lengths: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Consecutive documents of some two million words each, int64[k]."""
    done = np.cumsum(lengths)
    cuts = np.searchsorted(done, np.arange(_BLOCK, done[-1] if len(done) else 0, _BLOCK)) + 1
    for first, last in pairwise(np.unique([0, *np.minimum(cuts, len(done)).tolist(), len(done)]).tolist()):
        yield np.arange(first, last)


def _lay_down(folder: Path, name: str, blocks: Iterator[Words]) -> None:
    """Documents that come in blocks, one after the other in files of that name."""
    used = 0
    with (folder / name).open("wb") as words, (folder / f"{name}-ends").open("wb") as ends:
        for block in blocks:
            words.write(block.words.data)
            ends.write((block.ends + used).data)
            used += len(block.words)


def _laid(shelf: Shelf, folder: Path, name: str) -> Words:
    ends = np.append(0, np.fromfile(folder / f"{name}-ends", np.int64))
    return Words(shelf.open(folder / name, np.uint32), ends[:-1], ends[1:])
