"""Every way we know to lead a crawler into a private network, tried on the fetcher as it runs.

Printed by `python -m tests.ingest.ssrf`. A server of our own on loopback is the prize: whoever connects to
it has won. Addresses that are not this machine's are told by the interpreter's audit events: each
connect of this process is written down, and those that would leave the machine end there. Names are
answered in the place of the operating system's resolver; all that lies above it is what runs.

Beside the fetcher goes a plain client that looks a name up, then asks: what it reaches, an attempt can win.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import aiohttp
from yarl import URL

from pipeline.ingest.fetch import Ask, Fetcher, FetchFailed, Tally
from pipeline.ingest.parser import Parser
from pipeline.ingest.robots import Robots
from pipeline.ingest.sources import SourceReader
from pipeline.ingest.state import OutletState
from tests.ingest.site import World, outlet, serving

PUBLIC = "93.184.216.34"
SITE = "a.example"
LOCAL = ("127.0.0.1", "::1")
# not "connection": whoever says that has tried
_REFUSALS = ("not_public", "invalid_url", "dns", "robots_unreachable")


@dataclass(frozen=True, slots=True)
class Attempt:
    """`url`: where it leads, `{port}` being the prize's. `way`: how the fetcher is sent there.

    `answers`: what the names of the attempt resolve to, lookup by lookup; the last answer stays.
    `ours`: it aims at this machine, so a client without guard can be seen to get there.
    """

    kind: str
    url: str
    way: str = "page"
    answers: tuple[tuple[str, ...], ...] = ()
    ours: bool = True

    @property
    def name(self) -> str:
        told = " then ".join("+".join(answer) for answer in self.answers)
        return self.url.replace("{port}", "P") + (f" = {told}" if told else "")


@dataclass(frozen=True, slots=True)
class Outcome:
    """`connected`: addresses that the fetcher connected to, or began to, the site's own left out.

    `reached`: the prize was connected to. `unguarded`: the plain client reached it; None: not tried.
    """

    attempt: Attempt
    reason: str
    detail: str
    connected: tuple[str, ...]
    reached: bool
    unguarded: bool | None

    @property
    def refused(self) -> bool:
        """Nothing was connected to but what a name's first, public answer named, and it was said why."""
        public = {one for answer in self.attempt.answers[:-1] for one in answer}
        return not self.reached and self.reason in _REFUSALS and set(self.connected) <= public


def _literal(kind: str, *hosts: str, ours: bool = True) -> Iterator[Attempt]:
    for host in hosts:
        yield Attempt(kind, f"http://{host}:{{port}}/", ours=ours)


def _named(kind: str, *answers: str, ours: bool = False) -> Iterator[Attempt]:
    for number, answer in enumerate(answers):
        host = f"{kind.replace(' ', '-')}-{number}.com"
        yield Attempt(kind, f"http://{host}:{{port}}/", answers=((answer,),), ours=ours)


ATTEMPTS: tuple[Attempt, ...] = (
    *_literal("loopback", "127.0.0.1", "localhost", "LOCALHOST", "localhost.", "[::1]", "[0:0:0:0:0:0:0:1]"),
    *_literal("loopback", "127.8.9.10", "0.0.0.0", "[::]", "[::1%25lo]", ours=False),
    *_literal("decimal, octal, hex", "2130706433", "0x7f000001", "017700000001", "0177.0.0.1", "0x7f.1"),
    *_literal("short and odd", "127.1", "127.0.1", "127.0.0.1.", "127.000.000.001", "0", ours=False),
    *_literal("other digits", "①②⑦.⓪.⓪.①", "127。0。0。1", "127.0.\t0.1", "١٢٧.0.0.1", ours=False),
    *_literal("private", "10.0.0.7", "172.16.0.1", "172.31.255.254", "192.168.1.1", ours=False),
    *_literal("shared and reserved", "100.64.0.1", "198.18.0.1", "192.0.2.1", "240.0.0.1", ours=False),
    *_literal("broadcast and multicast", "255.255.255.255", "224.0.0.1", "[ff02::1]", ours=False),
    *_literal("link-local", "169.254.1.1", "[fe80::1]", "[fe80::1%25lo]", ours=False),
    *_literal("metadata", "169.254.169.254", "100.100.100.200", "192.0.0.192", "168.63.129.16", ours=False),
    *_literal("metadata", "[fd00:ec2::254]", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", ours=False),
    *_literal("private IPv6", "[fc00::1]", "[fec0::1]", "[2001:db8::1]", "[3fff::1]", ours=False),
    *_literal("IPv4 in IPv6", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"),
    *_literal("IPv4 in IPv6", "[::127.0.0.1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::7f00:1]", ours=False),
    *_literal("IPv4 in IPv6", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", ours=False),
    *_literal("IPv4 in IPv6", "[2001:0:7f00:1::1]", "[2606:4700::5efe:a00:7]", ours=False),
    Attempt("userinfo", "http://kmrx.com@127.0.0.1:{port}/"),
    Attempt("userinfo", "http://kmrx.com:80@127.0.0.1:{port}/"),
    Attempt("userinfo", "http://kmrx.com%2f@127.0.0.1:{port}/"),
    Attempt("userinfo", "http://127.0.0.1:{port}\\@kmrx.com/", ours=False),
    Attempt("userinfo", "http://127.0.0.1:{port}#@kmrx.com/"),
    Attempt("userinfo", "http://127.0.0.1:{port}%00.kmrx.com/", ours=False),
    *_named("name of ours", "127.0.0.1", ours=True),
    *_named("name of others", "10.0.0.7", "169.254.169.254", "192.0.0.192", "fd00:ec2::254", "fec0::1"),
    *_named("name of others", "::ffff:10.0.0.7", "64:ff9b::a00:7", "2002:a00:7::1", "0.0.0.0"),
    Attempt("DNS mixed", "http://mixed.com:{port}/", answers=((PUBLIC, "127.0.0.1"),)),
    Attempt("DNS mixed", "http://mixed-six.com:{port}/", answers=((PUBLIC, "::1"),), ours=False),
    Attempt("DNS changes", "http://rebind.com:{port}/", answers=((PUBLIC,), ("127.0.0.1",))),
    Attempt("DNS changes", "http://rebind.com:{port}/", "302", answers=((PUBLIC,), ("127.0.0.1",))),
    Attempt(
        "DNS changes", "http://rebind.com:{port}/", answers=((PUBLIC,), ("169.254.169.254",)), ours=False
    ),
    *(Attempt("redirect", "http://127.0.0.1:{port}/", way) for way in ("301", "302", "303", "307", "308")),
    Attempt("redirect", "//127.0.0.1:{port}/", "302"),
    Attempt("redirect", "http://2130706433:{port}/", "302"),
    Attempt("redirect", "http://inner.com:{port}/", "302", answers=(("127.0.0.1",),)),
    Attempt("redirect", "http://127.0.0.1:{port}/", "302 over 302"),
    Attempt("redirect", "http://169.254.169.254/latest/meta-data/", "302", ours=False),
    Attempt("redirect", "http://[fd00:ec2::254]/latest/meta-data/", "307", ours=False),
    Attempt("redirect", "http://metadata.google.internal/", "302", (("169.254.169.254",),), ours=False),
    *(
        Attempt("other scheme", url, way, ours=False)
        for way in ("page", "302")
        for url in ("file:///etc/passwd", "ftp://127.0.0.1:{port}/", "gopher://127.0.0.1:{port}/_", "data:,x")
    ),
    Attempt("robots.txt", "http://127.0.0.1:{port}/", "robots", ours=False),
    Attempt("robots.txt", "http://169.254.169.254/latest/", "robots", ours=False),
    Attempt("sitemap index", "http://127.0.0.1:{port}/", "sitemap", ours=False),
    Attempt("sitemap index", "http://169.254.169.254/latest/", "sitemap", ours=False),
    Attempt("sitemap index", "http://child.com:{port}/", "sitemap", (("10.0.0.7",),), ours=False),
)


@dataclass(slots=True)
class Watch:
    """What this process connected to while `on`; only `ports` on loopback are let through."""

    on: bool = False
    ports: set[int] = field(default_factory=set)
    connected: list[tuple[str, int]] = field(default_factory=list)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.on or event != "socket.connect" or not isinstance(arguments[1], tuple):
            return
        host, port = arguments[1][:2]
        self.connected.append((host, port))
        if host not in (*LOCAL, "0.0.0.0", "::ffff:127.0.0.1") or port not in self.ports:
            raise ConnectionRefusedError(f"{host} is not for tests")


_WATCH = Watch()
sys.addaudithook(_WATCH)  # there is no way to take one off, so it is made once and does nothing by itself


@contextmanager
def _answering(names: dict[str, tuple[tuple[str, ...], ...]]) -> Iterator[None]:
    """The operating system's resolver with these names and those of loopback; nobody else is asked."""
    true, lookups = socket.getaddrinfo, defaultdict[str, int](int)

    def look_up(host: str, port: int, family: int = 0, kind: int = 0, proto: int = 0, flags: int = 0) -> Any:
        name = host.lower().rstrip(".")
        if name in names:
            answers = names[name]
            answer = answers[min(lookups[name], len(answers) - 1)]
            lookups[name] += 1
            return [row for one in answer for row in true(one, port, family, kind, proto)]
        if name == "localhost":
            return true(host, port, family, kind, proto)
        return true(host, port, family, kind, proto, socket.AI_NUMERICHOST)

    with patch("socket.getaddrinfo", look_up):
        yield


@asynccontextmanager
async def _prize() -> AsyncIterator[tuple[int, list[str]]]:
    """The port of the server that nobody should reach, on both loopbacks, and who did."""
    reached: list[str] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.append(str(writer.get_extra_info("sockname")[0]))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecret")
        writer.close()

    first = await asyncio.start_server(take, LOCAL[0], 0)
    port = first.sockets[0].getsockname()[1]
    servers = [first]
    if socket.has_ipv6:
        with suppress(OSError):  # without an IPv6 loopback what aims at it is refused all the same
            servers.append(await asyncio.start_server(take, LOCAL[1], port))
    try:
        yield port, reached
    finally:
        for server in servers:
            server.close()
            await server.wait_closed()


def _lay(world: World, attempt: Attempt, target: str) -> str:
    """Put the way of an attempt into the world; gives the URL with which it begins."""
    home = f"http://{SITE}:{world.port}"
    world.answers.clear()
    if attempt.way == "page":
        return target
    if attempt.way == "robots":
        world.status(f"{SITE}/robots.txt", 302, Location=target)
    elif attempt.way == "sitemap":
        index = f"<sitemapindex><sitemap><loc>{target}</loc></sitemap></sitemapindex>"
        world.page(f"{SITE}/page", index, Content_Type="application/xml")
    elif attempt.way == "302 over 302":
        world.status(f"{SITE}/page", 302, Location=f"http://b.example:{world.port}/on")
        world.status("b.example/on", 302, Location=target)
    else:
        world.status(f"{SITE}/page", int(attempt.way), Location=target)
    return f"{home}/page"


async def _guarded(world: World, attempt: Attempt, url: str) -> tuple[str, str]:
    """Reason and detail with which the fetcher, or who uses it, gave up."""
    network = world.network(retries=1)
    async with Fetcher(network) as fetcher:
        robots, site = Robots(fetcher), outlet(SITE, feeds=(), sitemaps=(url,))
        try:
            if attempt.way == "robots":
                await robots.check(url, site, Tally())
            elif attempt.way == "sitemap":
                reader = SourceReader(site, OutletState({}, {}), network, fetcher, robots, Parser(), Tally())
                *_, child = await reader.read_all()
                return _split((child.reason or "read: no reason").partition(f"{child.url}: ")[2])
            else:
                await fetcher.get(Ask(url, site, Tally(), 1 << 20))
        except FetchFailed as failed:
            return failed.reason, failed.detail
    return "answered", "it was let through"


def _split(reason: str) -> tuple[str, str]:
    name, _, detail = reason.partition(": ")
    return name, detail


async def _unguarded(url: str) -> None:
    """A client as they are written: it looks the name up, finds it good, and asks."""
    resolver = aiohttp.ThreadedResolver()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=resolver)) as session:
        with suppress(OSError, ValueError, aiohttp.ClientError):
            await resolver.resolve(URL(url).host or "", 80)
            async with session.get(url) as response:
                await response.read()


async def _try(world: World, attempt: Attempt, port: int, reached: list[str]) -> Outcome:
    target = attempt.url.replace("{port}", str(port))
    url = _lay(world, attempt, target)
    host = URL(f"http:{target}" if target.startswith("//") else target).host if attempt.answers else None
    names = {host: attempt.answers} if host else {}
    _WATCH.ports, _WATCH.connected = {world.port, port}, []
    reached.clear()
    _WATCH.on = True
    try:
        with _answering(names):
            reason, detail = await _guarded(world, attempt, url)
        connected = tuple(host for host, asked in _WATCH.connected if asked != world.port)
        won, unguarded = bool(reached), None
        if attempt.ours:
            reached.clear()
            sites = dict.fromkeys((SITE, "b.example"), (("127.0.0.1",),))
            with _answering(names | sites):
                await _unguarded(url)
            await asyncio.sleep(0)
            unguarded = bool(reached)
    finally:
        _WATCH.on = False
    return Outcome(attempt, reason, detail, connected, won, unguarded)


def try_all() -> tuple[Outcome, ...]:
    """Every attempt in its turn."""

    async def all_of_them(world: World) -> tuple[Outcome, ...]:
        async with _prize() as (port, reached):
            return tuple([await _try(world, attempt, port, reached) for attempt in ATTEMPTS])

    with serving() as world:
        return asyncio.run(all_of_them(world))


def main() -> int:
    outcomes = try_all()
    refused = sum(one.refused for one in outcomes)
    told = {None: "not tried", True: "reached", False: "not reached"}
    print(f"{'kind':<24}{'way':<14}{'attempt':<64}{'without guard':<15}outcome")
    for one in outcomes:
        asked = one.attempt
        print(
            f"{asked.kind:<24}{asked.way:<14}{asked.name!r:<64}{told[one.unguarded]:<15}"
            f"{'refused' if one.refused else 'LET THROUGH'}: {one.reason}: {one.detail}"
        )
    won = sum(one.unguarded is True for one in outcomes)
    print(f"\n{len(outcomes)} attempts, {refused} refused; {won} reach a client without guard")
    return 0 if refused == len(outcomes) else 1


if __name__ == "__main__":
    raise SystemExit(main())
