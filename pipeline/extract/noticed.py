"""Notices and imprints of articles that others extracted, from headline and body alone.

Both are looked for in a body's first 1,500 and last 2,500 characters: expressions over a whole batch leave
the articles that may have one (of real news one in eight a notice, one in four an imprint), and these are
read line by line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime
from functools import reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.extract import lines as kinds
from pipeline.extract.dates import dateline_date
from pipeline.extract.imprint import Imprint, read_imprint
from pipeline.extract.notices import PIECES, find_notices
from pipeline.extract.pieces import holding_one_of
from pipeline.segments import PAGES

_LAST_LINES = 8
_HEAD_CHARS, _TAIL_CHARS = 1_500, 2_500
# more than `lines.read_dateline` takes: capitals, or a service in brackets, then a dash
_MAY_BE_DATELINE = r"(?m)^(?:[^a-z\n]{3}[^\n]*(?:--|–|—)|[^\n]*\((?:[A-Z]|dpa)[^)\n]*\)\s?(?:\.-|--|[-–—:_]))"
_MAY_BE_CLOSING = r"(?i:contributed|reporting (?:and writing )?by|copyright)|©|\([cC]\)"
_NOTICE_WORDS = holding_one_of(*PIECES)
_TOLD = ("notices", "notice_evidence", "dateline_date", *(field.name for field in fields(Imprint)))


def add_notices(articles: pa.Table) -> pa.Table:
    """The articles (segments.PAGES) with notices, notice_evidence, contributors, dateline, dateline_place,
    dateline_date, copyright_line and copyright_year, so far as their words tell."""
    headlines, authors, published_at = (articles[name] for name in ("headline", "authors", "published_at"))
    bodies = articles["body"].to_pylist()
    of_notices, of_imprints = _rows(headlines, bodies)
    found: dict[str, list[Any]] = {
        name: [[] if pa.types.is_list(PAGES.field(name).type) else None] * len(bodies) for name in _TOLD
    }
    for row in of_notices:
        notices = find_notices(headlines[row].as_py(), bodies[row], "")
        found["notices"][row] = list(dict.fromkeys(notice.rule for notice in notices))
        found["notice_evidence"][row] = [asdict(notice) for notice in notices]
    for row in of_imprints:
        imprint = _imprint(bodies[row], authors[row].as_py(), published_at[row].as_py())
        for name, value in imprint.items():
            found[name][row] = value
    told = {name: pa.array(values, PAGES.field(name).type) for name, values in found.items()}
    return pa.table([told.get(name, articles[name]) for name in PAGES.names], schema=PAGES)


def _imprint(body: str, authors: Sequence[str], published_at: datetime | None) -> dict[str, Any]:
    """The columns that an article's imprint fills."""
    lines = [line for line in body.split("\n") if line.strip()]
    closing = filter(kinds.is_footer, lines[1:][-_LAST_LINES:])
    imprint = read_imprint(lines, list(closing))
    told = {field.name: getattr(imprint, field.name) for field in fields(Imprint)}
    return told | {
        "contributors": [name for name in imprint.contributors if name not in authors],
        "dateline_date": dateline_date(imprint.dateline or "", published_at),
    }


def _rows(headlines: pa.ChunkedArray, bodies: Sequence[str]) -> tuple[list[int], list[int]]:
    """The articles that may have a notice, and those that may have an imprint."""
    heads = pa.array([body[:_HEAD_CHARS] for body in bodies], pa.string())
    tails = pa.array([body[-_TAIL_CHARS:] for body in bodies], pa.string())
    notices = [_holds(texts, _NOTICE_WORDS) for texts in (headlines.combine_chunks(), heads, tails)]
    imprints = [_holds(heads, _MAY_BE_DATELINE), _holds(tails, _MAY_BE_CLOSING)]
    return _any(notices), _any(imprints)


def _holds(texts: pa.Array, pattern: str) -> pa.Array:
    return pc.match_substring_regex(texts, pattern)


def _any(masks: Sequence[pa.Array]) -> list[int]:
    """The rows that are true in one of the masks."""
    rows: list[int] = pc.indices_nonzero(reduce(pc.or_, masks)).to_pylist()
    return rows
