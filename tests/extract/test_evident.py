"""What a page's markup makes certain is read at once; where anything may be lost the full path is asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.extract import reader
from pipeline.extract.course import Course
from pipeline.extract.evident import read_evident
from pipeline.extract.layout import body_of
from pipeline.extract.page import read_page
from pipeline.extract.result import Page
from pipeline.extract.template import Template
from tests.extract.outlet import CLOSING, PARAMS, extractors, page, paragraphs, raw, read_all
from tests.extract.sample import RULES, RUN

UNCHECKED = replace(PARAMS, template_check_rate=1 << 30)
ALL_CHECKED = replace(PARAMS, template_check_rate=1)
LONG = " ".join(paragraphs(5, 1))


def evident(markup: str) -> list[str] | None:
    body = body_of(markup.encode())
    assert body is not None
    found = read_evident(body)
    return found.lines if found else None


def by(markup: str, *, checked: bool = False, template: Template | None = None) -> Page:
    params = ALL_CHECKED if checked else UNCHECKED
    read = read_page(raw(99, markup), RULES, params, RUN, template).extracted.page
    assert read is not None
    return read


@pytest.mark.parametrize("layout", ["story", "feature"])
def test_the_page_of_an_unknown_outlet_is_read_as_by_the_full_path(layout: str) -> None:
    read, full = by(page(99, layout)), by(page(99, layout), checked=True)
    assert (read.extractor, full.extractor) == ("evident", "trafilatura")
    assert read.body == full.body == "\n".join(paragraphs(99))


@pytest.mark.parametrize(
    "among",
    [
        "<h2>What the keeper said</h2>",
        "<blockquote>The lamp is lit, and it will stay lit.</blockquote>",
        "<ul><li>The first of the lamps is green.</li><li>The second of them is <b>red</b>.</li></ul>",
        "<p>A line of a verse that nobody sings<br>and its second line, which rhymes.</p>",
        "<p><a href='/x'>Ferry late again as engine fails</a></p>",
        "<figure><img src=x><figcaption>The light. (AP Photo/Greta Halloran)</figcaption></figure>",
        "<div class='newsletter-signup'><p>The Morning Tide comes by mail on each day but Sunday.</p></div>",
        "<div class='wide'><p>" + LONG + "</p></div>",
    ],
    ids=[
        "heading",
        "quotation",
        "list",
        "line break",
        "pointer",
        "caption",
        "sign-up",
        "box around a paragraph",
    ],
)
def test_what_stands_among_the_text_is_read_as_by_the_full_path(among: str) -> None:
    markup = page(99, text=paragraphs(99, 12), among=among)
    read, full = by(markup), by(markup, checked=True)
    assert read.extractor == "evident"
    assert (read.body, read.image_credits) == (full.body, full.image_credits)


def test_bylines_and_closing_lines_are_put_back() -> None:
    more = f"</div><div class='box'><p>{CLOSING}</p>"
    markup = page(99, more=more).replace("<h1>", '<p class="who">By Maren Idowu, AP</p><h1>')
    read = by(markup)
    assert read.extractor == "evident"
    assert (read.byline, read.footer, read.wire_services) == ("By Maren Idowu, AP", CLOSING, ("AP",))


RAIL = "".join(f"<div class='card'><p>{text}</p></div>" for text in paragraphs(6, 9))


@pytest.mark.parametrize(
    "markup",
    [
        page(99, text=paragraphs(99, 1)[:1]),
        page(99).replace("<p>", "<div>").replace("</p>", "</div>"),
        page(99, among=f"<div class='x'><div>{LONG}</div></div>"),
        page(99, among=f"<blockquote class='twitter-tweet'><p>{LONG}</p></blockquote>"),
        page(99, among=f"<table><tr><td>{LONG}</td></tr></table>"),
        page(99).replace('<div class="rail">', f'<div class="rail">{RAIL}'),
        page(99, among="<div class='fix'><p class='x'>Correction: The lamp was green, not red.</p></div>"),
        page(99).replace(
            '<div class="rail">', f'<div class="rail">{LONG}<br>{LONG}<br>{" ".join(paragraphs(7))}'
        ),
        page(98)
        .replace("<title>Lamp 98", "<title>Two of them")
        .replace("</main>", "<article><p>" + "</p><p>".join(paragraphs(7)) + "</p></article></main>"),
        "<p>" + "</p><p>".join(paragraphs(1)),
    ],
    ids=[
        "short",
        "no paragraphs",
        "a strange block among the text",
        "a post of others",
        "a table",
        "as much beside it",
        "a notice in a strange place",
        "text outside of paragraphs",
        "several articles",
        "no box but the page",
    ],
)
def test_what_is_not_certain_is_left_to_the_full_path(markup: str) -> None:
    assert evident(markup) is None


def test_of_several_articles_the_page_is_the_one_that_its_title_names() -> None:
    """The next stories are loaded below, and longer."""
    below = "".join(
        f"<article><h2>Harbor story {n}</h2><p>{'</p><p>'.join(paragraphs(n, 20))}</p></article>"
        for n in (3, 4)
    )
    read = by(page(99, "story").replace("</main>", f"{below}</main>"))
    assert (read.extractor, read.body) == ("evident", "\n".join(paragraphs(99)))


def test_a_gallery_in_an_article_has_captions_only() -> None:
    cards = "".join(f"<div class='card'><div class='caption'>{text}</div></div>" for text in paragraphs(4, 9))
    assert evident(page(99, more=f"<div class='embedded'>{cards}</div>")) == paragraphs(99)


def test_evident_pages_teach_the_template_and_judge_a_new_one() -> None:
    course = Course(RUN, UNCHECKED)
    read = extractors(read_all([raw(n, page(n)) for n in range(6)], course, UNCHECKED))
    assert read == ["evident"] * 2 + ["template"] * 4
    [standing] = course.standings()
    assert standing.template().is_trusted
    assert [(each.pages, each.checked) for each in standing.layouts] == [(6, 0)]


def test_a_template_that_failed_is_judged_by_the_full_path_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the ninth page on the full path takes the first paragraph only; every second page is checked."""
    full, params = reader.read_body, replace(PARAMS, template_check_rate=2)
    course = Course(RUN, params)
    before = extractors(read_all([raw(n, page(n)) for n in range(8)], course, params))
    monkeypatch.setattr(reader, "read_body", lambda tree: (full(tree)[0][:1], []))
    later = extractors(read_all([raw(n, page(n)) for n in range(8, 24)], course, params))
    assert "evident" in before
    assert "evident" not in later
