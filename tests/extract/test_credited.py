"""What articles from elsewhere credit is what their words credit, none left out for speed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.extract.credit import Marks, Rule, WireRules, find_credit
from pipeline.extract.credited import add_credits
from pipeline.ingest.articles import read_articles
from pipeline.params import Params
from pipeline.segments import PAGES
from pipeline.urls import site_of
from tests.extract.sample import CLOSING, PARAGRAPHS, RULES, RUN

STORY = "\n".join(PARAGRAPHS)


def credited(folder: Path, *rows: dict[str, object]) -> pa.Table:
    path = folder / "articles.jsonl"
    lines = [{"doc_id": str(number), "text": STORY} | row for number, row in enumerate(rows)]
    path.write_text("\n".join(map(json.dumps, lines)))
    [batch] = read_articles(path, RUN, Params())
    return add_credits(batch.pages, RULES)


def test_text_byline_and_address_credit(tmp_path: Path) -> None:
    rows = credited(
        tmp_path,
        {"text": f"ISLE OF SKERRY (AP) — {STORY}"},
        {"text": "\n".join([STORY, *CLOSING])},
        {"authors": ["Maren Idowu", "Reuters"]},
        {"url": "https://apnews.com/article/skerry-5f1e"},
        {"text": f"{STORY}\nThe keeper reads Reuters.\n{STORY}"},
        {},
    )
    assert rows.schema.equals(PAGES)
    assert rows["wire_service"].to_pylist() == ["AP", "CNN", "Reuters", "AP", None, None]
    assert [len(proofs) for proofs in rows["wire_evidence"].to_pylist()] == [1, 3, 1, 1, 0, 0]
    for row in rows.to_pylist():
        for proof in row["wire_evidence"]:
            assert row[proof["where"]][proof["start"] : proof["end"]] == proof["quote"]


def test_services_and_dates_are_no_authors(tmp_path: Path) -> None:
    names = [
        "CBS",
        "AP January 5",
        "Maren Idowu",
        "The Associated Press",
        "Banksy",
        "May Fox",
        "Sign In",
        "…",
    ]
    given, none, other = credited(tmp_path, {"authors": names}, {}, {"authors": "Reuters; Tormod Vesk"})[
        "authors"
    ].to_pylist()
    assert (given, none, other) == (["Maren Idowu", "Banksy", "May Fox"], [], ["Tormod Vesk"])


_LINES = st.sampled_from([*PARAGRAPHS, *(rule.example for rule in RULES.rules), "", "AP", "it (CNN) — said"])
_BODIES = st.lists(_LINES, min_size=1, max_size=30).map("\n".join)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(_BODIES, st.one_of(st.none(), _LINES)), min_size=1, max_size=8))
def test_the_same_is_found_as_one_by_one(texts: list[tuple[str, str | None]]) -> None:
    url = "https://channel12.example/x"
    pages = PAGES.empty_table().to_pydict()
    rows = [
        dict.fromkeys(pages) | {"body": body, "byline": byline, "url": url, "wire_evidence": []}
        for body, byline in texts
    ]
    loose = pa.schema([field.with_nullable(True) for field in PAGES])
    found = add_credits(pa.Table.from_pylist(rows, loose), RULES)
    for row, (body, byline) in zip(found.to_pylist(), texts, strict=True):
        credit = find_credit(Marks(body, byline or "", urls=(url,), site=site_of(url)), RULES)
        assert (row["wire_service"], tuple(row["wire_services"])) == (credit.service, credit.services)


def test_a_rule_that_needs_no_word_is_asked_of_every_article(tmp_path: Path) -> None:

    path = tmp_path / "articles.jsonl"
    path.write_text(json.dumps({"doc_id": "a", "text": f"[9] {STORY}"}))
    rules = WireRules((Rule("numbered", "Northline", "dateline", re.compile(r"^\W\d\W"), 0.9, "[9]"),))
    [batch] = read_articles(path, RUN, Params())
    assert add_credits(batch.pages, rules)["wire_service"].to_pylist() == ["Northline"]
