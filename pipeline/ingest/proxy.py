"""Requests through an HTTP proxy: what this machine knows to be no public address is not even asked for.

But the proxy decides who answers: a name that cannot be looked up here, or that it looks up otherwise, is its
to refuse.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self, TypedDict

from aiohttp import encode_basic_auth
from aiohttp.hdrs import PROXY_AUTHORIZATION
from yarl import URL

from pipeline.config import Network
from pipeline.ingest.guard import GuardedResolver, NotPublicError


class Through(TypedDict, total=False):
    """Arguments of aiohttp's requests."""

    headers: dict[str, str]
    proxy: URL
    proxy_headers: dict[str, str]


@dataclass(slots=True)
class Proxy:
    """The way that all requests take: `url` without the login, which `headers` hold. `resolver` looks names
    up as if they were asked directly."""

    url: URL
    headers: dict[str, str]
    resolver: GuardedResolver
    _found: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, network: Network) -> Self | None:
        """That of the configuration; None without one."""
        if network.proxy is None:
            return None
        url = URL(network.proxy)
        login = encode_basic_auth(url.user, url.password or "") if url.user else None
        headers = {str(PROXY_AUTHORIZATION): login} if login else {}
        # the URL goes without the login: aiohttp's errors quote it
        return cls(url.with_user(None), headers, GuardedResolver(network.test_address))

    def through(self, url: URL, headers: dict[str, str]) -> Through:
        """How to ask for the URL with these headers. Of https the proxy sees only that it is to connect, and
        the site must not see the login."""
        if url.scheme == "https":
            return Through(headers=headers, proxy=self.url, proxy_headers=self.headers)
        return Through(headers=headers | self.headers, proxy=self.url)

    async def check(self, url: URL) -> None:
        """Raise `NotPublicError` if this machine's DNS has a non-public address for the URL's host."""
        host = url.raw_host or ""
        if host not in self._found:
            self._found[host] = ""
            try:
                await self.resolver.resolve(host, url.port or 0)
            except NotPublicError as error:
                self._found[host] = str(error)
            except OSError:
                pass  # behind a proxy there may be no DNS of the world
        if problem := self._found[host]:
            raise NotPublicError(problem)
