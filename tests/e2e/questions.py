"""The page docs/questions.md: what its SQL answers on three days of the demo network.

`python -m tests.e2e.questions` writes the answers under the questions.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import duckdb

from pipeline.lake.arrow import arrow_files
from pipeline.lake.store import Store
from pipeline.publish.manifest import read_manifest
from pipeline.query.views import connect
from tests.e2e import three_days

PAGE = Path(__file__).parents[2] / "docs" / "questions.md"
# a block of SQL, and the table below it if there is one
_ASKED = re.compile(r"(```sql\n(.*?)```\n)(?:\n(?:\|[^\n]*\n)+)?", re.DOTALL)


def answered(page: str, lake: Store) -> str:
    """The page with each question's answer as a table below its SQL."""
    manifest = read_manifest(lake)
    assert manifest is not None
    with connect(manifest, arrow_files(lake.url)) as tables:
        return _ASKED.sub(lambda found: f"{found[1]}\n{_table(tables, found[2])}", page)


def _table(tables: duckdb.DuckDBPyConnection, query: str) -> str:
    answer = tables.sql(query).to_arrow_table()
    assert answer.num_rows, f"an answer without rows shows nothing: {query}"
    rows = [answer.column_names, ["---"] * answer.num_columns]
    rows += [[_cell(value) for value in row.values()] for row in answer.to_pylist()]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value).replace("|", "\\|").replace("\n", " ")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, three_days.days(Path(folder)) as network:
        PAGE.write_text(answered(PAGE.read_text(), network.lake()))


if __name__ == "__main__":
    main()
