"""Chrome is what different articles of an outlet repeat, and nothing that one article repeats."""

from __future__ import annotations

import pyarrow as pa

from pipeline.extract.boilerplate import learn, strip
from pipeline.params import Params

PARAMS = Params()
PROMO = "Sign up for the Harrow Point morning letter and never miss the tide table"


def article(i: int) -> str:
    return "\n".join(
        f"Paragraph {k} of item {i}: the council of Harrow Point passed it {i + k} to 2." for k in range(6)
    )


def test_lines_of_different_articles_are_chrome_and_come_off() -> None:
    bodies = pa.array([f"{article(i)}\n{PROMO}\nThe end of item {i}." for i in range(4)])
    outlets = pa.array(["harrow"] * 4)
    chrome = learn(outlets, bodies, PARAMS)
    assert chrome.to_pylist() == [{"outlet_id": "harrow", "line": PROMO.lower(), "articles": 4}]
    assert strip(outlets, bodies, chrome).to_pylist() == [
        f"{article(i)}\nThe end of item {i}." for i in range(4)
    ]


def test_versions_of_one_article_are_not_chrome() -> None:
    """One outlet ran and updated a story five times, each time under a new lead."""
    text = "\n".join(f"Paragraph {k} of the long story of the ferry at Osprey Bay." for k in range(8))
    bodies = pa.array([f"Lead number {i}, all new.\n{text}" for i in range(5)])
    assert learn(pa.array(["osprey"] * 5), bodies, PARAMS).num_rows == 0


def test_another_outlets_lines_and_pages_without_outlet_stay() -> None:
    bodies = pa.array([f"{article(i)}\n{PROMO}" for i in range(6)])
    outlets = pa.array(["a", "a", "b", None, None, None])
    chrome = learn(outlets, bodies, PARAMS)
    assert chrome.num_rows == 0
    assert strip(outlets, bodies, chrome).to_pylist() == bodies.to_pylist()
