"""Sitemap indexes: what lies in them is found, however deep, whether or not the index has changed."""

from __future__ import annotations

from pipeline.lake.folder import FolderStore
from tests.ingest.site import World, harvest, outlet

_SPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_NEWS = 'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
SITE = outlet("a.example", feeds=(), sitemaps=("http://a.example/index.xml",))


def index(world: World, path: str, *children: str, etag: str | None = None) -> None:
    listed = "".join(f"<sitemap><loc>http://a.example{child}</loc></sitemap>" for child in children)
    _serve(world, path, f"<sitemapindex {_SPACE}>{listed}</sitemapindex>", etag)


def sitemap(
    world: World, path: str, *pages: str, etag: str | None = None, modified: dict[str, str] | None = None
) -> None:
    listed = "".join(
        f"<url><loc>http://a.example{page}</loc><news:news><news:title>News of {page}</news:title>"
        "<news:publication_date>2026-03-05T09:00:00Z</news:publication_date></news:news>"
        f"<lastmod>{(modified or {}).get(page, '2026-03-05')}</lastmod></url>"
        for page in pages
    )
    _serve(world, path, f"<urlset {_SPACE} {_NEWS}>{listed}</urlset>", etag)
    for page in pages:
        world.page(f"a.example{page}", f"<p>{page}</p>", ETag='"p"')


def _serve(world: World, path: str, document: str, etag: str | None) -> None:
    world.page(f"a.example{path}", document, Content_Type="text/xml", **({"ETag": etag} if etag else {}))


def test_a_news_sitemap_within_an_index_within_an_index_is_found(world: World, lake: FolderStore) -> None:
    index(world, "/index.xml", "/brand.xml", "/other.xml")
    index(world, "/brand.xml", *(f"/archive-{n}.xml" for n in range(40)), "/news-sitemap.xml")
    sitemap(world, "/other.xml", "/two")
    sitemap(world, "/news-sitemap.xml", "/one")
    for n in range(40):
        sitemap(world, f"/archive-{n}.xml", f"/old-{n}")
    _, pages, sites = harvest(lake, world, SITE)
    assert pages["/one"]["feed_headline"] == "News of /one"
    assert "/two" in pages
    assert len(pages) == 2 + 15, "of an index the news and the first, not all of its archive"
    assert sites["a"]["state"] == "ok"


def test_a_sitemap_is_followed_though_the_indexes_above_it_have_not_changed(
    world: World, lake: FolderStore
) -> None:
    index(world, "/index.xml", "/brand.xml", etag='"i"')
    index(world, "/brand.xml", "/news.xml")
    sitemap(world, "/news.xml", "/one", etag='"1"')
    assert list(harvest(lake, world, SITE)[1]) == ["/one"]
    for number, page in ((2, "/two"), (3, "/three")):
        sitemap(world, "/news.xml", "/one", page, etag=f'"{number}"')
        _, pages, sites = harvest(lake, world, SITE, number=number)
        assert pages[page]["outcome"] == "fetched"
        assert sites["a"]["feeds_unchanged"] == 2
    _, pages, sites = harvest(lake, world, SITE, number=4)
    assert (pages, sites["a"]["feeds_unchanged"]) == ({}, 3)


def test_a_sitemap_that_was_down_is_asked_again_under_an_index_that_answers_304(
    world: World, lake: FolderStore
) -> None:
    index(world, "/index.xml", "/news.xml", etag='"i"')
    world.status("a.example/news.xml", 503)
    assert harvest(lake, world, SITE)[2]["a"]["state"] == "degraded"
    sitemap(world, "/news.xml", "/one")
    _, pages, sites = harvest(lake, world, SITE, number=2)
    assert (list(pages), sites["a"]["state"]) == (["/one"], "ok")


def test_indexes_that_lead_to_each_other_end(world: World, lake: FolderStore) -> None:
    index(world, "/index.xml", "/b.xml", "/index.xml")
    index(world, "/b.xml", "/index.xml", "/c.xml")
    index(world, "/c.xml", "/d.xml")
    sitemap(world, "/d.xml", "/one")
    _, pages, sites = harvest(lake, world, SITE)
    assert pages == {}
    assert world.paths("a.example") == ["/robots.txt", "/index.xml", "/b.xml", "/c.xml"]
    assert "an index 2 deep in others" in sites["a"]["reason"]


def test_a_known_page_is_asked_for_when_its_lastmod_moves(world: World, lake: FolderStore) -> None:
    site = outlet("a.example", feeds=(), sitemaps=("http://a.example/news.xml",))
    sitemap(world, "/news.xml", "/one", "/two")
    assert list(harvest(lake, world, site)[1]) == ["/one", "/two"]
    sitemap(world, "/news.xml", "/one", "/two", "/three")
    assert list(harvest(lake, world, site, number=2)[1]) == ["/three"]
    sitemap(world, "/news.xml", "/one", "/two", "/three", modified={"/two": "2026-03-06"})
    _, pages, _ = harvest(lake, world, site, number=3)
    assert {path: row["reason"] for path, row in pages.items()} == {"/two": "not_modified"}
