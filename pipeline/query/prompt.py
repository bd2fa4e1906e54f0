"""A prompt on the published tables, in DuckDB's dialect."""

from __future__ import annotations

import sys

import duckdb

from pipeline.publish.manifest import Manifest
from pipeline.query.answers import show
from pipeline.schema import TABLES

_HELP = "SQL ends with ;  .tables lists the tables, .schema TABLE its columns, .quit leaves"


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
            _command(line)
            continue
        text += line + "\n"
        if line.rstrip().endswith(";"):
            _answer(tables, text)
            text = ""


def _answer(tables: duckdb.DuckDBPyConnection, text: str) -> None:
    try:
        show(tables, text)
    except duckdb.Error as error:
        print(error, file=sys.stderr)


def _command(line: str) -> None:
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
