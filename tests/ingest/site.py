"""Sites of our own on loopback: one server that plays every `*.example` host and remembers what was asked."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from aiohttp import web
from multidict import CIMultiDict

from pipeline.config import Network
from pipeline.counts import Counts
from pipeline.ingest.harvest import ingest_shard
from pipeline.lake.folder import FolderStore
from pipeline.lake.segment import read_segment
from pipeline.model import Outlet, Run
from pipeline.params import Params
from pipeline.segments import segment_key

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it reached the server; `at` in seconds of the monotonic clock."""

    host: str
    path: str
    headers: CIMultiDict[str]
    at: float


@dataclass(slots=True)
class World:
    """Answers by host and path; unknown paths are 404. `peak`: most requests at one time, by host."""

    port: int = 0
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    busy: Counter[str] = field(default_factory=Counter)
    peak: Counter[str] = field(default_factory=Counter)

    def page(self, place: str, body: bytes | str, **headers: str) -> None:
        """A page at `a.example/path`; with an `ETag` it answers 304 to whoever knows it."""
        content = body.encode() if isinstance(body, str) else body
        given = CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()})
        given.setdefault("Content-Type", "text/html; charset=utf-8")

        async def answer(request: web.Request) -> web.StreamResponse:
            known = given.get("ETag")
            if known and request.headers.get("If-None-Match") == known:
                return web.Response(status=304, headers={"ETag": known})
            return web.Response(body=content, headers=given)

        self.answers[place] = answer

    def status(self, place: str, status: int, **headers: str) -> None:
        given = {name.replace("_", "-"): value for name, value in headers.items()}

        async def answer(request: web.Request) -> web.StreamResponse:
            return web.Response(status=status, headers=given)

        self.answers[place] = answer

    def feed(self, host: str, *paths: str, etag: str | None = None, corrected: Container[str] = ()) -> None:
        """A feed of pages; of those `corrected` it says so."""
        headers = {"Content_Type": "application/rss+xml"} | ({"ETag": etag} if etag else {})
        self.page(f"{host}/feed", rss(host, *paths, corrected=corrected), **headers)

    def paths(self, host: str) -> list[str]:
        return [asked.path for asked in self.asked if asked.host == host]

    def network(self, **changes: object) -> Network:
        values = {"connect_seconds": 2.0, "read_seconds": 2.0, "retries": 0, "recheck_hours": ()}
        values |= {"test_address": f"127.0.0.1:{self.port}"} | changes
        return Network(**values)  # type: ignore[arg-type]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        host = request.url.host or ""
        self.asked.append(Asked(host, request.path_qs, request.headers.copy(), time.monotonic()))
        self.busy[host] += 1
        self.peak[host] = max(self.peak[host], self.busy[host])
        try:
            answer = self.answers.get(host + request.path_qs)
            return await answer(request) if answer else web.Response(status=404)
        finally:
            self.busy[host] -= 1


def rss(host: str, *paths: str, corrected: Container[str] = ()) -> str:
    day = format_datetime(datetime(2026, 3, 5, 9, tzinfo=UTC))
    items = "".join(
        f"<item><title>{'Corrected: ' * (path in corrected)}News of {path}</title>"
        f"<link>http://{host}{path}</link><pubDate>{day}</pubDate></item>"
        for path in paths
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>{items}</channel></rss>'


def outlet(host: str, **changes: object) -> Outlet:
    values = {
        "outlet_id": host.split(".")[0],
        "name": host,
        "domain": host,
        "feeds": (f"http://{host}/feed",),
    }
    return Outlet(**(values | changes))  # type: ignore[arg-type]


def run(number: int = 1) -> Run:
    return Run(f"run{number}", datetime(2026, 3, 5, 12, tzinfo=UTC) + timedelta(hours=number))


def harvest(
    lake: FolderStore, world: World, *outlets: Outlet, number: int = 1, **network: object
) -> tuple[Counts, dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """(counts, rows of fetches by path, rows of sites by outlet)."""
    counts = ingest_shard(lake, run(number), "000", outlets, world.network(**network), Params())
    fetches = read_segment(lake, segment_key("fetches", run(number).run_id, "000")).to_pylist()
    sites = read_segment(lake, segment_key("sites", run(number).run_id, "000")).to_pylist()
    pages = {row["url"].split(".example", 1)[1]: row for row in fetches}
    assert len(fetches) == counts.fetched
    return counts, pages, {row["outlet_id"]: row for row in sites}


@contextmanager
def serving() -> Iterator[World]:
    """A world on a free port, served from a thread of its own: `ingest_shard` runs its own loop."""
    world, ready = World(), threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        app = web.Application(client_max_size=1 << 20)
        app.router.add_route("*", "/{tail:.*}", world.handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        world.port = runner.addresses[0][1]
        ready.set()
        await stop.wait()
        await runner.cleanup()

    def work() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=work)
    thread.start()
    assert ready.wait(10)
    try:
        yield world
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
