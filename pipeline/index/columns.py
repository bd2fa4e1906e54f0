"""Arrays in files, mapped into memory: they grow at their end, and what is not touched is not read."""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Column:
    """An array of plain values in a file. `values` is the whole of it; it is mapped anew as it grows."""

    def __init__(self, path: Path, dtype: DTypeLike, length: int = 0) -> None:
        """Open `path`, made if missing, as it was when it held `length` values; what is behind is dropped."""
        self._path, self._dtype = path, np.dtype(dtype)
        path.touch()
        with path.open("r+b") as file:
            file.truncate(length * self._dtype.itemsize)
        self.values = mapped(path, dtype)

    def __len__(self) -> int:
        return len(self.values)

    def append(self, values: NDArray[Any]) -> None:
        if len(values):
            with self._path.open("ab") as file:
                file.write(np.ascontiguousarray(values, self._dtype).data)
            self.values = mapped(self._path, self._dtype)


def mapped(path: Path, dtype: DTypeLike) -> NDArray[Any]:
    """The values of a file, mapped and writable. Neighbours of what is touched are not read ahead."""
    with path.open("r+b") as file:
        if not path.stat().st_size:
            return np.empty(0, dtype)
        memory = mmap.mmap(file.fileno(), 0)
    memory.madvise(mmap.MADV_RANDOM)
    return np.frombuffer(memory, dtype)


def create(path: Path, dtype: DTypeLike, length: int) -> NDArray[Any]:
    """A new file of `length` zeros, mapped and writable."""
    with path.open("wb") as file:
        file.truncate(length * np.dtype(dtype).itemsize)
    return mapped(path, dtype)
