"""Outlets whose template changed: what was learned of it no longer holds, or pages cannot be read any
more, or lack the chrome they had.

The first is told by extraction, which dates it in `templates`. The second shows in one run's quarantine.
For the third an outlet's newest pages are held against the pages before them. Times are those of runs, so
"newest" is whole runs, the fewest that bring enough pages. Its usual lines are those that the pages before
held, and at least half of all pages from their first to their last one. If hardly any of them stands on a
newest page, the template changed. That is told as long as the pages before are the old template's: by one
release or a few.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.model import Run
from pipeline.params import Params
from pipeline.segments import TIME

_USUAL = 0.5  # of the pages of its time a line must hold, to be missed
Whole = NDArray[np.int64]


def worst_outlet(runs: pa.Table, params: Params) -> tuple[str | None, float]:
    """The outlet with the lowest readable share among those with enough pages, and the share.

    `runs`: rows of schema.RUNS of one run.
    """
    pages = pc.subtract(runs["fetched"], runs["skipped"])
    runs = runs.append_column("pages", pages).filter(pc.greater_equal(pages, params.warn_min_pages))
    if not runs.num_rows:
        return None, 1.0
    readable = pc.subtract(runs["pages"], runs["quarantined"]).cast(pa.float64())
    shares = pc.divide(readable, runs["pages"].cast(pa.float64()))
    at = pc.index(shares, pc.min(shares)).as_py()
    return runs["outlet_id"][at].as_py(), shares[at].as_py()


def relearned_outlets(templates: pa.Table, run: Run) -> list[str]:
    """The outlets of which a template changed in the run, ascending. `templates`: of schema.TEMPLATES."""
    changed = templates.filter(pc.equal(templates["changed_at"], pa.scalar(run.now, TIME)))
    return sorted(set(changed["outlet_id"].to_pylist()))


def changed_outlets(chrome: pa.Table, copies: pa.Table, params: Params) -> list[str]:
    """The outlets whose newest pages lack the chrome that the pages before them had, ascending.

    `chrome`: outlet_id, pages, first_seen_at, last_seen_at of schema.BOILERPLATE; `copies`: outlet_id and
    first_seen_at of schema.REPUBLICATIONS.
    """
    outlets = pc.unique(chrome["outlet_id"]).sort()
    by_outlet = zip(
        outlets.to_pylist(),
        _by_outlet(outlets, copies.select(["outlet_id", "first_seen_at"])),
        _by_outlet(outlets, chrome.select(["outlet_id", "pages", "first_seen_at", "last_seen_at"])),
        strict=True,
    )
    return [
        outlet
        for outlet, [seen], [pages, first, last] in by_outlet
        if _changed(seen, pages, first, last, params)
    ]


def _by_outlet(outlets: pa.Array, rows: pa.Table) -> Iterator[Sequence[Whole]]:
    """For each of the outlets the columns beside outlet_id of its rows."""
    codes = pc.fill_null(pc.index_in(rows["outlet_id"], value_set=outlets), -1).to_numpy()
    order = np.argsort(codes, kind="stable")
    columns = [rows[name].cast(pa.int64()).to_numpy()[order] for name in rows.column_names[1:]]
    for start, end in pairwise(np.searchsorted(codes[order], np.arange(len(outlets) + 1)).tolist()):
        yield [column[start:end] for column in columns]


def _changed(seen: Whole, pages: Whole, first: Whole, last: Whole, params: Params) -> bool:
    """Of one outlet: when its pages were seen; of each chrome line its pages, first and last time."""
    enough = params.warn_template_pages
    seen = np.sort(seen)
    if len(seen) < enough:
        return False
    newest = seen[-enough]
    before = seen[seen < newest]
    if len(before) < enough:
        return False
    lived = np.searchsorted(seen, last, "right") - np.searchsorted(seen, first, "left")
    usual = (first < newest) & (last >= before[-enough]) & (pages >= _USUAL * lived)
    left = np.count_nonzero(usual & (last >= newest))
    return bool(left < params.warn_template_share * np.count_nonzero(usual))
