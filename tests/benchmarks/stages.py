"""CPU seconds by stage, of all threads and children of the process; one stage at a time."""

from __future__ import annotations

import resource
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
READ = "read"


class Stages:
    """`seconds` of CPU by name of stage, in the order in which they began."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._name, self._since = "other", cpu_seconds()

    def enter(self, name: str) -> str:
        """What is done from here on belongs to the stage; returns the one before."""
        now, before = cpu_seconds(), self._name
        self.seconds[before] = self.seconds.get(before, 0.0) + now - self._since
        self._name, self._since = name, now
        return before

    def reading(self, batches: Iterable[T]) -> Iterator[T]:
        """The batches; what it costs to get them is READ's, whatever stage asks for them."""
        iterator = iter(batches)
        while True:
            before = self.enter(READ)
            batch = next(iterator, None)
            self.enter(before)
            if batch is None:
                return
            yield batch


def cpu_seconds() -> float:
    """User and system time of this process and its finished children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)
