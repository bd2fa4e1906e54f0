"""No way leads to an address that is not public, but the one for reserved names."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import Any

import pytest
from aiohttp.abc import ResolveResult
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ingest.fetch import Ask, Fetcher, FetchFailed, Reply, Tally
from pipeline.ingest.guard import GuardedResolver, NotPublicError, is_public
from tests.ingest.site import World, outlet


def get(world: World, url: str, **network: object) -> Reply:
    async def ask() -> Reply:
        async with Fetcher(world.network(**network)) as fetcher:
            return await fetcher.get(Ask(url, outlet("a.example"), Tally(), 1 << 20))

    return asyncio.run(ask())


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "127.1",
        "0x7f.0.0.1",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "169.254.169.254",
        "a.example.localhost",
    ],
)
def test_our_own_machine_is_refused_under_every_spelling(world: World, host: str) -> None:
    world.page("127.0.0.1/", "<p>secret</p>")
    world.status("a.example/feed", 302, Location=f"http://{host}:{world.port}/")
    for url in (f"http://{host}:{world.port}/", "http://a.example/feed"):
        with pytest.raises(FetchFailed) as failed:
            get(world, url)
        assert failed.value.reason in ("not_public", "invalid_url", "dns")
    assert {asked.host for asked in world.asked} <= {"a.example"}


def test_reserved_names_stand_for_the_test_address_whatever_their_port(world: World) -> None:
    world.page("b.test/page", "<p>here</p>")
    assert get(world, "http://b.test:8443/page").content == b"<p>here</p>"


def test_without_a_test_address_reserved_names_are_like_all_others(world: World) -> None:
    world.network()

    async def ask() -> Reply:
        from pipeline.config import Network

        network = Network(connect_seconds=2, read_seconds=2, retries=0)
        async with Fetcher(network) as fetcher:
            return await fetcher.get(Ask(f"http://a.example:{world.port}/", outlet("a.example"), Tally(), 1))

    with pytest.raises(FetchFailed):
        asyncio.run(ask())
    assert world.asked == []


def test_one_private_address_among_public_ones_refuses_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answers(*_: Any, **__: Any) -> list[ResolveResult]:
        return [
            ResolveResult(hostname="x", host=host, port=80, family=socket.AF_INET, proto=0, flags=0)
            for host in ("93.184.216.34", "10.0.0.7")
        ]

    async def resolve() -> None:
        resolver = GuardedResolver(None)
        monkeypatch.setattr(resolver._resolver, "resolve", answers)
        await resolver.resolve("rebinding.com", 80)

    with pytest.raises(NotPublicError, match=r"10\.0\.0\.7"):
        asyncio.run(resolve())


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_no_more_public_inside_an_ipv6_one(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    forms = (
        f"::ffff:{address}",
        str(ipaddress.IPv6Address((0x64FF9B << 96) | number)),
        str(ipaddress.IPv6Address((0x2002 << 112) | (number << 80))),
    )
    for form in forms:
        assert not is_public(form) or is_public(str(address))


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:4700::1111", True),
        ("64:ff9b::808:808", True),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("64:ff9b::7f00:1", False),
    ],
)
def test_public(address: str, public: bool) -> None:
    assert is_public(address) is public
