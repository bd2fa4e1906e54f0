"""The files of an index: columns, postings, and the state that says how much of them counts.

Whatever is not as the state says it is forgotten, and so is all if a change was cut short: an index is made
again from the lake. A power failure may leave files that look whole and are not; then throw the folder away.
"""

from __future__ import annotations

import fcntl
import json
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from pipeline.index.columns import Column
from pipeline.index.postings import Postings

_COLUMNS = {
    "ids": np.uint8,
    "id_starts": np.int64,
    "id_ends": np.int64,
    "words": np.uint32,
    "starts": np.int64,
    "ends": np.int64,
    "head_words": np.uint32,
    "head_starts": np.int64,
    "head_ends": np.int64,
    "outlets": np.int32,
    "urls": np.int64,
    "times": np.int64,
    "seen": np.int64,
    "digests": np.uint64,
    "labels": np.int64,
    "sure": np.int64,
    "doubtful": np.bool_,
    "ring": np.int64,
    "changed": np.bool_,
    "anchors": np.int32,
    "stories": np.int64,
    "story_bytes": np.uint8,
    "story_starts": np.int64,
    "story_ends": np.int64,
    "into": np.int64,
    "edge_heads": np.int64,
    "edge_a": np.int64,
    "edge_b": np.int64,
    "edge_next_a": np.int64,
    "edge_next_b": np.int64,
    "edge_sure": np.bool_,
    "edge_found_by": np.int8,
    "chrome": np.uint64,
}
_FORMAT = 1  # other columns or keys: another one
_STATE, _TORN, _LOCK = "state.json", "torn", "lock"


class Kept:
    """The index in a folder, as it was saved last. One process at a time has it open."""

    runs: tuple[str, ...]
    mark: str
    outlet_ids: list[str]
    outlet_pages: list[int]
    columns: dict[str, Column]
    postings: Postings

    def __init__(self, folder: Path) -> None:
        """Open it; empty if there is none, or one whose last change was cut short."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._lock: BinaryIO = (folder / _LOCK).open("wb")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        if (folder / _TORN).exists() or not self._load():
            self.reset()

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.columns[name].values

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.close()

    def reset(self) -> None:
        """Forget everything."""
        self.change()
        for path in self._folder.iterdir():
            if path.name not in (_LOCK, _TORN):
                path.unlink()
        (self._folder / _TORN).unlink()
        self._load()

    def change(self) -> None:
        """To be called before the first change: until `save`, a crash means that all is forgotten."""
        (self._folder / _TORN).touch()

    def save(self, runs: tuple[str, ...], mark: str) -> None:
        """Keep what was changed, as what stands after `runs`; `mark` names the last one's result."""
        self.runs, self.mark = runs, mark
        state = {
            "format": _FORMAT,
            "runs": list(runs),
            "mark": mark,
            "outlets": self.outlet_ids,
            "outlet_pages": self.outlet_pages,
            "lengths": {name: len(column) for name, column in self.columns.items()},
            "levels": self.postings.names,
        }
        path = self._folder / f"{_STATE}.new"
        path.write_text(json.dumps(state), encoding="utf-8")
        path.replace(self._folder / _STATE)
        (self._folder / _TORN).unlink(missing_ok=True)

    def _load(self) -> bool:
        """Open all as it was saved last; false if a file of it is missing, short, or of another version."""
        path = self._folder / _STATE
        state: dict[str, Any] = {"format": _FORMAT}
        try:
            if path.exists():
                state = json.loads(path.read_text(encoding="utf-8"))
            lengths = state.get("lengths") or dict.fromkeys(_COLUMNS, 0)
            if state["format"] != _FORMAT or not all(map(self._holds, lengths.items())):
                return False
            self.postings = Postings(self._folder, state.get("levels", []))
        except (OSError, ValueError, KeyError):
            return False
        self.runs = tuple(state.get("runs", ()))
        self.mark = state.get("mark", "")
        self.outlet_ids = state.get("outlets", [])
        self.outlet_pages = state.get("outlet_pages", [])
        self.columns = {
            name: Column(self._file(name), dtype, lengths[name]) for name, dtype in _COLUMNS.items()
        }
        return True

    def _holds(self, column: tuple[str, int]) -> bool:
        """Whether the file of a column is as long as it should be."""
        name, length = column
        path = self._file(name)
        return length == 0 or (
            path.exists() and path.stat().st_size >= length * np.dtype(_COLUMNS[name]).itemsize
        )

    def _file(self, column: str) -> Path:
        return self._folder / f"{column}.column"
