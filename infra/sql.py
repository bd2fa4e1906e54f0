"""A prompt on the published tables: DuckDB's dialect, nothing written anywhere."""

from __future__ import annotations

import sys

import duckdb

from pipeline.publish.manifest import Manifest
from pipeline.schema import TABLES

_HELP = "SQL ends with ;  .tables lists the tables, .schema TABLE its columns, .quit leaves"


def run_statements(tables: duckdb.DuckDBPyConnection, text: str) -> int:
    """Print what each statement answers; 1 if one failed."""
    try:
        for statement in tables.extract_statements(text):
            _show(tables, statement)
    except duckdb.Error as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def prompt(tables: duckdb.DuckDBPyConnection, release: Manifest) -> None:
    """Read statements from a terminal until .quit or end of input."""
    import readline  # noqa: F401 - gives input() a history and editing

    print(f"release {release.release}: {', '.join(table.name for table in TABLES)}\n{_HELP}")
    text = ""
    while True:
        try:
            line = input("wirefold> " if not text else "     ...> ")
        except EOFError:
            print()
            return
        except KeyboardInterrupt:
            print()
            text = ""
            continue
        if not text and line.startswith("."):
            if line.strip() in (".quit", ".exit"):
                return
            _command(tables, line)
            continue
        text += line + "\n"
        if line.rstrip().endswith(";"):
            run_statements(tables, text)
            text = ""


def _command(tables: duckdb.DuckDBPyConnection, line: str) -> None:
    word, _, name = line.strip().partition(" ")
    found = next((table for table in TABLES if table.name == name.strip()), None)
    if word == ".tables":
        for table in TABLES:
            print(f"{table.name:<16}{table.about}")
    elif word == ".schema" and found:
        for field in found.schema:
            print(f"{field.name:<26}{field.type!s:<24}{field.metadata[b'description'].decode()}")
    else:
        print(_HELP)


def _show(tables: duckdb.DuckDBPyConnection, statement: duckdb.Statement) -> None:
    if answer := tables.sql(statement.query):
        answer.show(max_rows=200)
