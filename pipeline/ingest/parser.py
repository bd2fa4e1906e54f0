"""A large feed is parsed in a process of its own, which may run out of time or memory and harm nobody.

Three parsers read what a stranger wrote, two of them in a time or memory that some documents drive far above
their size; in the loop that serves an outlet the others of its shard would wait for it. Small documents, as
nearly all feeds are, cost less than to start a process and stay in the loop.

    python -m pipeline.ingest.parser feed|sitemap URL    a document on stdin, its listing as JSON on stdout
"""

from __future__ import annotations

import asyncio
import resource
import signal
import subprocess
import sys

from pydantic import TypeAdapter

from pipeline.ingest.feeds import FeedError, Listing, parse_feed, parse_sitemap

# the most that is parsed in the loop: the worst that we know of this size takes a second
_SMALL_BYTES = 512 << 10
# of CPU, which another process's load does not shorten; a sound sitemap of 50,000 pages takes 1.3
_SECONDS = 5
_WALL_SECONDS = 45  # for these, on a machine that has much else to do
_MEMORY_BYTES = 1 << 30
_AT_ONCE = 2
_LISTING = TypeAdapter(Listing)
_REFUSED = 3
# by the exit code of the process; fastfeedparser's allocator aborts it
_TOO_MUCH = {
    -signal.SIGXCPU: f"parsing it takes more than {_SECONDS} s",
    -signal.SIGABRT: f"parsing it takes more than {_MEMORY_BYTES >> 20} MiB",
    # out of memory, an allocator now and then waits for its own lock, for ever and without any CPU
    -signal.SIGALRM: f"parsing it takes more than {_WALL_SECONDS} s of the clock",
}


class Parser:
    """Parses the feeds and sitemaps of a shard, so many large ones at once as processes are allowed."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(_AT_ONCE)

    async def parse(self, content: bytes, url: str, *, is_feed: bool) -> Listing:
        """What a document (bytes, unpacked) names; links are resolved against `url`. Raises `FeedError` if it
        is neither feed nor sitemap, or costs too much to tell."""
        if len(content) <= _SMALL_BYTES:
            return _parse(content, url, is_feed)
        async with self._free:
            return await _parse_apart(content, url, is_feed)


def _parse(content: bytes, url: str, is_feed: bool) -> Listing:
    try:
        return parse_feed(content, url) if is_feed else parse_sitemap(content, url)
    except FeedError:
        raise
    except MemoryError:
        raise FeedError(_TOO_MUCH[-signal.SIGABRT]) from None
    except Exception as error:
        # three parsers on hostile bytes: whatever they stumble over is this document's fault alone
        raise FeedError(f"{type(error).__name__}: {error}"[:300]) from None


async def _parse_apart(content: bytes, url: str, is_feed: bool) -> Listing:
    command = (sys.executable, "-m", __name__, "feed" if is_feed else "sitemap", url)
    done = await asyncio.to_thread(
        subprocess.run, command, input=content, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
    )
    if done.returncode == _REFUSED:
        raise FeedError(done.stdout.decode())
    if done.returncode:
        raise FeedError(_TOO_MUCH.get(done.returncode, f"its parser ended with {done.returncode}"))
    return _LISTING.validate_json(done.stdout)


def main() -> None:
    """Bounds itself, so that it ends when its parent is gone, too."""
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    signal.alarm(_WALL_SECONDS)
    kind, url = sys.argv[1:]
    try:
        listing = _parse(sys.stdin.buffer.read(), url, kind == "feed")
    except FeedError as error:
        sys.stdout.write(str(error))
        sys.exit(_REFUSED)
    sys.stdout.buffer.write(_LISTING.dump_json(listing))


if __name__ == "__main__":
    main()
