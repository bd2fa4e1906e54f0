"""No way leads to an address that is not public, but the one for reserved names; see `ssrf.py`, too."""

from __future__ import annotations

import asyncio
import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ingest.fetch import Ask, Fetcher, FetchFailed, Reply, Tally
from pipeline.ingest.guard import is_public
from tests.ingest.site import World, outlet


def get(world: World, url: str, **network: object) -> Reply:
    async def ask() -> Reply:
        async with Fetcher(world.network(**network)) as fetcher:
            return await fetcher.get(Ask(url, outlet("a.example"), Tally(), 1 << 20))

    return asyncio.run(ask())


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
        ("2606:4700::5efe:808:808", True),
        ("fd00::1", False),
        ("64:ff9b::7f00:1", False),
    ],
)
def test_public(address: str, public: bool) -> None:
    assert is_public(address) is public
