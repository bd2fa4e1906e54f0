"""Nobody's link leads us into a private network: every address is checked before it is connected to.

aiohttp connects to exactly the addresses that its resolver returned, so a name cannot answer twice
(DNS rebinding). It asks no resolver about literal addresses, hence `check_url`, called at each hop.
The one way to a non-public address is `Network.test_address`, for names that RFC 2606 keeps out of
the public DNS.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

_RESERVED = (".example", ".test")
_NAT64 = IPv6Network("64:ff9b::/96")
_UNICAST = IPv6Network("2000::/3")  # all of IPv6 that IANA has given out; `ipaddress` calls fec0:: global
# what `ipaddress` of some Python that we run on calls global, and is not
_NOT_PUBLIC = tuple(
    map(
        ip_network,
        (
            "192.0.0.0/24",  # protocol assignments (RFC 6890); a cloud's metadata stand at 192.0.0.192
            "192.88.99.0/24",  # relays to 6to4, withdrawn (RFC 7526)
            "168.63.129.16/32",  # public by its number, and the host agent of every machine in Azure
            "3fff::/20",  # documentation (RFC 9637)
        ),
    )
)
_ISATAP = (0x00005EFE, 0x02005EFE)  # the first half of an interface id that carries an IPv4 address


class NotPublicError(OSError):
    """The address is not one of the public internet. An `OSError`, so that aiohttp ends the connection."""


def is_public(address: str) -> bool:
    """True if the address is globally reachable unicast.

    An IPv6 address that carries an IPv4 one is no more public than that: `ipaddress` calls some of
    these forms global, and multicast too. Raises `ValueError` for what is no address.
    """
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        # NAT64 is how a host without IPv4 reaches the rest, so it is judged by what it carries alone
        carried = ip.ipv4_mapped or (IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else None)
        if carried:
            return is_public(str(carried))
        if ip not in _UNICAST:
            return False
        isatap = IPv4Address(int(ip) & 0xFFFFFFFF) if int(ip) >> 32 & 0xFFFFFFFF in _ISATAP else None
        tunnelled = ip.sixtofour or (ip.teredo[1] if ip.teredo else None) or isatap
        if tunnelled and not is_public(str(tunnelled)):
            return False
    if any(ip in network for network in _NOT_PUBLIC):
        return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def check_url(url: URL) -> None:
    """Raise `NotPublicError` if the URL is not http(s) or its host is a literal non-public address."""
    if url.scheme not in ("http", "https") or not url.raw_host:
        raise NotPublicError(f"{url.scheme or 'no scheme'}: only http and https are asked")
    try:
        public = is_public(url.raw_host)
    except ValueError:
        return  # a name: the resolver looks at its addresses
    if not public:
        raise NotPublicError(f"{url.raw_host} is not a public address")


class GuardedResolver(AbstractResolver):
    """Resolves names to public addresses only; names under .example and .test to `test_address`.

    `test_address`: host:port. aiohttp connects to the port in the result, not to that of the URL
    (`TCPConnector._convert_hosts_to_addr_infos`, 3.14).
    """

    def __init__(self, test_address: str | None) -> None:
        self._resolver = ThreadedResolver()
        self._test_address = test_address

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        if self._test_address and host.rstrip(".").endswith(_RESERVED):
            stand_in, _, stand_in_port = self._test_address.rpartition(":")
            return await self._resolver.resolve(stand_in.strip("[]"), int(stand_in_port), family)
        results = await self._resolver.resolve(host, port, family)
        for result in results:
            if not is_public(result["host"]):
                raise NotPublicError(f"{host} resolves to {result['host']}, which is not a public address")
        return results

    async def close(self) -> None:
        await self._resolver.close()
