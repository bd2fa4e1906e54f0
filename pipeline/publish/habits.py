"""Outlets against their own past: whose pages are read, credited and dated less than they were, and who is
silent.

An outlet's share of this run's pages is held against its share before. It has fallen if it is less by
`warn_share_drop` and by so many standard errors that chance does not explain it. An outlet is silent if it
answers, and brought nothing new for `warn_silent_times` as long as ever before. Times are those at which
republications were first seen, so they are whole runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from math import sqrt

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.model import Run
from pipeline.params import Params
from pipeline.publish.past import Past
from pipeline.publish.verdict import Check, Tables, nobody, of_run

_DAY = timedelta(days=1)
Shares = Mapping[str, tuple[float, float]]  # of an outlet: how many of its pages, and its pages


def habits(every: Tables, run: Run, params: Params, past: Past) -> list[Check]:
    """The checks of level warn about single outlets. `every`: as in scope.Scope."""
    copies, runs = every["republications"], of_run(every["runs"], run)
    ours = pc.equal(copies["run_id"], run.run_id)
    told = copies.select(["outlet_id", "credit_present", "published_at"])
    now, before = _shares(told.filter(ours)), _shares(told.filter(pc.invert(ours)))
    return [
        nobody(
            "outlets_read_less",
            fallen(_read(runs), _read_before(past), params),
            "Outlets of which a smaller share of pages could be read in this run than before.",
        ),
        nobody(
            "outlets_credited_less",
            fallen(now["credited"], before["credited"], params),
            "Outlets of which a smaller share of pages credits a wire service in this run than before.",
        ),
        nobody(
            "outlets_dated_less",
            fallen(now["dated"], before["dated"], params),
            "Outlets of which a smaller share of pages states when it was published in this run than before.",
        ),
        nobody(
            "outlets_quarantined",
            list(_quarantined(of_run(every["quarantine"], run), runs, params)),
            "Outlets of which a large share of this run's pages is in quarantine for one reason.",
        ),
        nobody(
            "outlets_silent",
            list(_silent(copies, runs, run, params)),
            "Outlets that answer, and have brought nothing new for much longer than ever before.",
        ),
    ]


def fallen(now: Shares, before: Shares, params: Params) -> list[str]:
    """The outlets whose share fell, each with both shares, ascending."""
    told = []
    for outlet in sorted(now.keys() & before.keys()):
        (some, pages), (some_before, pages_before) = now[outlet], before[outlet]
        if min(pages, pages_before) < params.warn_min_pages:
            continue
        share, usual = some / pages, some_before / pages_before
        # one page more of each kind: a share of 1 does not mean that it is certain
        likely = (some_before + 1) / (pages_before + 2)
        chance = params.warn_share_errors * sqrt(likely * (1 - likely) / pages)
        if usual - share > max(params.warn_share_drop, chance):
            told.append(f"{outlet}: {share:.0%} of {pages:.0f}, before {usual:.0%}")
    return told


def _shares(copies: pa.Table) -> dict[str, Shares]:
    """Of each outlet how many of its copies credit a wire, and how many state a time."""
    flags = {"credited": copies["credit_present"], "dated": pc.is_valid(copies["published_at"])}
    rows = pa.table({"outlet_id": copies["outlet_id"]} | {k: v.cast(pa.int64()) for k, v in flags.items()})
    counted = rows.group_by("outlet_id").aggregate([*((name, "sum") for name in flags), ([], "count_all")])
    return {
        name: {row["outlet_id"]: (row[f"{name}_sum"], row["count_all"]) for row in counted.to_pylist()}
        for name in flags
    }


def _read(runs: pa.Table) -> Shares:
    return {
        row["outlet_id"]: (taken - row["quarantined"], taken)
        for row in runs.to_pylist()
        if (taken := row["fetched"] - row["skipped"])
    }


def _read_before(past: Past) -> Shares:
    return {
        row["outlet_id"]: (row["n_republications"], row["n_republications"] / row["extraction_ok_share"])
        for row in past.outlets.to_pylist()
        if row["extraction_ok_share"]
    }


def _quarantined(held: pa.Table, runs: pa.Table, params: Params) -> Iterator[str]:
    pages = {outlet: taken for outlet, (_, taken) in _read(runs).items()}
    counted = held.group_by(["outlet_id", "reason"]).aggregate([([], "count_all")])
    for row in counted.sort_by([("outlet_id", "ascending"), ("reason", "ascending")]).to_pylist():
        outlet, count = row["outlet_id"], row["count_all"]
        taken = pages.get(outlet, 0)
        if taken >= params.warn_min_pages and count > params.warn_quarantine_share * taken:
            yield f"{outlet}: {row['reason']} {count / taken:.0%} of {taken:.0f}"


def _silent(copies: pa.Table, runs: pa.Table, run: Run, params: Params) -> Iterator[str]:
    answering = pc.unique(runs["outlet_id"].filter(pc.equal(runs["state"], "ok")))
    seen = copies.select(["outlet_id", "first_seen_at"])
    seen = seen.filter(pc.is_in(seen["outlet_id"], value_set=answering))
    visits = seen.group_by(["outlet_id", "first_seen_at"]).aggregate([])
    by_outlet: dict[str, list[int]] = {}
    times = visits["first_seen_at"].cast(pa.int64()).to_pylist()
    for outlet, at in zip(visits["outlet_id"].to_pylist(), times, strict=True):
        by_outlet.setdefault(outlet, []).append(at)
    now = int(run.now.timestamp() * 1e6)
    for outlet, found in sorted(by_outlet.items()):
        if len(found) <= params.warn_min_pages:
            continue
        longest = timedelta(microseconds=int(np.diff(np.sort(found)).max()))
        silence = timedelta(microseconds=now - max(found))
        if silence > max(params.warn_silent_times * longest, params.warn_silent_days * _DAY):
            yield f"{outlet}: {silence / _DAY:.1f} days, never before more than {longest / _DAY:.1f}"
