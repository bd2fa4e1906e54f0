"""Arrays in files, as large as the disk, of which memory holds no more than its budget.

They are mapped, so the same kernels read and write them as arrays in memory. What was touched counts as the
process's memory until the system needs it elsewhere; here it is given back as soon as the process comes near
its budget, which loses nothing: the file's pages stay in the system's cache while there is room.
"""

from __future__ import annotations

import mmap
import os
import threading
import weakref
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pipeline.match.words import Room, Words, WordStore
from pipeline.matching import kernels

_STATM = Path("/proc/self/statm")
_LOOK_SECONDS = 0.01  # in which mapped pages of some 40 MB are touched at most
_SPARED = 16 << 20  # bytes of mapped pages that are not worth giving back


class Shelf:
    """Maps arrays while it is entered; `budget` in bytes is what the process should hold at most."""

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self._maps: weakref.WeakSet[mmap.mmap] = weakref.WeakSet()
        self._files: dict[int, BinaryIO] = {}  # by the address where they are mapped
        self._lock = threading.Lock()
        self._over = threading.Event()

    def __enter__(self) -> Self:
        self._watch = threading.Thread(target=self._watch_over, daemon=True)
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watch.join()

    def create(self, path: Path, shape: int | tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """A new file of zeros as an array. Raises `OSError` if the disk has no room for it: a mapped page
        that finds none would kill the process."""
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        with path.open("wb") as file:
            if size and hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size)
            else:
                file.truncate(size)
        return self.open(path, dtype).reshape(shape)

    def room(self, folder: Path, name: str) -> Room:
        """Makes an array in a file of that name."""
        return lambda shape, dtype: self.create(folder / name, shape, dtype)

    def open(self, path: Path, dtype: DTypeLike) -> NDArray[Any]:
        """A file as an array of one dimension. It is writable, as the kernels want it."""
        if not path.stat().st_size:
            return np.empty(0, dtype)
        file = path.open("r+b")
        memory = mmap.mmap(file.fileno(), 0)
        values = np.frombuffer(memory, dtype)
        with self._lock:
            self._maps.add(memory)
            self._files[values.ctypes.data] = file
        # open as long as it is mapped, so that a file which is removed gives its room back
        weakref.finalize(memory, file.close)
        return values

    def gathered(self, words: Words, docs: NDArray[np.int64]) -> Words:
        """A copy of some documents that lie anywhere in a file, read and not mapped: for a byte that is
        touched the system may map two megabytes. Raises `OSError`."""
        some = words.take(docs)
        opens = np.append(0, np.cumsum(some.lengths))
        copy = np.empty(opens[-1], np.uint32)
        if len(copy):
            file = self._files[words.words.ctypes.data]
            if not kernels.read_texts(file.fileno(), some.starts, some.ends, opens, copy):
                raise OSError(f"{file.name}: cannot be read, or is cut short")
        return Words(copy, opens[:-1], opens[1:])

    def rest(self) -> None:
        """Give back what is mapped, if the process holds too much."""
        held, mapped = _held()
        if held > self.budget * 3 // 4 and mapped > _SPARED:
            with self._lock:
                maps = list(self._maps)
            for memory in maps:
                memory.madvise(mmap.MADV_DONTNEED)

    def _watch_over(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            self.rest()


class FiledWords(WordStore):
    """A store of words whose words go to a file."""

    def __init__(self, path: Path, shelf: Shelf) -> None:
        super().__init__()
        self._path, self._shelf = path, shelf
        self._file = path.open("wb")

    def words(self) -> Words:
        self._file.close()
        ends = np.concatenate([np.zeros(1, np.int64), *self._ends])
        return Words(self._shelf.open(self._path, np.uint32), ends[:-1], ends[1:])

    def _append(self, words: NDArray[np.uint32], ends: NDArray[np.int64]) -> None:
        self._file.write(words.data)
        self._ends.append(ends + self._used)
        self._used += len(words)


def _held() -> tuple[int, int]:
    """Bytes of memory that this process holds, and those of them that are mapped from files."""
    try:
        _, held, mapped, *_ = _STATM.read_text().split()
    except FileNotFoundError:  # no Linux: what is mapped is given back all the time
        return 1 << 62, 1 << 62
    return int(held) * mmap.PAGESIZE, int(mapped) * mmap.PAGESIZE
