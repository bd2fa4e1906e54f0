"""The checks of level warn: what is published and told, but stops no release. Pure, over Arrow columns."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.model import Run
from pipeline.params import Params
from pipeline.publish.habits import habits
from pipeline.publish.marks import missed_rules
from pipeline.publish.past import Past
from pipeline.publish.templates import changed_outlets, relearned_outlets, worst_outlet
from pipeline.publish.verdict import Check, Tables, named, nobody, of_run, total

_SHARE = "duplicate_share"
# whose rows are only ever added to, takedowns and retention aside
_GROWING = ("republications", "changes", "registry", "runs", "quarantine")
# whose growth is held against that of the last releases
_STEADY = ("stories", "republications", "versions", "pickups", "edges")


def warnings(every: Tables, rows: Mapping[str, int], run: Run, params: Params, past: Past) -> list[Check]:
    """All checks of level warn. `every`: as in scope.Scope; `rows`: how many each table has."""
    stories, copies = every["stories"], every["republications"]
    changed = changed_outlets(every["boilerplate"], copies, params)
    outlet, readable = worst_outlet(of_run(every["runs"], run), params)
    return [
        *_shares(stories, params, past),
        *_sizes(rows, params, past),
        *habits(every, run, params, past),
        Check(
            "outlet_readable_share",
            readable,
            params.warn_readable_share,
            ">=",
            "warn",
            "Lowest share of an outlet's pages that could be read; if it is low, its templates changed.",
            outlet,
        ),
        nobody(
            "template_relearned",
            relearned_outlets(every["templates"], run),
            "Outlets a template of which changed in this run, so that it was forgotten and learned anew.",
        ),
        nobody(
            "template_changed",
            changed,
            "Outlets whose newest pages lack the chrome that the pages before them had.",
        ),
        nobody(
            "wire_mark_gone",
            missed_rules(every["wire_rules"], copies, run, params),
            "Credit rules found until lately and not any more: a service may have changed how it signs.",
        ),
        nobody(
            "stories_too_large",
            too_large(stories, params),
            "Stories with far more copies than their outlets and versions explain: a template or a series "
            "may have been taken for one story.",
        ),
    ]


def _shares(stories: pa.Table, params: Params, past: Past) -> list[Check]:
    shared = stories.filter(pc.greater(stories["n_outlets"], 1))
    share = total(shared["n_republications"]) / max(total(stories["n_republications"]), 1)
    usual = past.median_value(_SHARE)
    return [
        Check(_SHARE, share, 1.0, "<=", "warn", "Share of republications whose story another outlet ran."),
        Check(
            "duplicate_share_drift",
            0.0 if usual is None else abs(share - usual),
            params.warn_duplicate_drift,
            "<=",
            "warn",
            "A jump against the median of the last releases: matching or the mix of outlets changed.",
        ),
    ]


def _sizes(rows: Mapping[str, int], params: Params, past: Past) -> list[Check]:
    times = {}
    for table in _STEADY:
        usual = past.median_growth(table)
        if usual is not None:
            sizes = (max(past.growth(rows, table), 0), max(usual, 0.0))
            low, high = (size + params.warn_drift_rows for size in sorted(sizes))
            times[table] = high / low
    strange = [
        f"{table}: {past.growth(rows, table):,} rows more, usually {past.median_growth(table):,.0f}"
        for table, ratio in times.items()
        if ratio > params.warn_drift_times
    ]
    lost = {table: gone for table in _GROWING if (gone := past.lost(rows, table))}
    return [
        Check(
            "row_count_drift",
            max(times.values(), default=1.0),
            params.warn_drift_times,
            "<=",
            "warn",
            "How many times more or fewer rows came in than the median of the last releases: a feed that "
            "names its archive, or a crawl that finds little. Some are allowed for on both sides.",
            named(strange),
        ),
        Check(
            "rows_lost",
            float(sum(lost.values())),
            0.0,
            "<=",
            "warn",
            "Rows fewer than in the last release, of tables that only grow: right after a takedown or where "
            "retention ended, wrong else.",
            named([f"{table}: {gone:,} rows" for table, gone in lost.items()]),
        ),
    ]


def too_large(stories: pa.Table, params: Params) -> list[str]:
    """The stories that have more than twice as many copies as outlets times versions, and so many more."""
    expected = pc.multiply(stories["n_outlets"], stories["n_versions"])
    beyond = pc.subtract(stories["n_republications"], expected)
    strange = pc.and_(pc.greater(beyond, params.warn_story_copies), pc.greater(beyond, expected))
    return sorted(
        f"{story['story_id']}: {story['n_republications']} copies at {story['n_outlets']} outlets"
        for story in stories.filter(strange).to_pylist()
    )
