"""The polite fetcher: no host is asked faster than it allows, no answer costs more than its caps.

Every hop of a redirect is checked anew (guard, robots) and takes its own turn at its host. The
monotonic clock paces requests; nothing that is stored depends on it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.hdrs import PROXY_AUTHORIZATION
from yarl import URL

from pipeline import __version__
from pipeline.config import Network
from pipeline.ingest.body import Body, Corrupt, TooLarge, Truncated
from pipeline.ingest.guard import GuardedResolver, NotPublicError, check_url
from pipeline.ingest.lane import Lane
from pipeline.ingest.proxy import Proxy, Through
from pipeline.model import Outlet

PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_MAX_REDIRECTS = 5
_FIRST_PAUSE = 0.5
_CHUNK = 1 << 16
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TRY_AGAIN = frozenset({408, 425, 429})

Gate = Callable[[str], Awaitable[None]]


class FetchFailed(Exception):
    """Why a URL gave no answer. `transient`: it may be worth another try within this run."""

    def __init__(
        self,
        reason: str,
        detail: str,
        *,
        status: int | None = None,
        transient: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.status = status
        self.transient = transient
        self.retry_after = retry_after

    @property
    def settled(self) -> bool:
        """False if the next run should ask again even though nothing new points at the URL."""
        return not self.transient and self.reason not in ("truncated", "corrupt")


@dataclass(frozen=True, slots=True)
class Validators:
    """What a conditional request hands back to the server, as it gave it."""

    etag: str | None = None
    last_modified: str | None = None

    def headers(self) -> dict[str, str]:
        given = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in given.items() if value}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer 200 or 304. `sent` is the body as it came, `content` the same without its coding; `request`:
    what was asked, line and headers; `address`: the one that answered, if it is known."""

    url: str
    status: int
    status_line: str
    headers: tuple[tuple[bytes, bytes], ...]
    sent: bytes
    content: bytes
    content_type: str | None
    charset: str | None
    validators: Validators
    request: bytes
    address: str | None


@dataclass(slots=True)
class Tally:
    """What an outlet has cost so far: requests, bytes of bodies as sent, and how long each request took.

    `of`: the tally of all outlets, to which its requests and bytes are added, too.
    """

    of: Tally | None = None
    requests: int = 0
    bytes_fetched: int = 0
    seconds: list[float] = field(default_factory=list)

    def asked(self) -> None:
        self.requests += 1
        if self.of:
            self.of.asked()

    def received(self, size: int) -> None:
        self.bytes_fetched += size
        if self.of:
            self.of.received(size)


@dataclass(frozen=True, slots=True)
class Ask:
    """A request: its URL and bounds. `limit`: bytes. `types`: media types taken, None for all."""

    url: str
    outlet: Outlet
    tally: Tally
    limit: int
    validators: Validators = field(default_factory=Validators)
    types: frozenset[str] | None = None
    gate: Gate | None = None


class _Answer(aiohttp.ClientResponse):
    """Remembers who answered: the connection is given back before a short body has been read."""

    peer: str | None = None

    async def start(self, connection: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        transport = connection.transport
        self.peer = transport.get_extra_info("peername")[0] if transport else None
        return await super().start(connection)


class Fetcher:
    """`async with Fetcher(network) as fetcher: await fetcher.get(Ask(...))`."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._lanes: dict[str, Lane] = {}
        self._slots = asyncio.Semaphore(network.total_concurrency)
        self._proxy = Proxy.of(network)

    async def __aenter__(self) -> Self:
        connect, read = self._network.connect_seconds, self._network.read_seconds
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=self._resolver(), limit=0, use_dns_cache=False),
            # a bound on the whole answer: sock_read alone lets a server send a byte a second for ever
            timeout=aiohttp.ClientTimeout(total=connect + read, sock_connect=connect, sock_read=read),
            headers={
                "User-Agent": user_agent(self._network),
                "Accept": "text/html,application/xhtml+xml,application/xml;q=.9,*/*;q=.5",
                "Accept-Encoding": "gzip, deflate",
            },
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            response_class=_Answer,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    def _resolver(self) -> AbstractResolver:
        """Of all hosts that are connected to: behind a proxy that is the proxy alone, wherever it stands."""
        return aiohttp.ThreadedResolver() if self._proxy else GuardedResolver(self._network.test_address)

    def _through(self, url: URL, headers: dict[str, str]) -> Through:
        return self._proxy.through(url, headers) if self._proxy else Through(headers=headers)

    def lane(self, url: str, outlet: Outlet) -> Lane:
        """The turns at the URL's host; made with the limits of the outlet that asks first."""
        host = URL(url).raw_host or ""
        if host not in self._lanes:
            self._lanes[host] = Lane(outlet.max_concurrency, outlet.delay_seconds)
        return self._lanes[host]

    async def get(self, ask: Ask) -> Reply:
        """Ask, follow redirects, retry what may pass. Raises `FetchFailed`."""
        for attempt in range(self._network.retries + 1):
            try:
                return await self._follow(ask)
            except FetchFailed as failed:
                pause = _FIRST_PAUSE * 2**attempt if failed.retry_after is None else failed.retry_after
                last = attempt == self._network.retries or pause > self._network.longest_pause_seconds
                if not failed.transient or last:
                    raise
                self.lane(ask.url, ask.outlet).rest(pause)
        raise AssertionError("the last attempt returns or raises")

    async def _follow(self, ask: Ask) -> Reply:
        url, seen = _parsed(ask.url), set[URL]()
        for _ in range(_MAX_REDIRECTS + 1):
            if url in seen:
                raise FetchFailed("redirect_loop", f"{url} leads back to itself")
            seen.add(url)
            try:
                check_url(url)
                if self._proxy:
                    await self._proxy.check(url)
            except NotPublicError as error:
                raise FetchFailed("not_public", str(error)) from None
            if ask.gate:
                await ask.gate(str(url))
            answer = await self._one(url, ask)
            if isinstance(answer, Reply):
                return answer
            url = answer
        raise FetchFailed("redirect_limit", f"more than {_MAX_REDIRECTS} redirects, last to {url}")

    async def _one(self, url: URL, ask: Ask) -> Reply | URL:
        """One request: the reply, or where it sends us."""
        async with self.lane(str(url), ask.outlet).turn(), self._slots:
            ask.tally.asked()
            began = asyncio.get_running_loop().time()
            try:
                through = self._through(url, ask.validators.headers())
                async with self._session.get(url, allow_redirects=False, **through) as response:
                    return await self._answer(response, ask)
            except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
                raise _failure(error, self._network) from None
            finally:
                ask.tally.seconds.append(asyncio.get_running_loop().time() - began)

    async def _answer(self, response: aiohttp.ClientResponse, ask: Ask) -> Reply | URL:
        status, headers = response.status, response.headers
        if status == 407 and self._proxy:
            raise FetchFailed("proxy", "it wants another login (407)", transient=True)
        if status in _REDIRECTS and "Location" in headers:
            return response.url.join(_parsed(headers["Location"]))
        if status not in (200, 304):
            raise FetchFailed(
                f"http_{status}",
                f"answered {status} {response.reason or ''}".rstrip(),
                status=status,
                transient=status >= 500 or status in _TRY_AGAIN,
                retry_after=_retry_after(headers),
            )
        content_type = response.content_type.lower() if "Content-Type" in headers else None
        if status == 200 and ask.types is not None and content_type not in (None, *ask.types):
            raise FetchFailed("content_type", f"{content_type} is not a page", status=status)
        sent, content = (b"", b"") if status == 304 else await _read(response, ask)
        return Reply(
            url=str(response.url),
            status=status,
            status_line=f"HTTP/1.1 {status} {response.reason or ''}".rstrip(),
            headers=tuple(response.raw_headers),
            sent=sent,
            content=content,
            content_type=content_type,
            charset=response.charset,
            validators=Validators(headers.get("ETag"), headers.get("Last-Modified")),
            request=_request(response),
            address=None if self._proxy else getattr(response, "peer", None),
        )


def user_agent(network: Network) -> str:
    """`Wirefold/0.1.0 (+contact)`."""
    return f"Wirefold/{__version__}" + (f" (+{network.contact})" if network.contact else "")


async def _read(response: aiohttp.ClientResponse, ask: Ask) -> tuple[bytes, bytes]:
    declared = response.content_length or 0
    if declared > ask.limit:
        raise TooLarge(f"Content-Length {declared} is more than {ask.limit} bytes")
    body = Body(response.headers.get("Content-Encoding", ""), ask.limit)
    async for chunk in response.content.iter_chunked(_CHUNK):
        ask.tally.received(len(chunk))
        body.add(chunk)
    return body.sent, body.finish()


def _request(response: aiohttp.ClientResponse) -> bytes:
    """What was asked, as HTTP/1.1 writes it."""
    asked = response.request_info
    lines = [f"{asked.method} {asked.url.raw_path_qs} HTTP/1.1"]
    # the login at a proxy
    shown = ((name, value) for name, value in asked.headers.items() if name != PROXY_AUTHORIZATION)
    lines += [f"{name}: {value}" for name, value in shown]
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape")


def _parsed(url: str) -> URL:
    try:
        return URL(url)
    except ValueError as error:
        raise FetchFailed("invalid_url", f"{url[:200]}: {error}") from None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait. A date is counted from the answer's own Date, so no clock is read here."""
    value = headers.get("Retry-After", "").strip()
    if value.isdigit():
        return float(value)
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(headers["Date"])
        return max(0.0, wait.total_seconds())
    except (ValueError, TypeError, KeyError):
        return None


def _failure(error: Exception, network: Network) -> FetchFailed:
    """An exception of aiohttp, zlib or the socket as a reason."""
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, NotPublicError):
        return FetchFailed("not_public", str(error.os_error))
    for kind, reason in ((TooLarge, "too_large"), (Truncated, "truncated"), (Corrupt, "corrupt")):
        if isinstance(error, kind):
            return FetchFailed(reason, str(error), status=200)
    if isinstance(error, TimeoutError):
        seconds = network.connect_seconds + network.read_seconds
        return FetchFailed("timeout", f"no whole answer within {seconds:g} s", transient=True)
    if isinstance(error, aiohttp.ClientProxyConnectionError | aiohttp.ClientHttpProxyError):
        return FetchFailed("proxy", str(error), transient=True)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return FetchFailed("dns", str(error), transient=True)
    if isinstance(error, aiohttp.ClientPayloadError):
        return FetchFailed("cut_off", f"the connection ended within the body: {error}", transient=True)
    if isinstance(error, aiohttp.InvalidURL) or not isinstance(error, aiohttp.ClientError | OSError):
        return FetchFailed("invalid_url", str(error))
    return FetchFailed("connection", str(error) or type(error).__name__, transient=True)
