"""Where every page of every run ended: one row a run and outlet, and the sum that must hold."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.counts import Counts
from pipeline.model import Run
from pipeline.schema import QUARANTINE, RUNS
from pipeline.segments import HELD, UNREAD

_KEY = ("run_id", "outlet_id")
Tally = Counter[tuple[str, ...]]  # by run_id and outlet_id, and what else was asked for


def runs(sites: pa.Table, fetched: Tally, extracted: Tally, published: Tally, held: Tally) -> pa.Table:
    """schema.RUNS of all runs.

    `sites`: the runs' segments. The rest counts rows by run and outlet: `fetched` of segments.FETCHES (by
    outcome and reason, too), `extracted` of segments.PAGES, `published` republications, each with the run
    that first saw it, `held` of schema.QUARANTINE (by reason, too). A page that was extracted but whose
    document is known already, by another run or twice in this one, is unchanged.
    """
    taken, ended, quarantined = _summed(fetched, 2), _summed(fetched, 3), _summed(held, 2)
    skipped = Tally({(*key[:2], key[3]): pages for key, pages in fetched.items() if key[2] == "skipped"})
    unused = by_reason(held + skipped)
    rows = []
    for site in sites.to_pylist():
        place = (site["run_id"], site["outlet_id"])
        rows.append(
            {name: site.get(name) for name in RUNS.schema.names}
            | {
                "started_at": Run.of(site["run_id"]).now,
                "fetched": taken[place],
                "published": published[place],
                "unchanged": ended[*place, "unchanged"] + extracted[place] - published[place],
                "quarantined": quarantined[place],
                "skipped": ended[*place, "skipped"],
                "pages_left": site["pages_left"] or 0,
                "unused": unused.get(place, []),
            }
        )
    return pa.Table.from_pylist(rows, RUNS.schema)


def by_reason(pages: Tally) -> dict[tuple[str, ...], list[dict[str, object]]]:
    """segments.BY_REASON of counts whose keys end in a reason, by the rest of the key."""
    found: defaultdict[tuple[str, ...], list[dict[str, object]]] = defaultdict(list)
    for (*place, reason), n in sorted(pages.items(), key=lambda one: (-one[1], one[0])):
        found[tuple(place)].append({"reason": reason, "pages": n})
    return found


def _summed(pages: Tally, parts: int) -> Tally:
    """The same counts by the first parts of their keys."""
    total = Tally()
    for key, n in pages.items():
        total[key[:parts]] += n
    return total


def count(tables: Iterable[pa.Table], *more: str) -> Tally:
    """How many rows of the tables each run and outlet has; with `more`, by these columns, too."""
    total = Tally()
    for rows in tables:
        counted = rows.group_by([*_KEY, *more]).aggregate([([], "count_all")])
        columns = (counted[name].to_pylist() for name in (*_KEY, *more, "count_all"))
        for *key, pages in zip(*columns, strict=True):
            total[tuple(key)] += pages
    return total


def counts_of_run(rows: pa.Table, run_id: str) -> Counts:
    """The sum of the run's rows of schema.RUNS."""
    own = rows.filter(pc.equal(rows["run_id"], run_id))
    names = ("fetched", "published", "unchanged", "quarantined", "skipped", "bytes_fetched")
    totals = {name: pc.sum(own[name]).as_py() or 0 for name in names}
    failed = pc.sum(pc.is_in(own["state"], value_set=pa.array(UNREAD))).as_py() or 0
    return Counts(**totals, outlets=own.num_rows, outlets_failed=failed)


def quarantine(fetches: pa.Table, extracted: pa.Table) -> pa.Table:
    """schema.QUARANTINE: what the fetch held back (rows of segments.FETCHES) and what extraction did
    (segments.HELD)."""
    failed = fetches.filter(pc.equal(fetches["outcome"], "quarantined"))
    columns = {name: failed[name] for name in ("run_id", "outlet_id", "url", "raw_key", "raw_offset")} | {
        "stage": pa.array(["fetch"] * failed.num_rows, pa.string()),
        "reason": pc.fill_null(failed["reason"], "unknown"),
        "detail": pc.fill_null(failed["detail"], ""),
    }
    held = pa.Table.from_arrays([columns[name] for name in HELD.names], schema=HELD)
    return _numbered(pa.concat_tables([held, extracted]))


def _numbered(rows: pa.Table) -> pa.Table:
    """schema.QUARANTINE of segments.HELD: numbered by what they say, whatever order they came in."""
    place = ["run_id", "url"]
    others = [name for name in HELD.names if name not in place]
    rows = rows.sort_by([(name, "ascending") for name in (*place, *others)])
    row = np.arange(len(rows))
    opens = np.zeros(len(rows), bool)
    opens[:1] = True
    for name in place:
        opens[1:] |= pc.not_equal(rows[name][1:], rows[name][:-1]).to_numpy()
    number = row - np.maximum.accumulate(np.where(opens, row, 0)) + 1
    columns = {name: rows[name] for name in HELD.names} | {"page_no": pa.array(number, pa.int32())}
    return pa.table([columns[name] for name in QUARANTINE.schema.names], QUARANTINE.schema)


def run_days(rows: pa.Table) -> pa.Array:
    """The day (date32[n]) of each row's run."""
    days = {run_id: Run.of(run_id).now.date() for run_id in pc.unique(rows["run_id"]).to_pylist()}
    return pa.array([days[run_id] for run_id in rows["run_id"].to_pylist()], pa.date32())
