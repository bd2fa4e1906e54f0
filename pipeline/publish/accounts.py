"""Where every page of every run ended: one row a run and outlet, and the sum that must hold."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.counts import Counts
from pipeline.model import Run
from pipeline.schema import QUARANTINE, RUNS

_Place = tuple[str, str]  # run_id, outlet_id


def runs(
    sites: pa.Table, fetches: pa.Table, pages: pa.Table, published: pa.Table, held: pa.Table
) -> pa.Table:
    """schema.RUNS of all runs.

    `sites`, `fetches`, `pages`, `held` (quarantine): the runs' segments; `published`: doc_id and run_id
    of the republications, each with the run that first saw it. A page that was extracted but whose
    document is known already, by another run or twice in this one, is unchanged.
    """
    taken, extracted, first = _count(fetches), _count(pages), _count(published)
    quarantined = _count(held)
    outcomes = {
        name: _count(fetches.filter(pc.equal(fetches["outcome"], name))) for name in ("unchanged", "skipped")
    }
    rows = []
    for site in sites.to_pylist():
        place = (site["run_id"], site["outlet_id"])
        rows.append(
            {name: site.get(name) for name in RUNS.schema.names}
            | {
                "started_at": Run.of(site["run_id"]).now,
                "fetched": taken[place],
                "published": first[place],
                "unchanged": outcomes["unchanged"][place] + extracted[place] - first[place],
                "quarantined": quarantined[place],
                "skipped": outcomes["skipped"][place],
            }
        )
    return pa.Table.from_pylist(rows, RUNS.schema)


def counts_of_run(rows: pa.Table, run_id: str) -> Counts:
    """The sum of the run's rows of schema.RUNS."""
    own = rows.filter(pc.equal(rows["run_id"], run_id))
    names = ("fetched", "published", "unchanged", "quarantined", "skipped", "bytes_fetched")
    totals = {name: pc.sum(own[name]).as_py() or 0 for name in names}
    failed = pc.sum(pc.equal(own["state"], "down")).as_py() or 0
    return Counts(**totals, outlets=own.num_rows, outlets_failed=failed)


def _count(rows: pa.Table) -> Counter[_Place]:
    counted = rows.group_by(["run_id", "outlet_id"]).aggregate([([], "count_all")])
    return Counter({(row["run_id"], row["outlet_id"]): row["count_all"] for row in counted.to_pylist()})


def quarantine(fetches: pa.Table, extracted: pa.Table) -> pa.Table:
    """schema.QUARANTINE: what the fetch held back (rows of segments.FETCHES) and what extraction did."""
    failed = fetches.filter(pc.equal(fetches["outcome"], "quarantined"))
    columns = {name: failed[name] for name in ("run_id", "outlet_id", "url", "raw_key", "raw_offset")} | {
        "stage": pa.array(["fetch"] * failed.num_rows, pa.string()),
        "reason": pc.fill_null(failed["reason"], "unknown"),
        "detail": pc.fill_null(failed["detail"], ""),
    }
    held = pa.Table.from_arrays([columns[name] for name in QUARANTINE.schema.names], schema=QUARANTINE.schema)
    return pa.concat_tables([held, extracted])


def run_days(rows: pa.Table) -> pa.Array:
    """The day (date32[n]) of each row's run."""
    days = {run_id: Run.of(run_id).now.date() for run_id in pc.unique(rows["run_id"]).to_pylist()}
    return pa.array([days[run_id] for run_id in rows["run_id"].to_pylist()], pa.date32())
