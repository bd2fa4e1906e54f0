"""A page's URL is one and the same however it was linked, and two pages never share one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.provisional import urls

from pipeline.urls import normalise_url, original_url, site_of

# one page, and other addresses under which sites show it
VARIANTS = {
    "https://www.station.example/2026/03/05/ferry-sails-again-on-monday/": (
        "https://www.station.example/2026/03/05/ferry-sails-again-on-monday/amp/",
        "https://www.station.example/2026/03/05/ferry-sails-again-on-monday/?outputType=amp",
        "https://www.station.example/2026/03/05/ferry-sails-again-on-monday/?amp",
        "https://www.station.example/2026/03/05/ferry-sails-again-on-monday/?amp=1&utm_source=x",
        "https://amp.station.example/2026/03/05/ferry-sails-again-on-monday/",
        "https://m.station.example/2026/03/05/ferry-sails-again-on-monday/?print=1",
        "https://www.station.example/2026/03/05/ferry-sails-again-on-monday/print/",
        "https://m.station.example/2026/03/05/ferry-sails-again-on-monday/amp/?_amp=true",
    ),
    "https://www.paper.co.uk/news/article_88f0b1d2.html": (
        "https://www.paper.co.uk/news/article_88f0b1d2.amp.html",
        "https://mobile.paper.co.uk/news/article_88f0b1d2.html?view=print",
        "https://amp.paper.co.uk/news/article_88f0b1d2.html",
    ),
    "https://news.a.example/story.php?id=41": (
        "https://m.news.a.example/story.php?id=41&printable=yes",
        "https://news.a.example/story.php?output=amp&id=41",
    ),
    "https://www.a.example/news/story-12345": (
        "https://www.a.example/news/story-12345.amp",
        "https://www.a.example/news/story-12345/amp?mobile=true",
        "https://www.a.example/news/story-12345/print",
    ),
}
SAME = [
    "https://www.station.example/news/2026/bridge?id=7",
    "HTTPS://WWW.Station.Example:443/news/2026/bridge?id=7#comments",
    "https://www.station.example./news//x/../2026/bridge?utm_source=mail&id=7&fbclid=IwAR0",
    "https://reader:secret@www.station.example/news/2026/bridge?id=7&utm_campaign=x",
]


@pytest.mark.parametrize("url", SAME)
def test_one_page_has_one_url(url: str) -> None:
    assert normalise_url(url) == SAME[0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/?id=1", "https://a.example/?id=2"),
        ("https://a.example/story?cid=41", "https://a.example/story?cid=42"),
        ("https://a.example/?123456", "https://a.example/?123457"),
        ("https://a.example/a%2Fb", "https://a.example/a/b"),
        ("https://a.example:8443/x", "https://a.example/x"),
        ("https://a.example/X", "https://a.example/x"),
        ("https://m.a.example/", "https://www.a.example/"),
        ("https://a.example/news/amp", "https://a.example/news"),
        ("https://a.example/tags/print/", "https://a.example/tags/"),
        ("https://a.example/2026/03/05/amp", "https://a.example/2026/03/05"),
        ("https://amp.example/one-two-three-four", "https://example/one-two-three-four"),
        ("https://a.example/x?print=20260305", "https://a.example/x"),
        ("https://a.example/x?amp=41", "https://a.example/x?amp=42"),
        ("https://a.example/x?view=41", "https://a.example/x"),
        ("https://a.example/story-of-an-amp", "https://a.example/story-of-an"),
        ("https://a.example/one-two-three-four/ampere", "https://a.example/one-two-three-four"),
        ("https://a.example/one-two-three-four/amp/2", "https://a.example/one-two-three-four"),
    ],
)
def test_two_pages_stay_two(one: str, other: str) -> None:
    assert normalise_url(one) != normalise_url(other)


@pytest.mark.parametrize(("page", "variant"), [(page, one) for page in VARIANTS for one in VARIANTS[page]])
def test_a_variant_is_the_page(page: str, variant: str) -> None:
    assert normalise_url(variant) == normalise_url(page) == page


Form = tuple[str, str, list[str]]
_SLUG = st.lists(st.sampled_from(["amp", "print", "m", "ferry", "41", "x"]), min_size=1, max_size=5)


@dataclass(frozen=True)
class Page:
    host: str
    path: tuple[str, ...]
    ending: str
    query: tuple[tuple[str, int], ...]

    def address(self, form: Form = ("", "", [])) -> str:
        prefix, suffix, more = form
        host = prefix + (self.host.removeprefix("www.") if prefix else self.host)
        path = "/".join(self.path) + self.ending
        told = "&".join([*(f"{name}={value}" for name, value in self.query), *more])
        return f"https://{host}/{path.rstrip('/') + suffix if suffix else path}?{told}"

    @property
    def identity(self) -> tuple[object, ...]:
        return self.host, self.path, self.ending.strip("/"), sorted(self.query)

    @property
    def is_article(self) -> bool:
        return self.ending not in ("", "/") or self.path[-1].count("-") > 2

    @property
    def ambiguous(self) -> bool:
        """A slug "amp" or "print" below an article: nobody can tell it from the article's form."""
        below = len(self.path) > 1 and self.path[-2].count("-") > 2
        return below and self.path[-1] in ("amp", "print") and self.ending in ("", "/")


_PAGE = st.builds(
    Page,
    st.sampled_from(["www.a.example", "news.b.example", "www.c.co.uk"]),
    st.lists(_SLUG.map("-".join), min_size=1, max_size=3).map(tuple),
    st.sampled_from(["", "/", ".html", "-20260305"]),
    st.lists(st.tuples(st.sampled_from(["id", "cid", "view", "amp"]), st.integers(10, 19)), max_size=2).map(
        lambda query: tuple(dict(query).items())
    ),
).filter(lambda page: not page.ambiguous)
_PAIR = _PAGE.flatmap(
    lambda page: st.tuples(
        st.just(page),
        st.one_of(
            _PAGE,
            st.just(page),
            st.just(replace(page, query=page.query[:-1])),
            st.just(replace(page, path=page.path[:-1] or page.path)).filter(lambda page: not page.ambiguous),
            st.just(replace(page, path=(*page.path, "amp"))).filter(lambda page: not page.ambiguous),
        ),
    )
)
_FORM = st.tuples(
    st.sampled_from(["", "m.", "amp.", "mobile."]),
    st.sampled_from(["", "/amp", "/amp/", "/print"]),
    st.lists(st.sampled_from(["outputType=amp", "amp=1", "print=true", "utm_source=a"]), max_size=2),
)


@settings(max_examples=2_000)
@given(_PAIR, _FORM, _FORM)
def test_forms_of_a_page_are_one_and_never_join_two(
    pair: tuple[Page, Page], form: Form, another: Form
) -> None:
    one, other = pair
    if not one.is_article or not other.is_article:
        form = another = ("", "", [])  # other pages have no forms that could be told
    first, second = normalise_url(one.address(form)), normalise_url(other.address(another))
    # some forms do not tell whether the page's path ends in a slash
    same = first.replace("/?", "?").rstrip("/") == second.replace("/?", "?").rstrip("/")
    assert same == (one.identity == other.identity)
    assert normalise_url(first) == first


def test_hosts_are_idna() -> None:
    assert normalise_url("https://Zürcher.example/ä") == "https://xn--zrcher-3ya.example/%C3%A4"
    assert site_of("http://WWW.Zürcher.example/x") == "xn--zrcher-3ya.example"


@given(urls(), st.sampled_from(["", "?utm_medium=x&id=", "?a=%26&a=b+c;d", "?ä=%zz&&=", "/..//./%41%zz"]))
def test_normalising_is_idempotent(url: str, tail: str) -> None:
    once = normalise_url(url + tail)
    assert normalise_url(once) == once


@given(st.text(max_size=60))
def test_any_text_is_taken(text: str) -> None:
    for url in (text, f"https://{text}", f"https://a.example/{text}", f"https://a.example/?{text}"):
        once = normalise_url(url)
        assert normalise_url(once) == once
        site_of(url)


@pytest.mark.parametrize(
    ("copy", "original"),
    [
        ("http://web.archive.example/web/20260305120000/http://a.example/x?y=1", "http://a.example/x?y=1"),
        ("/web/20260305120000id_/https:/a.example/x", "https://a.example/x"),
        ("//archive.example/2950/20260305120000mp_/http://a.example/", "http://a.example/"),
        ("https://a.example/20260305120000/x", "https://a.example/20260305120000/x"),
        ("https://a.example/go?to=/20260305120000/http://b.example/", None),
        ("https://a.example/2026/03/05/http://b.example/", None),
    ],
)
def test_a_copy_in_an_archive_has_its_original_url(copy: str, original: str | None) -> None:
    assert original_url(copy) == (original or copy)
