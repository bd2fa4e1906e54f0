"""Results become Arrow tables of the declared schemas, in the order they came."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from operator import attrgetter

import pyarrow as pa

from pipeline.extract.credit import WireRules
from pipeline.extract.result import Extracted, Page, Rejection
from pipeline.extract.standing import Layout, Standing
from pipeline.segments import HELD, PAGES, TEMPLATES


def to_tables(results: Iterable[Extracted]) -> tuple[pa.Table, pa.Table]:
    """`(pages, quarantine)` with schemas `segments.PAGES` and `segments.HELD`, input order kept."""
    results = list(results)
    pages = [result.page for result in results if result.page is not None]
    rejections = [result.rejection for result in results if result.rejection is not None]
    return _pages(pages), _quarantine(rejections)


def rules_table(rules: WireRules) -> pa.Table:
    """One row a rule: rule, service, where, weight."""
    fields = {"rule": "id", "service": "service", "where": "where", "weight": "weight"}
    return pa.table({name: list(map(attrgetter(of), rules.rules)) for name, of in fields.items()})


def to_templates(standings: Iterable[Standing]) -> pa.Table:
    """Outlets' templates (segments.TEMPLATES), their blocks by place."""
    rows = [
        {
            "outlet_id": one.outlet_id,
            "version": one.version,
            "pages": one.pages,
            "doubt": one.doubt,
            "failures": one.failures,
            "blocks": [
                dict(zip(("place", "taken", "words", "pages"), (place, *votes), strict=True))
                for place, votes in sorted(one.blocks.items())
            ],
            "credits": one.credits,
            "layouts": [asdict(layout) for layout in one.layouts],
        }
        for one in standings
    ]
    return pa.Table.from_pylist(rows, schema=TEMPLATES)


def from_templates(rows: pa.Table) -> list[Standing]:
    """The templates that `to_templates` wrote down."""
    return [
        Standing(
            **{name: row[name] for name in ("outlet_id", "version", "pages", "doubt", "failures")},
            blocks={one["place"]: (one["taken"], one["words"], one["pages"]) for one in row["blocks"]},
            credits=tuple(row["credits"]),
            layouts=tuple(Layout(**layout) for layout in row["layouts"]),
        )
        for row in rows.to_pylist()
    ]


def _pages(pages: Sequence[Page]) -> pa.Table:
    columns = {name: list(map(attrgetter(name), pages)) for name in PAGES.names}
    for name in ("wire_evidence", "notice_evidence"):
        columns[name] = [[asdict(one) for one in evidence] for evidence in columns[name]]
    return pa.table(columns, schema=PAGES)


def _quarantine(rejections: Sequence[Rejection]) -> pa.Table:
    rows = [{"stage": "extract", **asdict(rejection)} for rejection in rejections]
    return pa.Table.from_pylist(rows, schema=HELD)
