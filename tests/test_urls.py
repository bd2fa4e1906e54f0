"""A page's URL is one and the same however it was linked, and two pages never share one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.provisional import urls

from pipeline.urls import normalise_url, original_url, site_of

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
    ],
)
def test_two_pages_stay_two(one: str, other: str) -> None:
    assert normalise_url(one) != normalise_url(other)


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
