"""A template reads what the full path would, knows what it does not know, and survives any markup."""

from __future__ import annotations

from dataclasses import fields, replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.extract.course import Course
from pipeline.extract.layout import blocks_of, body_of
from pipeline.extract.lesson import learn_from
from pipeline.extract.page import Outcome, extract_page, read_page
from pipeline.extract.reader import BY_TEMPLATE, EVIDENT
from pipeline.extract.result import Page
from pipeline.extract.template import Template, read_by
from tests.extract import outlet
from tests.extract.outlet import CLOSING, OUTLET, PARAMS, page, paragraphs, raw
from tests.extract.sample import RULES, RUN

UNCHECKED = replace(PARAMS, template_check_rate=1 << 30)
ALL_CHECKED = replace(PARAMS, template_check_rate=1)
HOW = {"extractor", "extractor_version"}


@pytest.fixture(scope="module")
def template() -> Template:
    """What five pages of the outlet teach."""
    course = Course(RUN, UNCHECKED)
    outlet.read_all([raw(n, page(n)) for n in range(5)], course, UNCHECKED)
    return course.standings()[0].template()


def by(template: Template | None, content: str | bytes, number: int = 99) -> Outcome:
    """The page as the template reads it; without one, as the full path does."""
    return read_page(raw(number, content), RULES, UNCHECKED if template else ALL_CHECKED, RUN, template)


def told_alike(content: str, template: Template) -> Page:
    """The page as the template reads it, which is as the full path does."""
    read, full = by(template, content).extracted.page, by(None, content).extracted.page
    assert read is not None and full is not None
    assert read.extractor == BY_TEMPLATE, "the template was not sure"
    differing = {
        field.name for field in fields(Page) if getattr(read, field.name) != getattr(full, field.name)
    }
    assert differing <= HOW, {name: (getattr(read, name), getattr(full, name)) for name in differing}
    return read


def test_a_page_is_read_as_by_the_full_path(template: Template) -> None:
    read = told_alike(page(99), template)
    assert read.body == "\n".join(paragraphs(99))
    assert read.extractor_version == "1"


@pytest.mark.parametrize(
    ("more", "field", "value"),
    [
        ('<p class="legal">' + CLOSING + "</p>", "footer", CLOSING),
        ('<div class="box"><p>' + CLOSING + "</p></div>", "footer", CLOSING),
        ("<p>(Reporting by Tindra Vask; Editing by Osric Penhallow)</p>", "contributors", ("Tindra Vask",)),
    ],
    ids=["unknown class", "unknown box", "plain"],
)
def test_closing_lines_are_not_lost_with_what_holds_them(
    template: Template, more: str, field: str, value: object
) -> None:
    assert getattr(told_alike(page(99, more=more), template), field) == value


def test_a_byline_in_a_place_of_its_own_is_found(template: Template) -> None:
    markup = page(99).replace('<div class="copy">', '<p class="who">By Maren Idowu, AP</p><div class="copy">')
    read = told_alike(markup, template)
    assert (read.byline, read.wire_services) == ("By Maren Idowu, AP", ("AP",))


def test_line_breaks_lists_and_pointers_are_read_as_by_the_full_path(template: Template) -> None:
    among = (
        "<p>The first line of a verse that nobody sings any more<br>and its second line, which rhymes.</p>"
        "<p><a href='/x'>Ferry late again as engine fails</a></p>"
    )
    body = told_alike(page(99, among=among), template).body
    assert "any more\nand its second" in body
    assert "Ferry late" not in body


def test_photo_credits_are_found_where_pages_before_had_them() -> None:
    caption = "<figcaption>The light. (AP Photo/{who})</figcaption>"
    figure = '<figure class="photo"><img src="{n}.jpg">' + caption + "</figure>"
    course = Course(RUN, UNCHECKED)
    raws = [raw(n, page(n, among=figure.format(n=n, who=f"Greta Halloran {'abcdefg'[n]}"))) for n in range(7)]
    last = outlet.read_all(raws, course, UNCHECKED)[-1].extracted.page
    assert last is not None
    assert (last.extractor, last.image_credits) == (BY_TEMPLATE, ("AP Photo/Greta Halloran g",))
    assert "Halloran" not in last.body


@pytest.mark.parametrize(
    "content",
    [
        page(99, among="<div class='embed'><p>" + " ".join(paragraphs(5, 1)) + "</p></div>"),
        page(99, "feature"),
        page(99, text=["Tickets are gone, and so is the summer, said the keeper of the lamp."]),
    ],
    ids=["a strange box among the text", "a strange layout", "hardly a text"],
)
def test_what_it_does_not_know_is_left_to_others(template: Template, content: str) -> None:
    body = body_of(content.encode())
    assert body is not None
    assert not read_by(template, body, PARAMS.min_words).is_proven
    page_read = by(template, content).extracted.page
    assert page_read is None or page_read.extractor != BY_TEMPLATE


@pytest.mark.parametrize("tag", ["span class=who", "b", "font size=2", "h2", "a href=/x"])
def test_markup_without_end_tags_is_read_line_by_line(tag: str) -> None:
    """What is not closed holds all that follows; it is a box, and does not run together."""

    def broken(number: int) -> str:
        return page(number).replace('<div class="copy">', f'<div class="copy"><{tag}>By Maren Idowu, AP')

    course = Course(RUN, UNCHECKED)
    outlet.read_all([raw(n, broken(n)) for n in range(5)], course, UNCHECKED)
    template = course.standings()[0].template()
    read, full = by(template, broken(99)).extracted.page, by(None, broken(99)).extracted.page
    assert read is not None and full is not None
    # of a byline outside of paragraphs the full path loses some
    assert (read.extractor, read.body, read.byline) == (BY_TEMPLATE, full.body, "By Maren Idowu, AP")


@pytest.mark.parametrize(
    "notice",
    [
        "<p class='fix'>Correction: An earlier version of this story named the wrong keeper.</p>",
        "<div class='fix'><p>Editor’s note: This story contains moths.</p></div>",
        "<section class='fix'><p>KILL: The story is withdrawn. A kill is mandatory.</p></section>",
    ],
)
def test_a_notice_in_a_strange_place_is_not_left_out(template: Template, notice: str) -> None:
    content = page(99, text=paragraphs(99, 40), among=notice)
    read = by(template, content).extracted.page
    assert read is not None
    assert read.extractor != BY_TEMPLATE
    assert len(read.notices) == 1


def test_small_strange_boxes_are_no_reason_for_it(template: Template) -> None:
    ad = "<aside class='pull'>Seven words that are no text here</aside><div class='ad-slot'>Buy ropes</div>"
    told_alike(page(99, among=ad), template)


def test_a_line_that_is_offered_for_sharing_counts_where_the_text_is() -> None:
    first = paragraphs(3)[0]
    content = page(3).replace("<main>", f"<div class='share'><p>{first}</p></div><main>")
    body = body_of(content.encode())
    assert body is not None
    lesson = learn_from(body, paragraphs(3), [], {})
    assert lesson is not None
    votes = {place: taken for place, taken, _ in lesson.blocks}
    assert lesson.layout == "div.copy<article.story"
    assert votes["div.share<body<"] == 0
    assert votes["p<div.copy<article.story"] > 0


def test_names_of_one_page_are_no_part_of_a_place() -> None:
    for own in ("a17", "module-PergPljWQVg", "post-2026"):
        body = body_of(f"<div id='{own}' class='wide x{own}'>text</div>".encode())
        assert body is not None
        assert [block.mark for block in blocks_of(body)] == ["div.wide"]


def test_reading_twice_is_reading_once(template: Template) -> None:
    body = body_of(page(99).encode())
    assert body is not None
    assert read_by(template, body, 25) == read_by(template, body, 25)


MUTATIONS = st.sampled_from(
    ["cut", "nul", "swap", "drop a bracket", "deep", "attributes", "repeat", "wrong charset", "comment"]
)


def mutated(kind: str, seed: int) -> bytes:
    rng, markup = Random(seed), page(seed % 5).encode()
    at = rng.randrange(len(markup))
    if kind == "cut":
        return markup[:at]
    if kind == "nul":
        return markup[:at] + b"\x00\x0b\xff" * rng.randrange(1, 50) + markup[at:]
    if kind == "swap":
        other = rng.randrange(len(markup))
        return markup[other:] + markup[:at]
    if kind == "drop a bracket":
        return markup[:at] + markup[at:].replace(b">", b"", rng.randrange(1, 9))
    if kind == "deep":
        tag = rng.choice([b"<div>", b"<b>", b"<p><span>", b"<table><tr><td>", b"<ul><li>", b"<a><p>"])
        return markup[:at] + tag * rng.randrange(2_000) + markup[at:]
    if kind == "attributes":
        return markup.replace(
            b"class=", b"class='" + b"x y " * rng.randrange(500) + b"' id=", rng.randrange(6)
        )
    if kind == "repeat":
        return markup * rng.randrange(1, 6)
    if kind == "wrong charset":
        return markup.decode().encode(rng.choice(["utf-16", "cp037", "shift_jis", "utf-7"]), "replace")
    return (
        markup[:at] + rng.choice([b"<!--", b"<script>", b"<template>", b"<![CDATA[", b"<svg>"]) + markup[at:]
    )


@settings(max_examples=300, deadline=None)
@given(MUTATIONS, st.integers(0, 1 << 20))
def test_any_markup_is_read_or_refused(template: Template, kind: str, seed: int) -> None:
    content = mutated(kind, seed)
    outcome = by(template, content)
    page_read, rejection = outcome.extracted.page, outcome.extracted.rejection
    assert (page_read is None) != (rejection is None)
    assert page_read is None or len(page_read.body) <= 2 * len(content)


@pytest.mark.parametrize(
    "content",
    [
        "<html><body>" + "<div>" * 200_000 + " ".join(paragraphs(1)),
        "<html><body>" + "<b>" * 200_000 + " ".join(paragraphs(1)),
        page(1).replace("<p>", "<p>" + "<span>" * 9_000),
        page(1).replace("<p>", "<p " + "a=b " * 90_000 + ">"),
        page(1, more="<p>word word" * 15_000),
    ],
    ids=["200,000 boxes", "200,000 inline", "deep paragraphs", "attributes", "15,000 paragraphs"],
)
def test_what_is_nested_or_huge_takes_a_second_at_most(template: Template, content: str) -> None:
    body = body_of(content.encode())
    if body is not None:
        read_by(template, body, 25)
        learn_from(body, paragraphs(1), [], template.blocks)
    assert by(template, content).extracted


def test_a_page_by_itself_needs_no_template() -> None:
    alone = extract_page(raw(1, page(1), None), RULES, PARAMS, RUN).page
    assert alone is not None
    assert (alone.extractor, alone.outlet_id) == (EVIDENT, OUTLET)


def test_pages_of_one_layout_are_read_by_template_after_two(template: Template) -> None:
    raws = [raw(n, page(n)) for n in range(6)]
    assert (
        outlet.extractors(outlet.read_all(raws, Course(RUN, UNCHECKED), UNCHECKED))
        == [EVIDENT] * 2 + [BY_TEMPLATE] * 4
    )
