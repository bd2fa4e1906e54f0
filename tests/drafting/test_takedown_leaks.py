"""Words that were taken down are in no other row either: not lent to a story, quoted, or held as chrome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.columns import Table
from pipeline.errors import BadInput
from pipeline.publish.reader import read_table
from pipeline.publish.rights import CONTENT, Rights, covering
from pipeline.schema import QUARANTINE, TABLES
from pipeline.segments import TAKEDOWNS
from tests.drafting.test_onto import anew, published
from tests.drafting.test_takedowns import START, Params, ask, copies, rows, words_in
from tests.match.texts import prose
from tests.matching.desk import Desk, Page

# text columns beside CONTENT, and why each stays: ids and addresses, the pipeline's own words, an operator's
STAYS = {
    "republications": (
        *("doc_id", "story_id", "story_id_strict", "story_id_loose", "outlet_id", "url", "url_normalised"),
        *("run_id", "raw_key", "raw_sha256", "body_sha256", "takedown_id"),
        *("headline_source", "byline_source", "authors_source", "section_source", "language_source"),
        *("published_at_source", "modified_at_source", "extractor", "extractor_version"),
        *("language", "paywall", "outdated_by", "relation", "notices"),
        *("wire_service", "wire_services", "wire_inferred"),
    ),
    "stories": (
        *("story_id", "story_id_strict", "story_id_loose", "canonical_doc_id", "body_sha256", "takedown_id"),
        *("wire_service", "language", "canonical_policy", "canonical_reason", "pub_status", "usage_class"),
    ),
    "versions": ("story_id", "kind", "representative_doc_id", "body_sha256"),
    "pickups": ("story_id", "outlet_id", "owner_group", "outdated_by"),
}


def released(desk: Desk, hour: int, pages: Sequence[Page] = ()) -> str:
    """All words of the release once these pages came in."""
    desk.take(pages, hour)
    desk.publish()
    return words_in(desk)


@pytest.mark.parametrize("table", [table for table in TABLES if table.name in STAYS], ids=lambda t: t.name)
def test_each_column_of_text_goes_or_is_known_to_stay(table: Table) -> None:
    for field in table.schema:
        kind = field.type.value_type if pa.types.is_list(field.type) else field.type
        if pa.types.is_string(kind) or pa.types.is_struct(kind):
            goes = field.name in CONTENT.get(table.name, ())
            assert goes != (field.name in STAYS[table.name]), (table.name, field.name)


def test_a_page_lends_its_story_no_words_that_no_other_page_has(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    named = "the witness was called orla quay"
    told = [prose(1_000 + k, 60) for k in range(4)]
    whole = [*told[:2], named, *told[2:]]
    texts = {"harrow": told, "tidewater": whole, "northgate": whole, "bellmoor": whole}
    desk.take([Page(f"d-{name}", name, "The quay", "\n".join(text)) for name, text in texts.items()], 0)
    desk.publish()
    assert named in next(iter(rows(desk, "stories").values()))["body"]
    ask(desk, "document", "d-tidewater")
    ask(desk, "document", "d-northgate")
    assert named in released(desk, 24), "another page has it"
    ask(desk, "document", "d-bellmoor")
    assert named not in released(desk, 48)
    [story] = rows(desk, "stories").values()
    assert (story["canonical_doc_id"], story["body"]) == ("d-harrow", "\n".join(told))


def test_a_kill_notice_that_is_covered_is_not_quoted_by_the_story_that_it_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path)
    desk.take(copies(0, ("harrow", "tidewater", "northgate")), 0)
    desk.take(copies(1, ("harrow", "tidewater")), 1)
    desk.publish()
    stories = {row["doc_id"]: row["story_id"] for row in rows(desk, "republications").values()}
    ask(desk, "url", "https://harrow.example/d0-harrow")
    ask(desk, "story", stories["d1-harrow"])
    desk.take([], 24)
    desk.publish()
    notices = [
        Page(f"k{n}-{outlet}", outlet, "Kill", prose(90 + n, 40), path=path, notices=("kill",), quote=quote)
        for n, (outlet, path, quote) in enumerate(
            (
                ("harrow", "d0-harrow", "kill the one about orla"),
                ("tidewater", "d0-tidewater", "kill the one about the quay"),
                ("tidewater", "d1-tidewater", "kill the one about the mill"),
            )
        )
    ]
    desk.take(notices[:1], 48)
    release = desk.publish()
    versions = {
        (row["story_id"], row["representative_doc_id"]): row["editors_note"]
        for row in read_table(desk.lake, "versions").to_pylist()
    }
    assert versions[stories["d0-harrow"], "k0-harrow"] is None
    assert "orla" not in words_in(desk)
    desk.take(notices[1:], 72)
    release = desk.publish()
    assert published(release) == anew(desk, release, tmp_path / "anew", monkeypatch)
    notes = {
        (row["story_id"], row["kind"]): row["editors_note"]
        for row in read_table(desk.lake, "versions").to_pylist()
    }
    assert notes[stories["d0-harrow"], "kill"] == "kill the one about the quay", "of a page that is shown"
    assert notes[stories["d1-harrow"], "kill"] is None


def test_chrome_goes_that_only_covered_pages_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(tmp_path)
    named, ours = "Orla Quay writes here each week on boats", "Harrow Herald of the old harbour town"
    pages = [
        replace(copies(n, ["harrow"])[0], body="\n".join([*([named] * (n < 3)), prose(n, 80), ours]))
        for n in range(5)
    ]
    desk.take(pages, 0)
    desk.publish()
    assert {row["block"] for row in read_table(desk.lake, "boilerplate").to_pylist()} == {named, ours}
    for n in range(2):
        ask(desk, "document", f"d{n}-harrow")
    assert named in released(desk, 24)
    ask(desk, "url", pages[2].url)
    assert named not in released(desk, 48)
    desk.take(copies(9, ["tidewater"]), 72)
    release = desk.publish()
    assert {row["block"] for row in read_table(desk.lake, "boilerplate").to_pylist()} == {ours}
    assert published(release) == anew(desk, release, tmp_path / "anew", monkeypatch)


def test_what_stands_beside_the_text_goes_and_the_reason_is_told(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    beside = {"section": "Orla Quay", "declared_canonical_url": "https://harrow.example/orla-quay-named"}
    desk.take([replace(copies(0, ["harrow"])[0], beside=beside)], 0)
    desk.publish()
    ask(desk, "document", "d0-harrow")
    after = released(desk, 24)
    assert "rla" not in after
    [change] = [
        row for row in read_table(desk.lake, "changes").to_pylist() if row["change"] == "status_changed"
    ]
    assert (change["after"], change["reason"]) == ("withheld", "all its republications were taken down")


def test_quarantine_says_nothing_of_covered_pages() -> None:
    nothing = {"doc_ids": [], "by": "us", "at": START, "why": "they asked"}
    said = [
        {"takedown_id": f"t{n}", "kind": kind, "value": value, **nothing}
        for n, (kind, value) in enumerate((("url", "https://harrow.example/a?id=1"), ("outlet", "tidewater")))
    ]
    where = {"run_id": "r", "page_no": 1, "stage": "extract", "reason": "paywall"}
    held = [
        {"outlet_id": outlet, "url": url, "detail": "words of the page", **where}
        for outlet, url in (
            ("harrow", "https://harrow.example/a?id=1&utm_source=x"),
            ("harrow", "https://harrow.example/a?id=2"),
            ("tidewater", "https://tidewater.example/a"),
        )
    ]
    rights = Rights(pa.Table.from_pylist(said, TAKEDOWNS), START, Params())
    table = pa.Table.from_pylist(held, QUARANTINE.schema)
    assert rights.held(table)["detail"].to_pylist() == ["", "words of the page", ""]
    assert rights.held(table).drop_columns("detail") == table.drop_columns("detail")
    assert Rights(TAKEDOWNS.empty_table(), START, Params()).held(table) == table


def test_no_command_reads_a_release_that_shows_it_nor_explains_from_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.take(copies(0, ("harrow", "tidewater"), "harrow"), 0)
    old = desk.publish().release
    ask(desk, "document", "d0-harrow")
    desk.take([], 24)
    new = desk.publish().release
    lake = desk.lake.url
    for arguments in (
        ("sql", lake, "from republications", "--release", old),
        ("diff", lake, old, new),
        ("diff", lake, new, old),
        ("rollback", lake, old),
        ("explain", lake, "d0-harrow", "d0-tidewater"),
    ):
        ended = CliRunner().invoke(app, arguments)
        assert isinstance(ended.exception, BadInput), arguments
        assert "taken down" in str(ended.exception)
        assert ended.stdout == ""
    assert CliRunner().invoke(app, ["diff", lake, new, new]).exit_code == 0
    for arguments in (("releases", lake), ("story", lake, next(iter(rows(desk, "stories"))))):
        assert CliRunner().invoke(app, arguments).exit_code == 0


def test_a_pair_without_texts_is_not_explained(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.config = replace(desk.config, params=Params(publish_text=False))
    desk.take(copies(0, ("harrow", "tidewater")), 0)
    desk.publish()
    ended = CliRunner().invoke(app, ["explain", desk.lake.url, "d0-harrow", "d0-tidewater"])
    assert str(ended.exception).startswith("d0-harrow: its text is not published")


def test_a_url_is_known_under_older_rules_of_what_is_one(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    page = "https://www.harrow.example/2026/ferry-sails-at-dawn-1234"
    phone = page.replace("www.", "m.")
    old = replace(copies(0, ["harrow"])[0], beside={"url": phone, "url_normalised": phone})
    desk.take([old], 0)
    desk.publish()
    assert ask(desk, "url", f"{phone}?utm_source=mail") == 1
    known = {"takedown_id": "t0", "kind": "url", "value": phone, "doc_ids": [], "by": "us", "at": START}
    said = pa.Table.from_pylist([{**known, "why": "they asked"}], TAKEDOWNS)
    names = ("doc_id", "story_id", "outlet_id")
    docs = pa.table({"url_normalised": [phone, page], **{name: ["a", "b"] for name in names}})
    assert covering(said, docs).to_pylist() == ["t0", "t0"]
