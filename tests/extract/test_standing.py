"""Trust in a template is earned, doubted, lost and earned again, by its pages in their order alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from pipeline.extract import reader
from pipeline.extract.course import Course, outlet_of_bytes
from pipeline.extract.lesson import Lesson
from pipeline.extract.standing import Standing, Told, after
from pipeline.extract.tables import from_templates, to_templates
from pipeline.model import RawPage
from pipeline.segments import TEMPLATES
from tests.extract.outlet import OUTLET, PARAMS, extractors, page, raw, read_all
from tests.extract.sample import RUN

UNCHECKED = replace(PARAMS, template_check_rate=1 << 30)
LATER = RUN.now + timedelta(hours=1)


def lesson(layout: str = "div.copy<article", place: str = "p") -> Lesson:
    return Lesson(((place, 90, 100),), layout, ())


def checked(agreement: float, layout: str = "div.copy<article") -> Told:
    return Told(layout, True, agreement, True, lesson(layout))


def told_all(told: Iterable[Told | None], now: datetime = RUN.now, of: Standing | None = None) -> Standing:
    standing = of or Standing(OUTLET)
    for each in told:
        standing = after(standing, each, now, PARAMS)
    return standing


NEW = Told("div.copy<article", True, None, False, lesson())
TRUSTED = told_all([NEW, checked(0.99)])


def test_one_agreement_earns_trust() -> None:
    assert not told_all([NEW]).template().is_trusted
    assert TRUSTED.template().is_trusted
    assert TRUSTED.blocks == {"p": (180, 200, 2)}
    assert not told_all([NEW, checked(0.5)]).template().is_trusted


def test_a_disagreement_is_doubt_until_two_agree() -> None:
    doubted = told_all([checked(0.4)], of=TRUSTED)
    assert not doubted.template().is_trusted
    assert not told_all([checked(0.99)], of=doubted).template().is_trusted
    again = told_all([checked(0.99), checked(0.99)], of=doubted)
    assert (again.template().is_trusted, again.failures, again.version) == (True, 0, 1)


def test_what_would_not_have_been_used_raises_no_doubt() -> None:
    assert told_all([replace(checked(0.4), is_proven=False)], of=TRUSTED).template().is_trusted


def test_a_template_that_keeps_failing_is_forgotten_and_learned_as_the_next_version() -> None:
    fallen = told_all([checked(0.4)] * 3, LATER, TRUSTED)
    assert (fallen.version, fallen.pages, fallen.failures) == (2, 5, 0)
    assert fallen.blocks == {"p": (90, 100, 1)}, "the page of which it failed teaches the new one"
    old, new = fallen.layouts
    assert (old.version, old.pages, old.changed_at) == (1, 4, LATER)
    assert (new.version, new.pages, new.changed_at) == (2, 1, None)
    assert told_all([checked(0.99)], of=fallen).template().is_trusted


def test_failures_apart_from_each_other_do_not_add_up() -> None:
    told = [checked(0.4), checked(0.99), checked(0.99)] * 5
    assert told_all(told, of=TRUSTED).version == 1


def test_a_layout_whose_place_another_took_is_gone() -> None:
    by_template = Told("div.copy<article", False)
    other = Told("div.new<main", False)
    standing = told_all([*[by_template] * 6, *[other] * 7], LATER, TRUSTED)
    assert [each.changed_at for each in standing.layouts] == [None, None]
    gone = told_all([other], LATER, standing)
    assert {each.layout: each.changed_at for each in gone.layouts} == {
        "div.copy<article": LATER,
        "div.new<main": None,
    }
    back = told_all([by_template], LATER, gone)
    assert [each.changed_at for each in back.layouts] == [None, None]


def test_a_rare_layout_is_not_missed() -> None:
    usual, rare = Told("div.copy<article", False), Told("div.quiz<main", False)
    told = [rare, *[usual] * 9, rare, *[usual] * 9, rare, *[usual] * 30]
    assert not any(each.changed_at for each in told_all(told, of=TRUSTED).layouts)


def test_pages_that_could_not_be_read_only_count() -> None:
    assert replace(told_all([None, None], of=TRUSTED), pages=2) == TRUSTED


def test_what_is_known_stays_within_bounds() -> None:
    told = (
        Told(
            f"div.{n}<main",
            False,
            None,
            False,
            Lesson(((f"p<div.{n}", 9_000, 9_000), ("p", 9_000, 9_000)), "", (f"i.{n}",)),
        )
        for n in range(2_100)
    )
    standing = told_all(told)
    assert len(standing.blocks) == 2_000
    assert standing.blocks["p"][1] <= 20_000
    assert standing.blocks["p"][2] == 2_100
    assert (len(standing.layouts), len(standing.credits)) == (60, 30)


def test_templates_are_written_and_read() -> None:
    standings = [TRUSTED, told_all([checked(0.4)] * 3, LATER, replace(TRUSTED, outlet_id="other.example"))]
    rows = to_templates(standings)
    assert rows.schema.equals(TEMPLATES)
    assert from_templates(rows) == standings


def test_two_layouts_are_learned_side_by_side() -> None:
    raws = [raw(n, page(n, "feature" if n % 2 else "story")) for n in range(10)]
    course = Course(RUN, UNCHECKED)
    read = extractors(read_all(raws, course, UNCHECKED))
    assert read.count("evident") == 4
    assert read[-6:] == ["template"] * 6
    assert [each.layout for each in course.standings()[0].layouts] == [
        "div.copy<article.story",
        "div.long-read<section.feature.wide",
    ]


def test_a_new_layout_falls_back_is_learned_and_dates_the_old_one() -> None:
    raws = [raw(n, page(n, "story" if n < 8 else "feature")) for n in range(24)]
    course = Course(RUN, UNCHECKED)
    read = extractors(read_all(raws, course, UNCHECKED))
    assert read[2:8] == ["template"] * 6
    assert read[8:10] == ["evident"] * 2
    assert read[10:] == ["template"] * 14
    old, new = course.standings()[0].layouts
    assert (old.changed_at, new.changed_at) == (RUN.now, None)


def test_a_template_that_the_full_path_disagrees_with_is_relearned(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the ninth page on the full path takes the first paragraph only; every second page is checked."""
    full, params = reader.read_body, replace(PARAMS, template_check_rate=2)
    course = Course(RUN, params)
    before = read_all([raw(n, page(n)) for n in range(8)], course, params)
    monkeypatch.setattr(reader, "read_body", lambda tree: (full(tree)[0][:1], []))
    later = read_all([raw(n, page(n)) for n in range(8, 24)], course, params)
    assert "template" in extractors(before)
    agreements = [each.told.agreement for each in later if each.told and each.told.agreement is not None]
    assert min(agreements) < 0.5
    [standing] = course.standings()
    assert standing.version == 2
    assert [each.version for each in standing.layouts if each.changed_at == RUN.now][:1] == [1]


@pytest.mark.parametrize(
    ("markup", "outlet"),
    [
        ('<meta property="og:url" content="https://www.courier.example/1">', "courier.example"),
        ("<meta content='https://courier.example/1' property='og:url'>", "courier.example"),
        ('<link rel="canonical" href="https://courier.example/1">', "courier.example"),
        ("<link href=https://courier.example/1 rel=canonical>", None),
        ('<link href="https://courier.example/1" rel="canonical">', "courier.example"),
        ('<link rel="canonical" href="/web/20260306120000/http://courier.example/1">', "courier.example"),
        ("<p>https://courier.example/1</p>", None),
    ],
)
def test_a_page_from_disk_names_its_outlet(markup: str, outlet: str | None) -> None:
    assert outlet_of_bytes(RawPage("file:///x/1.html", markup.encode(), RUN.now)) == outlet


def test_outlets_past_the_limit_are_read_without_templates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.extract.course._MOST_OUTLETS", 1)
    course = Course(RUN, UNCHECKED)
    raws = [raw(n, page(n), f"outlet-{n % 2}.example") for n in range(8)]
    assert extractors(read_all(raws, course, UNCHECKED))[-4:] == ["template", "evident"] * 2
