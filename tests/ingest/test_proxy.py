"""Through a proxy: all goes there, what is not public does not, and its login stays between us and it."""

from __future__ import annotations

import gzip
import socket
import threading
from pathlib import Path

import pytest
from aiohttp import web

from pipeline.config import Network, load_config
from pipeline.errors import BadInput
from pipeline.lake.folder import FolderStore
from tests.ingest.site import World, harvest, outlet
from tests.servers import free_port

LOGIN = "Basic d2lyZWZvbGQ6b3Blbi1zZXNhbWU="  # wirefold:open-sesame


def behind(world: World) -> dict[str, object]:
    """The world as a proxy: it is asked for whole URLs, and knows hosts that no DNS knows."""
    return {"proxy": f"http://wirefold:open-sesame@127.0.0.1:{world.port}", "test_address": None}


def test_everything_is_asked_through_it_and_its_login_is_kept_nowhere(
    world: World, lake: FolderStore
) -> None:
    world.page("a.example/one", "<p>one</p>")
    world.status("a.example/moved", 301, Location="http://www.a.example/two")
    world.page("www.a.example/two", "<p>two</p>")
    world.feed("a.example", "/one", "/moved")
    counts, _, sites = harvest(lake, world, outlet("a.example"), **behind(world))
    assert (counts.fetched, sites["a"]["state"]) == (2, "ok")
    assert {asked.host for asked in world.asked} == {"a.example", "www.a.example"}
    assert {asked.headers.get("Proxy-Authorization") for asked in world.asked} == {LOGIN}
    for stored in lake.list(""):
        data = lake.get(stored.key)
        text = gzip.decompress(data) if stored.key.endswith(".gz") else data
        assert b"open-sesame" not in text
        assert LOGIN.split()[1].encode() not in text
        if stored.key.endswith(".warc.gz"):
            assert b"WARC-Type: request" in text
            assert b"WARC-IP-Address" not in text, "who answered is not known"


def test_of_https_the_proxy_alone_gets_the_login(lake: FolderStore, world: World) -> None:
    """A proxy that remembers what it was asked and refuses to connect."""
    heads: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    heads.append(connection.recv(1 << 16).decode())
                    connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        proxy = f"http://wirefold:open-sesame@127.0.0.1:{server.getsockname()[1]}"
        site = outlet("a.example", feeds=("https://a.example/feed",))
        _, _, sites = harvest(lake, world, site, proxy=proxy, test_address=None)
        server.shutdown(socket.SHUT_RDWR)
    thread.join(10)
    assert heads
    assert all(head.startswith("CONNECT a.example:443 HTTP/1.1\r\n") for head in heads)
    assert all(f"Proxy-Authorization: {LOGIN}\r\n" in head for head in heads)
    assert "proxy: 502" in sites["a"]["reason"]
    assert "sesame" not in sites["a"]["reason"]


@pytest.mark.parametrize(
    "place",
    ["169.254.169.254/latest", "127.0.0.1:80/", "2130706433/", "localhost/", "[::1]/", "[::ffff:10.0.0.1]/"],
)
def test_what_is_not_public_is_not_asked_of_it(world: World, lake: FolderStore, place: str) -> None:
    world.status("a.example/one", 302, Location=f"http://{place}")
    world.feed("a.example", "/one")
    _, pages, _ = harvest(lake, world, outlet("a.example"), **behind(world))
    assert pages["/one"]["reason"] in ("not_public", "other_site")
    assert {asked.host for asked in world.asked} == {"a.example"}


def test_a_name_that_this_machine_looks_up_to_itself_is_not_asked_of_it(
    world: World, lake: FolderStore
) -> None:
    world.feed("localhost", "/one")
    _, _, sites = harvest(lake, world, outlet("localhost", feeds=("http://localhost/feed",)), **behind(world))
    assert sites["localhost"]["state"] == "down"
    assert "not_public: localhost resolves to" in sites["localhost"]["reason"]
    assert world.asked == []


def test_without_a_proxy_the_same_names_are_not_asked_at_all(world: World, lake: FolderStore) -> None:
    world.feed("a.example", "/one")
    _, _, sites = harvest(lake, world, outlet("a.example"), test_address=None)
    assert sites["a"]["state"] == "down"
    assert world.asked == []


def test_a_proxy_that_is_down_or_wants_another_login_is_told(world: World, lake: FolderStore) -> None:
    nobody = f"http://wirefold:open-sesame@127.0.0.1:{free_port()}"
    _, _, sites = harvest(lake, world, outlet("a.example"), proxy=nobody)
    assert sites["a"]["state"] == "down"
    assert "proxy: Cannot connect to host 127.0.0.1" in sites["a"]["reason"]
    assert "open-sesame" not in sites["a"]["reason"]

    async def refuse(request: web.Request) -> web.StreamResponse:
        return web.Response(status=407)

    world.answers |= {"a.example/robots.txt": refuse}
    _, _, sites = harvest(lake, world, outlet("a.example"), number=2, **behind(world))
    assert "proxy: it wants another login" in sites["a"]["reason"]


def test_a_run_that_reaches_nobody_brings_no_outlet_nearer_to_its_pause(
    world: World, lake: FolderStore
) -> None:
    sites = [outlet(host) for host in ("a.example", "b.example", "c.example")]
    broken = {"proxy": f"http://127.0.0.1:{free_port()}", "pause_after": 2}
    for number in (1, 2, 3, 4):
        _, _, told = harvest(lake, world, *sites, number=number, **broken)
        assert {row["state"] for row in told.values()} == {"down"}
    world.feed("a.example")
    for number in (5, 6, 7):
        _, _, told = harvest(lake, world, *sites, number=number, pause_after=2)
    assert {name: row["state"] for name, row in told.items()} == {"a": "ok", "b": "paused", "c": "paused"}


def test_its_login_is_no_setting_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "wirefold.toml"
    path.write_text('lake = "lake"\n[network]\nproxy = "http://w:open-sesame@proxy.example:3128"\n')
    with pytest.raises(BadInput, match=r"toml:3: network.proxy: expected no login"):
        load_config(path)
    for proxy in ("socks5://w:open-sesame@proxy.example:1", "http://w:open-sesame@", "w:open-sesame@proxy"):
        for rest in ('lake = "lake"\n', "", "lake = 3\n"):
            path.write_text(f'{rest}[network]\nproxy = "{proxy}"\n')
            with pytest.raises(BadInput, match="expected no login") as refused:
                load_config(path)
            assert "sesame" not in str(refused.value)
    path.write_text('lake = "lake"\n[network]\nproxy = "http://proxy.example:3128"\n')
    assert load_config(path).network.proxy == "http://proxy.example:3128"
    monkeypatch.setenv("WIREFOLD_PROXY", "http://w:open-sesame@other.example:3128")
    network = load_config(path).network
    assert network.proxy == "http://w:open-sesame@other.example:3128"
    assert "open-sesame" not in repr(network)
    monkeypatch.setenv("WIREFOLD_PROXY", "socks5://w:open-sesame@other.example")
    with pytest.raises(BadInput, match="WIREFOLD_PROXY: expected http://host:port") as raised:
        load_config(path)
    assert "sesame" not in str(raised.value)
    assert Network().proxy is None
