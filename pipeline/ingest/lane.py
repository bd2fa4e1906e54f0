"""The turns at one host: none begins sooner than the host allows, by the monotonic clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Lane:
    """The turns at one host: so many at a time, so many seconds between two starts."""

    def __init__(self, concurrency: int, delay: float) -> None:
        self._free = asyncio.Semaphore(concurrency)
        self._delay = delay
        self._next = 0.0

    def slow_down(self, delay: float) -> None:
        self._delay = max(self._delay, delay)

    def rest(self, seconds: float) -> None:
        """No turn begins for so long."""
        self._next = max(self._next, asyncio.get_running_loop().time() + seconds)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        async with self._free:
            now = asyncio.get_running_loop().time()
            start = max(now, self._next)
            self._next = start + self._delay
            await asyncio.sleep(start - now)
            yield
