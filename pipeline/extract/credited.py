"""Credits of articles that others extracted, from what such a row tells: text, byline and URL.

Most articles credit nobody. An automaton over the whole batch leaves those that hold a piece of some rule
(half of real news, 4 us an article), the same over their heads and tails a quarter: these are read.
"""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.extract.credit import Marks, WireRules, find_credit, head_and_tail
from pipeline.model import Credit, Evidence
from pipeline.segments import PAGES
from pipeline.urls import site_of

_READ = ["body", "byline", "url"]
_PROOF = tuple(field.name for field in fields(Evidence))


def add_credits(articles: pa.Table, rules: WireRules) -> pa.Table:
    """The articles (segments.PAGES) with wire_service, wire_services, wire_confidence and wire_evidence."""
    credits = [Credit()] * articles.num_rows
    rows = _marked(articles, rules)
    for at, row in zip(rows.to_pylist(), articles.select(_READ).take(rows).to_pylist(), strict=True):
        urls, byline = (row["url"],), row["byline"] or ""
        credits[at] = find_credit(Marks(row["body"], byline, urls=urls, site=site_of(row["url"])), rules)
    found: dict[str, list[Any]] = {
        "wire_service": [credit.service for credit in credits],
        "wire_services": [credit.services for credit in credits],
        "wire_confidence": [credit.confidence for credit in credits],
        "wire_evidence": [list(map(_row, credit.evidence)) for credit in credits],
    }
    columns = [
        pa.array(found[field.name], field.type) if field.name in found else articles[field.name]
        for field in PAGES
    ]
    return pa.table(columns, schema=PAGES)


def _row(proof: Evidence) -> dict[str, object]:
    return {name: getattr(proof, name) for name in _PROOF}


def _marked(articles: pa.Table, rules: WireRules) -> pa.Array:
    """The rows in which a rule may match: int64[m]."""
    rows = pc.indices_nonzero(_holds(articles["body"], _pieces(rules, ("dateline", "footer"))))
    zones = list(map(head_and_tail, articles["body"].take(rows).to_pylist()))
    heads, tails = (pa.array([zone[end] for zone in zones], pa.string()) for end in (0, 1))
    in_head = _holds(heads, _pieces(rules, ("dateline",)))
    marked = [rows.filter(pc.or_(in_head, _holds(tails, _pieces(rules, ("footer",)))))]
    others = ((articles[column], _pieces(rules, (column,))) for column in ("byline", "url"))
    marked += [pc.indices_nonzero(_holds(texts, pattern)) for texts, pattern in others]
    return pc.unique(pa.concat_arrays(marked))


def _holds(texts: pa.Array | pa.ChunkedArray, pattern: str) -> pa.Array:
    return pc.fill_null(pc.match_substring_regex(texts, pattern), False)


def _pieces(rules: WireRules, places: tuple[str, ...]) -> str:
    """An expression for RE2 that finds a piece of any rule of the places."""
    indices = [rules.places[place] for place in places]
    if any(index.always for index in indices):
        return ""
    exact = sorted({re.escape(piece) for index in indices for piece in index.exact})
    folded = sorted({re.escape(piece) for index in indices for piece in index.folded})
    return "|".join([*exact, f"(?i:{'|'.join(folded)})"] if folded else exact)
