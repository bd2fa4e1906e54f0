"""Credits of articles that others extracted, from what such a row tells: text, byline and URL; its authors
without services.

Most articles credit nobody. An automaton over the whole batch, 5 us an article, leaves those that hold a
piece of some rule (two in five in real news), the same over heads and tails one in four: these are read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.extract.credit import Marks, WireRules, find_credit, head_and_tail
from pipeline.extract.people import is_nobody
from pipeline.extract.pieces import holding_one_of
from pipeline.model import Credit, Evidence
from pipeline.segments import PAGES, STRINGS
from pipeline.urls import site_of

_PROOF = tuple(field.name for field in fields(Evidence))


def add_credits(articles: pa.Table, rules: WireRules) -> pa.Table:
    """The articles (segments.PAGES) with wire_service, wire_services, wire_confidence and wire_evidence, and
    without services, desks and dates among their authors."""
    marked = {"body": _marked_bodies(articles["body"], rules)}
    for column in ("byline", "url"):
        marked[column] = pc.indices_nonzero(_holds(articles[column], _pieces(rules, (column,))))
    marks: dict[int, dict[str, str]] = defaultdict(dict)
    for column, rows in marked.items():
        for row, text in zip(rows.to_pylist(), articles[column].take(rows).to_pylist(), strict=True):
            marks[row][column] = text
    sites = articles["url"].take(pa.array(list(marks), pa.int64())).to_pylist()
    credits = [Credit()] * articles.num_rows
    for (row, texts), url in zip(marks.items(), sites, strict=True):
        urls = (texts["url"],) if "url" in texts else ()
        own = Marks(texts.get("body", ""), texts.get("byline", ""), urls=urls, site=site_of(url))
        credits[row] = find_credit(own, rules)
    return _with(articles, credits)


def _with(articles: pa.Table, credits: Sequence[Credit]) -> pa.Table:
    found: dict[str, list[Any]] = {
        "wire_service": [credit.service for credit in credits],
        "wire_services": [credit.services for credit in credits],
        "wire_confidence": [credit.confidence for credit in credits],
        "wire_evidence": [[_row(one) for one in credit.evidence] for credit in credits],
    }
    told = {name: pa.array(values, PAGES.field(name).type) for name, values in found.items()}
    told["authors"] = _people(articles["authors"].combine_chunks())
    return pa.table([told.get(name, articles[name]) for name in PAGES.names], schema=PAGES)


def _people(authors: pa.ListArray) -> pa.ListArray:
    """The lists without names that are nobody's; each different name is looked at once."""
    names = pc.list_flatten(authors)
    known = pc.unique(names)
    somebody = known.filter(pa.array([not is_nobody(name) for name in known.to_pylist()], pa.bool_()))
    kept = pc.is_in(names, value_set=somebody)
    sizes = np.bincount(pc.list_parent_indices(authors).filter(kept), minlength=len(authors))
    offsets = pa.array(np.append(0, np.cumsum(sizes)), pa.int32())
    return pa.ListArray.from_arrays(offsets, names.filter(kept)).cast(STRINGS)


def _row(proof: Evidence) -> dict[str, object]:
    return {name: getattr(proof, name) for name in _PROOF}


def _marked_bodies(bodies: pa.ChunkedArray, rules: WireRules) -> pa.Array:
    """The rows in whose heads or tails a rule may match: uint64[m]."""
    rows = pc.indices_nonzero(_holds(bodies, _pieces(rules, ("dateline", "footer"))))
    zones = list(map(head_and_tail, bodies.take(rows).to_pylist()))
    heads, tails = (pa.array([zone[end] for zone in zones], pa.string()) for end in (0, 1))
    in_head = _holds(heads, _pieces(rules, ("dateline",)))
    return rows.filter(pc.or_(in_head, _holds(tails, _pieces(rules, ("footer",)))))


def _holds(texts: pa.Array | pa.ChunkedArray, pattern: str) -> pa.Array:
    return pc.fill_null(pc.match_substring_regex(texts, pattern), False)


def _pieces(rules: WireRules, places: tuple[str, ...]) -> str:
    """An expression for RE2 that finds a piece of any rule of the places."""
    indices = [rules.places[place] for place in places]
    if any(index.always for index in indices):
        return ""
    exact = {piece for index in indices for piece in index.exact}
    folded = {piece for index in indices for piece in index.folded}
    return holding_one_of(exact, folded)
