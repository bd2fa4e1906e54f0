"""What a long matching has done so far, stage by stage: a stage is there whole, or not at all.

    <scratch>/<lake>/<input>-<kind>/<stage>/    files of a stage that is done
    <scratch>/<lake>/<input>-<kind>/*.part/     one that was cut short, which is made anew

The folder's name is a digest of all that is read and of how it is matched, so what stands there is what would
be made again. Whatever else lies beside it was left by a run that nobody will finish, and goes. After a power
failure files may look whole and not be: then throw the folder away.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Self

_LOCK = "lock"
_KEPT_SECONDS = 7 * 86_400.0  # of other lakes' folders, from their last change on


class Scratch:
    """A folder of stages, locked while it is entered; what lies beside it is removed."""

    def __init__(self, root: Path, lake_url: str, name: str) -> None:
        self._root, self._home = root, root / hashlib.sha256(lake_url.encode()).hexdigest()[:16]
        self.folder = self._home / name

    def __enter__(self) -> Self:
        self._home.mkdir(parents=True, exist_ok=True)
        self._lock: BinaryIO = (self._home / _LOCK).open("wb")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.folder.mkdir(exist_ok=True)
        for path in self._home.iterdir():
            if path.is_dir() and path != self.folder:
                shutil.rmtree(path)
        for path in self.folder.glob("*.part"):
            shutil.rmtree(path)
        self._clean_others()
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.close()

    def __truediv__(self, stage: str) -> Path:
        return self.folder / stage

    def done(self, stage: str) -> bool:
        return (self.folder / stage).is_dir()

    def run(self, stage: str, work: Callable[[Path], None]) -> None:
        """Have the stage's files made in a folder, unless they are there."""
        if not self.done(stage):
            with self.making(stage) as folder:
                work(folder)

    @contextmanager
    def making(self, stage: str) -> Iterator[Path]:
        """A folder for a stage's files, which is done on leaving without an error."""
        part = self.folder / f"{stage}.part"
        part.mkdir()
        yield part
        part.rename(self.folder / stage)

    def note(self, folder: Path, **values: object) -> None:
        (folder / "note.json").write_text(json.dumps(values), encoding="utf-8")

    def noted(self, stage: str) -> dict[str, Any]:
        noted: dict[str, Any] = json.loads((self.folder / stage / "note.json").read_text(encoding="utf-8"))
        return noted

    def forget(self, stage: str, *names: str) -> None:
        """Remove files of a stage that no later one needs."""
        for name in names:
            (self.folder / stage / name).unlink(missing_ok=True)

    def drop(self) -> None:
        """Remove all: the result is where it belongs."""
        shutil.rmtree(self.folder)

    def _clean_others(self) -> None:
        """Remove what was left of other lakes long ago, by the clock of the disk, and is not in use."""
        now = (self._home / _LOCK).stat().st_mtime
        for home in self._root.iterdir():
            lock = home / _LOCK
            if home == self._home or not lock.is_file() or now - _changed(home) < _KEPT_SECONDS:
                continue
            with lock.open("rb") as held:
                try:
                    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                shutil.rmtree(home)


def _changed(home: Path) -> float:
    """When something was last made in the folder of a lake."""
    return max(path.stat().st_mtime for path in (home, home / _LOCK, *home.glob("*")))
