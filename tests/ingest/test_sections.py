"""Section pages: articles are told from menus, and they are read only where nothing else names pages."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.ingest.discover import discover
from pipeline.ingest.sections import news_sections, read_section
from pipeline.lake.folder import FolderStore
from pipeline.params import Params
from tests.ingest.site import World, harvest, outlet

URL = "http://www.a.example/"
ARTICLES = (
    ("/2026/03/05/ferry-sails-again/", "Ferry sails again"),
    (
        "/news/local/harbour-office-counts-nine-workers/",
        "Harbour office counts nine workers on the lower deck",
    ),
    ("/news/pear-orchard-88412", "Pear orchard is for sale, its owner told the council"),
    ("/story.php?id=41", "Town hall serves breakfast to fishermen who carried the mail"),
    ("/news/article_88f0b1d2-91aa-11ee-8a1b-0f3a5c.html", "Lamp is lit"),
)
OTHERS = (
    ("/news/local/", "Local news of the harbour and all around it"),
    ("/sports/high-school-football-scores/", "High School Football Scores"),
    ("/tag/ferries-of-the-northern-coast/", "More on ferries of the northern coast"),
    ("/author/maren-idowu-of-the-harbour/", "All that Maren Idowu wrote for us"),
    ("/weather/ten-day-forecast-for-gull-rock/", "Ten day forecast for Gull Rock and the coast"),
    ("/video/2026/03/05/ferry-sails-again-on-film/", "Watch: the ferry sails again on Monday"),
    ("/2026/03/05/ferry.jpg", "The ferry in a picture that we took there"),
    ("http://b.example/2026/03/05/elsewhere-a-ferry-sails-again/", "Elsewhere a ferry sails again, too"),
    ("mailto:desk@a.example", "Write to us about what you saw"),
    ("javascript:void(0)", "Show more of the news of this day"),
    ("#top", "Back to the top of this page, please"),
    ("/", "The Gull Rock Herald and its front page"),
)
MENU = "/2026/03/01/how-to-reach-the-desk-of-the-herald/"


def page(*links: tuple[str, str], heading: str = "h3") -> bytes:
    teasers = "".join(
        f'<article><header><{heading}><a href="{url}">{text}</a></{heading}></header>'
        f'<a href="{url}#comments"><img src="/x.jpg"></a></article>'
        for url, text in links
    )
    menu = f'<a href="{MENU}">How to reach the desk of the Herald</a><a href="/news/local/">Local</a>'
    return (
        f"<html><body><header>{menu}</header><nav>{menu}</nav><div class='site-nav'>{menu}</div>"
        f"<div role=navigation>{menu}</div><main>{teasers}</main><footer>{menu}</footer></body></html>"
    ).encode()


def found(content: bytes) -> list[str]:
    return [
        item.url.removeprefix("http://www.a.example")
        for item in read_section(content, URL, None, "a.example").items
    ]


def test_articles_are_told_from_all_else() -> None:
    assert found(page(*ARTICLES, *OTHERS)) == [url for url, _ in ARTICLES]


def test_a_page_of_menus_alone_names_nothing_and_says_so() -> None:
    listing = read_section(page(*OTHERS), URL, None, "a.example")
    assert (listing.items, listing.note) == ((), "no link to an article")


def test_a_base_and_a_charset_are_heeded() -> None:
    content = page(("2026/03/05/ferry-sails-again", "Fähre fährt")).decode().encode("latin-1")
    moved = content.replace(b"<body>", b'<head><base href="http://news.a.example/x/"></head><body>')
    (item,) = read_section(moved, URL, "latin-1", "a.example").items
    assert item.url == "http://news.a.example/x/2026/03/05/ferry-sails-again"


@settings(max_examples=300)
@given(st.binary(max_size=400), st.text(max_size=60))
def test_whatever_it_holds_nothing_raises(content: bytes, link: str) -> None:
    for text in (content, page((link, link)) + content, f"<base href='{link}'>".encode() + page(*ARTICLES)):
        listing = read_section(text, URL, "no-such-charset", "a.example")
        assert all(item.url.startswith(("http://", "https://")) for item in listing.items)
        news_sections(text, URL, None, "a.example")


def test_sections_are_read_only_where_nothing_else_names_pages(world: World, lake: FolderStore) -> None:
    host, url = "a.example", "http://a.example/news/"
    for path, text in ARTICLES[:3]:
        world.page(f"{host}{path}", f"<p>{text}</p>", ETag=f'"{path}"')
    world.page(f"{host}/news/", page(*ARTICLES[:2]).replace(b"www.", b""))
    world.feed(host, ARTICLES[2][0])
    site = outlet(host, sections=(url,))
    _, pages, _ = harvest(lake, world, site)
    assert list(pages) == [ARTICLES[2][0]]
    assert "/news/" not in world.paths(host)

    world.feed(host)  # it answers, and names nothing
    _, pages, sites = harvest(lake, world, site, number=2)
    assert set(pages) == {path for path, _ in ARTICLES[:2]}
    assert sites["a"]["state"] == "ok"
    world.status(f"{host}/feed", 500)
    world.page(f"{host}/news/", page(*ARTICLES[:2], OTHERS[0]))
    _, pages, sites = harvest(lake, world, site, number=3)
    assert pages == {}, "a section that changes tells nothing of pages that it still links to"
    assert sites["a"]["state"] == "degraded"
    assert "http_500" in sites["a"]["reason"]


def test_a_site_of_sections_alone_is_rechecked_like_any_other(world: World, lake: FolderStore) -> None:
    (path, text), host = ARTICLES[0], "a.example"
    world.page(f"{host}{path}", f"<p>{text}</p>", ETag='"1"')
    world.page(f"{host}/", page(*ARTICLES[:1]))
    site = outlet(host, feeds=(), sections=(f"http://{host}/",))
    asked = [
        hour for hour in range(8) if harvest(lake, world, site, number=hour, recheck_hours=(1.0, 6.0))[1]
    ]
    assert asked == [0, 1, 6]


def test_discover_proposes_sections_where_there_is_no_feed(world: World) -> None:
    more = [(f"/2026/03/05/story-number-{n}/", f"Story number {n}") for n in range(12)]
    home = page(*more[:6]).replace(b"<title>", b"")
    world.page("a.example/", home)
    world.page("a.example/news/local/", page(*more[4:]))
    network = world.network()
    proposal = discover("a.example", network, Params())
    (entry,) = tomllib.loads(proposal.toml())["outlet"]
    assert entry["sections"] == ["http://a.example/", "http://a.example/news/local/"]
    assert "feeds" not in entry
    assert any("sections are read where" in note for note in proposal.notes)


@pytest.mark.parametrize("path", ["/news", "/local-news/", "/news/local/", "/us/"])
def test_news_in_the_menus_is_found(path: str) -> None:
    content = f'<nav><a href="{path}">x</a><a href="/sports/">y</a></nav><main><a href="/news/world/">z</a>'
    assert news_sections(content.encode(), URL, None, "a.example") == (f"http://www.a.example{path}",)
