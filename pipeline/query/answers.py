"""What SQL statements answer: shown, or written for machines."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import duckdb
import pyarrow.parquet as pq

from pipeline.errors import BadInput

_ROWS = 200
Form = Literal["json", "csv"]


def show(tables: duckdb.DuckDBPyConnection, text: str, rows: int = _ROWS) -> None:
    """Print what each statement answers, at most so many rows of each. Raises `duckdb.Error`."""
    for answer in _answers(tables, text):
        answer.show(max_rows=rows, max_width=shutil.get_terminal_size((160, 0)).columns)


def write(tables: duckdb.DuckDBPyConnection, text: str, form: Form, scratch: Path) -> None:
    """Print all rows that the last statement answers, as a JSON array or as CSV. `scratch`: as of the
    connection. Raises `duckdb.Error`."""
    answer = _last(tables, text)
    if form == "json":
        rows = answer.to_arrow_table().to_pylist()
        print(json.dumps(rows, indent=1, default=str, ensure_ascii=False))
    else:
        made = scratch / "answer.csv"
        answer.write_csv(str(made), header=True)
        with made.open(encoding="utf-8", newline="") as file:
            shutil.copyfileobj(file, sys.stdout)


def save(tables: duckdb.DuckDBPyConnection, text: str, out: Path, scratch: Path) -> int:
    """Write what the last statement answers to a Parquet file, which appears whole or not at all; how many
    rows. `scratch`: as of the connection. Raises `duckdb.Error`, `OSError` where `out` cannot be written."""
    made, part = scratch / "answer.parquet", out.with_name(f"{out.name}.part")
    _last(tables, text).write_parquet(str(made), compression="zstd")
    rows = int(pq.ParquetFile(made).metadata.num_rows)
    shutil.move(made, part)
    part.replace(out)
    return rows


def _last(tables: duckdb.DuckDBPyConnection, text: str) -> duckdb.DuckDBPyRelation:
    answers = list(_answers(tables, text))
    if not answers:
        raise BadInput("SQL: no statement of it answers with rows")
    return answers[-1]


def _answers(tables: duckdb.DuckDBPyConnection, text: str) -> Iterator[duckdb.DuckDBPyRelation]:
    for statement in tables.extract_statements(text):
        answer = tables.sql(statement.query)
        if answer is not None:  # one without rows is false
            yield answer
