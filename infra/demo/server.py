"""The network on one loopback port, virtual hosts by the Host header; it never binds anything else.

`/_clock` and `/_log` answer under the names of loopback only, so no page of a site can reach them.
"""

from __future__ import annotations

import asyncio
import gzip
import threading
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from types import TracebackType
from typing import Self

from aiohttp import web

from infra.demo.network import NOW, SEED, build
from infra.demo.web import Reply, Web

LOOPBACK = "127.0.0.1"
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it was answered."""

    host: str
    target: str
    status: int


class Service:
    """Answers requests at the simulated moment `now` and remembers them."""

    def __init__(self, pages: Web, now: datetime, slow_seconds: float) -> None:
        self.now = now
        self.log: list[Request] = []
        self.peak: Counter[str] = Counter()
        self.network = pages.network
        self._pages, self._slow_seconds = pages, slow_seconds
        self._open: Counter[str] = Counter()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        host = request.host.partition(":")[0].lower()
        if host in (LOOPBACK, "localhost"):
            return await self._control(request)
        target = request.path + (f"?id={request.query['id']}" if "id" in request.query else "")
        self._open[host] += 1
        self.peak[host] = max(self.peak[host], self._open[host])
        try:
            response = await self._answer(request, self._pages.reply(host, target, self.now))
            self.log.append(Request(host, target, response.status))
            return response
        finally:
            self._open[host] -= 1

    async def _answer(self, request: web.Request, reply: Reply | None) -> web.StreamResponse:
        if reply is None:
            return web.Response(status=404, text="no such host\n")
        if reply.slow:
            await asyncio.sleep(self._slow_seconds)
        headers = {
            "Content-Type": reply.content_type,
            "ETag": reply.etag,
            "Last-Modified": format_datetime(reply.last_modified, usegmt=True),
        }
        if reply.status != 200:
            return web.Response(status=reply.status, body=reply.body, headers={"Content-Type": "text/html"})
        if _is_known(request, reply):
            return web.Response(status=304, headers=headers)
        if reply.streamed:
            return await _streamed(request, reply.body, headers)
        body = reply.body
        if reply.gzip:
            headers["Content-Encoding"] = "gzip"
            body = gzip.compress(body, mtime=0)
            body = body[: len(body) // 2] if reply.truncated else body
        return web.Response(body=body, headers=headers)

    async def _control(self, request: web.Request) -> web.Response:
        match (request.method, request.path):
            case ("POST", "/_clock"):
                try:
                    self.now = parse_time(str((await request.json())["now"]))
                except (ValueError, KeyError, TypeError) as error:
                    return web.Response(
                        status=400, text=f'expected {{"now": "2026-03-05T20:00:00Z"}}: {error}\n'
                    )
                return web.json_response({"now": self.now.isoformat()})
            case ("GET", "/_clock"):
                return web.json_response({"now": self.now.isoformat()})
            case ("GET", "/_log"):
                return web.json_response(
                    [
                        {"host": host, "status": status, "requests": number, "peak": self.peak[host]}
                        for (host, status), number in sorted(counts(self.log).items())
                    ]
                )
        return web.Response(status=404, text="GET or POST /_clock, GET /_log\n")


def counts(log: list[Request]) -> Counter[tuple[str, int]]:
    """Requests by host and status."""
    return Counter((request.host, request.status) for request in log)


def parse_time(text: str) -> datetime:
    """An ISO 8601 time with its zone, in UTC. Raises `ValueError` for any other."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"a time needs its zone: {text!r}")
    return at.astimezone(UTC)


@asynccontextmanager
async def serving(service: Service, port: int) -> AsyncIterator[str]:
    """Serve on a loopback port (0: any free one); gives `127.0.0.1:port`. Raises `OSError` if it is taken."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", service.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, LOOPBACK, port)
        await site.start()
        yield f"{LOOPBACK}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def service_of(seed: int, scale: int, now: datetime, slow_seconds: float = 2.0) -> Service:
    return Service(Web(build(seed, scale)), now, slow_seconds)


class DemoServer:
    """The network in a thread, for tests: `with DemoServer() as server: ... server.address`.

    `now` can be set while it runs; `log` holds every request answered, `peak(host)` the most that one host
    had open at a time.
    """

    def __init__(
        self, port: int = 0, now: datetime = NOW, scale: int = 1, seed: int = SEED, slow_seconds: float = 2.0
    ) -> None:
        self.service = service_of(seed, scale, now, slow_seconds)
        self.address = ""
        self._port = port
        self._ready = threading.Event()
        self._failed: Exception | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="demo", daemon=True)

    @property
    def now(self) -> datetime:
        return self.service.now

    @now.setter
    def now(self, now: datetime) -> None:
        self.service.now = now

    @property
    def log(self) -> tuple[Request, ...]:
        return tuple(self.service.log)

    def counts(self) -> Counter[tuple[str, int]]:
        """Requests so far by host and status."""
        return counts(list(self.log))

    def peak(self, host: str) -> int:
        return self.service.peak[host]

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        if self._failed:
            self._thread.join()
            raise self._failed
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._loop and self._stop
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _run(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        try:
            async with serving(self.service, self._port) as self.address:
                self._ready.set()
                await self._stop.wait()
        except Exception as error:
            self._failed = error
        finally:
            self._ready.set()


def _is_known(request: web.Request, reply: Reply) -> bool:
    """If-None-Match decides; If-Modified-Since only where there is none (RFC 9110)."""
    if given := request.headers.get("If-None-Match"):
        return given == "*" or reply.etag in (tag.strip().removeprefix("W/") for tag in given.split(","))
    since = request.headers.get("If-Modified-Since")
    try:
        return since is not None and reply.last_modified <= parsedate_to_datetime(since)
    except ValueError:
        return False


async def _streamed(request: web.Request, body: bytes, headers: dict[str, str]) -> web.StreamResponse:
    """Chunked, without a length beforehand: whoever reads has to count. Readers may leave in the middle."""
    response = web.StreamResponse(headers=headers)
    response.enable_chunked_encoding()
    await response.prepare(request)
    try:
        for start in range(0, len(body), _CHUNK):
            await response.write(body[start : start + _CHUNK])
        await response.write_eof()
    except ConnectionError:
        pass
    return response
