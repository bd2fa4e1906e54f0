"""What articles from elsewhere say of themselves is what their lines say, none left out for speed."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.extract.imprint import read_imprint
from pipeline.extract.lines import is_footer
from pipeline.extract.noticed import add_notices
from pipeline.extract.notices import find_notices
from pipeline.ingest.articles import read_articles
from pipeline.params import Params
from pipeline.segments import PAGES
from tests.extract.sample import PARAGRAPHS, RUN

STORY = "\n".join(PARAGRAPHS)


def noticed(folder: Path, *rows: dict[str, object]) -> list[dict[str, Any]]:
    path = folder / "articles.jsonl"
    lines = [{"doc_id": str(number), "text": STORY} | row for number, row in enumerate(rows)]
    path.write_text("\n".join(map(json.dumps, lines)))
    [batch] = read_articles(path, RUN, Params())
    found = add_notices(batch.pages)
    assert found.schema.equals(PAGES)
    return [dict(row) for row in found.to_pylist()]


def test_notices_stand_in_headline_head_and_tail(tmp_path: Path) -> None:
    rows = noticed(
        tmp_path,
        {"title": "CORRECTION: Skerry light goes dark"},
        {"text": f"KILL: the story on the Skerry light is wrong.\n{STORY}"},
        {"text": f"{STORY}\nEditor's note: An earlier version of this story misspelled the keeper's name."},
        {"text": f"{STORY}\nThe editor asked for a correction.\n{STORY}"},
        {},
    )
    assert [row["notices"] for row in rows] == [
        ["correction"],
        ["kill"],
        ["correction", "editors_note"],
        [],
        [],
    ]
    for row in rows:
        for proof in row["notice_evidence"]:
            assert row[proof["where"]][proof["start"] : proof["end"]] == proof["quote"]


def test_the_imprint_is_read_off_the_first_and_last_lines(tmp_path: Path) -> None:
    closing = "Maren Idowu and Tormod Vesk contributed to this report.\n© 2031 Northline News"
    signed, capitals, plain = noticed(
        tmp_path,
        {
            "text": f"SKERRY, March 4 (Northline) — {STORY}\n{closing}",
            "authors": ["Tormod Vesk"],
            "published_at": f"{RUN.now:%Y}-03-05T00:00:00Z",
        },
        {"text": f"By a keeper\n\nISLE OF SKERRY – {STORY}"},
        {},
    )
    assert signed["dateline"] == "SKERRY, March 4 (Northline) —"
    assert (signed["dateline_place"], signed["dateline_date"]) == ("SKERRY", date(RUN.now.year, 3, 4))
    assert signed["contributors"] == ["Maren Idowu"], "an author is no contributor"
    assert (signed["copyright_line"], signed["copyright_year"]) == ("© 2031 Northline News", 2031)
    assert (capitals["dateline"], capitals["dateline_place"]) == ("ISLE OF SKERRY –", "ISLE OF SKERRY")
    assert (plain["dateline"], plain["contributors"], plain["copyright_line"]) == (None, [], None)


_MARKS = (
    *(
        "KILL — the story is withdrawn",
        "EDS: updates",
        "Corrects the name",
        "WITHHOLD this",
        "Reporting by Ena Holt",
    ),
    *(
        "SKERRY (Northline) -- The",
        "Port Anselm, 5. Mai (dpa) - Der",
        "THE ROCK — It",
        "it (CNN) — said",
        "he said –",
    ),
    *(
        "Ena Holt contributed reporting.",
        "Copyright 2031 Northline.",
        "(c) 2031 Northline",
        "clarification:",
        "",
    ),
)
_BODIES = st.lists(st.sampled_from([*_MARKS, "Nothing stands here."]), min_size=1, max_size=9).map("\n".join)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(_BODIES, st.sampled_from([*_MARKS, "A headline"])), min_size=1, max_size=6))
def test_the_same_is_found_as_one_by_one(texts: list[tuple[str, str]]) -> None:
    nothing = dict.fromkeys(PAGES.names) | {"authors": []}
    rows = [nothing | {"body": body, "headline": headline} for body, headline in texts]
    loose = pa.schema([field.with_nullable(True) for field in PAGES])
    found = add_notices(pa.Table.from_pylist(rows, loose))
    for row, (body, headline) in zip(found.to_pylist(), texts, strict=True):
        lines = list(filter(None, body.split("\n")))
        imprint = read_imprint(lines, list(filter(is_footer, lines[1:][-8:])))
        assert row["notices"] == list(dict.fromkeys(one.rule for one in find_notices(headline, body, "")))
        assert (row["dateline"], row["copyright_line"]) == (imprint.dateline, imprint.copyright_line)
        assert tuple(row["contributors"]) == imprint.contributors
