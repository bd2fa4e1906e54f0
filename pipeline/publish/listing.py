"""The list of checks says what the code says: `docs/checks.md` is this module's output, word for word.

`python -m pipeline.publish.listing > docs/checks.md` after each change of a check; a test compares the two.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from pipeline.counts import Counts
from pipeline.model import Run
from pipeline.params import Params
from pipeline.publish.checks import run_checks
from pipeline.publish.evidence import SHOWN
from pipeline.publish.reader import SEEN_DAY
from pipeline.publish.scope import COLUMNS
from pipeline.schema import BY_NAME

_HEAD = f"""\
<!-- Written by `python -m pipeline.publish.listing` from the checks themselves; not by hand. -->

# The checks of a release

Over the candidate, before anything is published; all of them with value, limit and what breaks them in the
table `checks`, and in the manifest. Limits that can be set are [params](operating.md#params) and given here
as they are by default. `wirefold check LAKE` makes all of them again over a published release, and reads
all of its bytes.

A check of level `error` stops the release and leaves evidence under `failed/<release>/`: `summary.json`
says what failed, of which run, with which params and after which release; `checks.parquet` has all checks;
`<check>.jsonl` up to {SHOWN:,} rows that break it, one a line, each with the name of its table. The same
pages give the same tables, so running it again does not help: find the pages in these rows.

A check of level `warn` stops nothing. Its line stands in the log of `publish`, in the asset event and on
the terminal, with the outlets, stories, tables or rules that it is about.

A release that carries partitions over from one that passed the same checks under the same params is checked
by what changed: why that is enough is told at `run_checks_of_change` in pipeline/publish/checks.py. Where
it is not (a document or an id is gone, an outlet changed its owner, a check does not hold), all of it is
checked."""


def listing() -> str:
    """The list of all checks as Markdown."""
    none = pa.array([], SEEN_DAY.type)
    tables = {
        name: BY_NAME[name].schema.empty_table().select(list(columns)).append_column(SEEN_DAY, none)
        for name, columns in COLUMNS.items()
    }
    run = Run.at(datetime(2026, 1, 1, tzinfo=UTC))  # no check's text depends on it
    rows = run_checks(tables, Counts(), run=run, params=Params()).table.to_pylist()
    parts = [_HEAD]
    for level in ("error", "warn"):
        own = [_row(row) for row in rows if row["level"] == level]
        parts.append(f"## {level}")
        parts.append("\n".join(["| check | holds if it is | why |", "|---|---|---|", *own]))
    return "\n\n".join(parts) + "\n"


def _row(row: dict[str, Any]) -> str:
    # a sum of no pages: its limit is another sum
    limit = "the sum" if row["check"].startswith("pages_") and "by_outlet" not in row["check"] else ""
    return (
        f"| `{row['check']}` | {row['comparison']} {limit or format(row['limit'], 'g')} | {row['reason']} |"
    )


if __name__ == "__main__":
    print(listing(), end="")
