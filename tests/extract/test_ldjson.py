"""JSON-LD is read in the shapes that sites publish, broken ones too, and within bounds."""

from __future__ import annotations

import json

import pytest
from lxml import html

from pipeline.extract.ldjson import Linked, read_linked

ARTICLE = {"@type": "NewsArticle", "headline": "Lamps & moths", "author": {"name": "Greta Halloran"}}


def read(*scripts: str, title: str = "") -> Linked:
    tags = "".join(f'<script type="application/ld+json">{script}</script>' for script in scripts)
    return read_linked(html.document_fromstring(f"<html><head>{tags}</head><body>x</body></html>"), title)


@pytest.mark.parametrize(
    "script",
    [
        json.dumps(ARTICLE),
        json.dumps([{"@type": "WebSite"}, ARTICLE]),
        json.dumps({"@graph": [{"@type": "Organization"}, ARTICLE]}),
        json.dumps({"@type": "WebPage", "mainEntity": ARTICLE}),
        json.dumps(ARTICLE).replace("}", ",}"),
        "<!--\n" + json.dumps(ARTICLE) + "\n-->",
        "//<![CDATA[\n" + json.dumps(ARTICLE) + "\n//]]>",
        json.dumps(ARTICLE).replace("Lamps", "Lamps\n").replace("&", "&amp;"),
        json.dumps(ARTICLE | {"@type": ["Thing", "NewsArticle"], "author": ["Greta Halloran"]}),
        json.dumps(
            {
                "@graph": [
                    ARTICLE | {"author": [{"@id": "#g"}]},
                    {"@type": "Person", "@id": "#g", "name": "Greta Halloran"},
                ]
            }
        ),
    ],
)
def test_shapes(script: str) -> None:
    linked = read("{ broken", script)
    assert (linked.headline, linked.authors) == ("Lamps & moths", ("Greta Halloran",))


def test_of_several_articles_the_one_that_bears_the_title_counts() -> None:
    teaser = json.dumps(ARTICLE | {"headline": "Ferry late again", "author": {"name": "Bram Osei"}})
    assert read(teaser, json.dumps(ARTICLE), title="Lamps & Moths").authors == ("Greta Halloran",)


def test_hostile_depth_and_size_are_not_followed() -> None:
    inner = json.dumps(ARTICLE)
    for _ in range(40):
        inner = f'{{"a": {inner}}}'
    assert read(inner) == Linked()
    assert read('{"a":' * 100_000, "[" * 100_000) == Linked()
    assert read(json.dumps(ARTICLE | {"pad": "x" * (1 << 20)})) == Linked()


def test_white_space_without_end_costs_nothing() -> None:
    assert read("{" + " " * 200_000 + "}") == Linked()


@pytest.mark.parametrize(
    ("value", "is_free"),
    [(False, False), ("False", False), ("https://schema.org/True", True), ("yes", None), (None, None)],
)
def test_whether_a_page_is_free(value: object, is_free: bool | None) -> None:
    assert read(json.dumps(ARTICLE | {"isAccessibleForFree": value})).is_free is is_free


def test_a_page_object_stands_in_for_an_article_that_is_not_described() -> None:
    page = {"@type": ["WebPage", "FAQPage"], "name": "Calder Courier", "datePublished": "2026-03-05"}
    assert read(json.dumps({"@graph": [{"@type": "WebSite"}, page]})) == Linked(published="2026-03-05")
    assert read(json.dumps([page, ARTICLE])).published is None
