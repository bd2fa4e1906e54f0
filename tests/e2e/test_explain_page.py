"""`wirefold extract --explain`: what a person sees of one page, from a file or from the network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipeline import cli
from pipeline.config import Config
from pipeline.errors import BadInput, Failed
from pipeline.examine import Examined, examine
from pipeline.model import Run
from tests.extract.sample import CLOSING, HEADLINE, PARAGRAPHS, html_page
from tests.ingest.site import World, serving

NOW = "2026-03-05T20:00:00Z"
BASE = Config.for_files(".", ())
RUN = Run.at(datetime(2026, 3, 5, 20, tzinfo=UTC))
FIX = "Correction: An earlier version of this story counted the moths twice."
PAGE = html_page(
    (FIX, "ISLE OF SKERRY (CNN) — " + PARAGRAPHS[0], *PARAGRAPHS[1:]),
    head='<meta property="article:published_time" content="2026-03-05T09:30:00-05:00">',
    before='<p class="byline">By Maren Idowu, CNN</p><p>ADVERTISEMENT</p>',
    after="".join(f"<p>{line}</p>" for line in CLOSING),
)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.html"
    path.write_text(PAGE)
    return path


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with serving() as world:
        yield world


def explained(*args: str) -> str:
    result = CliRunner().invoke(cli.app, ["extract", "--explain", *args, "--now", NOW])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_each_field_has_its_source_and_each_credit_its_words(page: Path) -> None:
    found: dict[str, Any] = json.loads(explained(str(page), "--json"))
    fields = {row["name"]: (row["value"], row["source"]) for row in found["fields"]}
    assert fields["headline"] == (HEADLINE, "h1")
    assert fields["byline"] == ("By Maren Idowu, CNN", "text")
    assert fields["authors"] == (["Maren Idowu"], "markup")
    assert fields["dateline_place"] == ("ISLE OF SKERRY", "dateline")
    assert fields["published_at"] == ("2026-03-05 09:30:00-05:00", "meta")
    assert fields["modified_at"] == (None, None)
    assert (found["wire_services"], found["refused"]) == (["CNN"], None)
    [dateline] = [proof for proof in found["evidence"] if proof["rule"] == "cnn-dateline"]
    assert (dateline["service"], dateline["where"]) == ("CNN", "body")
    assert dateline["quote"] == "ISLE OF SKERRY (CNN) —"
    assert dateline["after"].startswith(" The last keeper")
    assert [(notice["rule"], notice["quote"]) for notice in found["notices"]] == [("correction", FIX)]
    places = {block["text"]: block["place"] for block in found["blocks"]}
    assert (places[PARAGRAPHS[1]], places["ADVERTISEMENT"]) == ("body", "dropped")


def test_people_see_it_laid_out(page: Path) -> None:
    shown = " ".join(explained(str(page)).split())
    for words in (
        "credits CNN, confidence 1.00",
        "cnn-wire (0.99) footer 0-12",
        "notice correction",
        "2026-03-05 09:30:00 UTC-05:00 meta",
        "— no line that an article has",
        "not stated: feed_headline",
    ):
        assert words in shown


def test_a_page_that_is_refused_says_why(tmp_path: Path) -> None:
    path = tmp_path / "stub.html"
    path.write_text(html_page(("Tickets are gone.",)))
    assert "refused: too_short: 4 words, fewer than 25" in explained(str(path))
    path.write_text("<div>" * 200_000 + html_page(PARAGRAPHS))
    assert "refused: too_short: 0 words, fewer than 25" in explained(str(path))


def test_a_page_from_the_network_is_asked_for_like_all_others(world: World) -> None:
    world.page("a.example/skerry", PAGE)
    world.page("a.example/robots.txt", "User-agent: *\nDisallow: /private", Content_Type="text/plain")

    def asked(url: str) -> Examined:
        return examine(url, RUN, replace(BASE, network=world.network()))

    assert asked("http://a.example/skerry").wire_services == ("CNN",)
    for url, reason in (
        ("http://a.example/private", "robots"),
        ("http://a.example/gone", "http_404"),
        (f"http://127.0.0.1:{world.port}/skerry", "not_public"),
    ):
        with pytest.raises(Failed, match=reason):
            asked(url)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--explain", "nowhere.html"], "no such file"),
        (["--explain", "page.html", "--out", "x.parquet"], "--explain takes one page"),
        (["page.html"], "expected INPUT and --out"),
        ([], "expected INPUT and --out"),
    ],
)
def test_what_is_not_one_page_is_bad_input(args: list[str], says: str) -> None:
    result = CliRunner().invoke(cli.app, ["extract", *args])
    assert isinstance(result.exception, BadInput)
    assert says in str(result.exception)


def test_a_folder_of_several_pages_is_not_one(tmp_path: Path) -> None:
    for name in ("a.html", "b.html"):
        (tmp_path / name).write_text(PAGE)
    with pytest.raises(BadInput, match="expected one page, got several"):
        examine(str(tmp_path), RUN, BASE)
