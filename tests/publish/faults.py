"""Stores that fail: one that dies at its n-th write, one under a writer that is stopped for a while, one that
stores other bytes than it was given."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

from pipeline.lake.store import Store

WRITES = ("put", "put_file", "copy", "put_if_absent", "swap", "delete")


class Killed(BaseException):
    """Stands for SIGKILL: nothing may catch it."""


def die() -> None:
    raise Killed


class Mortal:
    """A store whose n-th write (from 1) calls `death` instead; later ones too. 0: it lives."""

    def __init__(self, store: Store, at: int, death: Callable[[], None] = die) -> None:
        self._store = store
        self._at = at
        self._death = death
        self.writes = 0

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name not in WRITES:
            return method

        def write(*args: Any) -> Any:
            self.writes += 1
            if self._at and self.writes >= self._at:
                self._death()
            return method(*args)

        return write


class Every:
    """A store whose n-th call (from 1), reads included, calls `death` instead; later ones too. 0: it
    lives."""

    def __init__(self, store: Store, at: int, death: Callable[[], None] = die) -> None:
        self._store = store
        self._at = at
        self._death = death
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if not callable(found):
            return found

        def call(*args: Any, **more: Any) -> Any:
            self.calls += 1
            if self._at and self.calls >= self._at:
                self._death()
            return found(*args, **more)

        return call


class Paused:
    """A store under a writer that is stopped once, before the first call for which `here(method, key)` holds,
    for as long as `meanwhile` takes."""

    def __init__(self, store: Store, here: Callable[[str, str], bool], meanwhile: Callable[[], None]) -> None:
        self._store = store
        self._here = here
        self._meanwhile = meanwhile
        self._lock = Lock()
        self.stopped = False

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if not callable(found):
            return found

        def call(*args: Any, **more: Any) -> Any:
            with self._lock:
                if not self.stopped and self._here(name, args[0]):
                    self.stopped = True
                    self._meanwhile()
            return found(*args, **more)

        return call


class Forgetful:
    """A store that writes what `spoil` makes of each data file."""

    def __init__(self, store: Store, spoil: Callable[[bytes], bytes]) -> None:
        self._store = store
        self._spoil = spoil

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def put_file(self, key: str, path: str) -> None:
        self._store.put(key, self._spoil(Path(path).read_bytes()))


def contents(store: Store) -> dict[str, bytes]:
    """Everything in the store."""
    return {item.key: store.get(item.key) for item in store.list("")}
