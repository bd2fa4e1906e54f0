"""An AMP page is the page that it declares, if that is one of its own site; any other is its address."""

from __future__ import annotations

import pytest

from tests.extract.sample import extract, html_page

OWN = "https://www.channel12.example/2026/03/skerry-light-opens"


def identity(url: str, canonical: str, root: str = "<html amp ") -> tuple[str, str]:
    markup = html_page(head=f'<link rel="canonical" href="{canonical}">').replace("<html ", root, 1)
    page = extract(markup, url).page
    assert page
    assert page.url == url, "the address at which it was fetched stays"
    return page.url_normalised, page.doc_id


@pytest.mark.parametrize("root", ["<html amp ", "<html ⚡ ", '<html amp="amp" '])
def test_an_amp_page_is_the_page_that_it_declares(root: str) -> None:
    whole = identity(OWN, OWN, "<html ")
    assert identity("https://amp.channel12.example/a/41", OWN, root) == whole
    assert identity("https://www.channel12.example/amphtml/41", "/2026/03/skerry-light-opens", root) == whole


@pytest.mark.parametrize(
    ("canonical", "root"),
    [
        ("https://www.cnn.example/2026/03/skerry", "<html amp "),
        ("https://channel12.example.evil.example/x", "<html amp "),
        ("https://12.example/x", "<html amp "),
        (OWN, "<html "),
        ("", "<html amp "),
    ],
)
def test_no_other_page_is_taken_at_its_word(canonical: str, root: str) -> None:
    url = "https://www.channel12.example/amphtml/41"
    assert identity(url, canonical, root)[0] == url
