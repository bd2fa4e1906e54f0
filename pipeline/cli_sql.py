"""The command that asks the tables of a release in SQL."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from pipeline.cli_shared import Json, Lake, Release, open_existing
from pipeline.errors import BadInput, Failed


def sql(
    lake: Lake,
    query: Annotated[
        str | None, typer.Argument(help="Statements; default: a prompt, or standard input.")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="A file with the statements.")] = None,
    release: Release = None,
    limit: Annotated[int, typer.Option(help="So many rows of an answer are shown at most.")] = 40,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print all rows as CSV.")] = False,
    parquet: Annotated[Path | None, typer.Option(help="Write the answer to this Parquet file.")] = None,
    views: Annotated[bool, typer.Option("--views", help="Print the views as SQL for DuckDB itself.")] = False,
) -> None:
    """Ask the tables of a release in SQL (DuckDB): a view for each, of the files that its manifest names.

    [dim]wirefold sql ./lake "select headline, n_outlets from stories order by 2 desc limit 10"[/dim]
    """
    import duckdb

    from pipeline.lake.arrow import arrow_files
    from pipeline.publish.manifest import read_manifest
    from pipeline.query import answers
    from pipeline.query.prompt import prompt
    from pipeline.query.views import connect, views_sql

    if limit < 1:
        raise BadInput(f"--limit: expected at least 1, got {limit}")
    store = open_existing(lake)
    manifest = read_manifest(store, release)
    if manifest is None:
        raise BadInput(f"{lake}: no release yet")
    if views:
        typer.echo(views_sql(manifest, store.url), nl=False)
        return
    with TemporaryDirectory(prefix="wirefold-") as folder:
        scratch = Path(folder)
        try:
            tables = connect(manifest, arrow_files(store.url), scratch)
        except FileNotFoundError as error:
            raise Failed(f"{lake}: a file of release {manifest.release} is gone: {error}") from None
        text = _text(query, file)
        try:
            if text is None:
                prompt(tables, manifest)
            elif parquet:
                typer.echo(f"{answers.save(tables, text, parquet, scratch)} rows in {parquet}")
            elif as_json or as_csv:
                answers.write(tables, text, "json" if as_json else "csv", scratch)
            else:
                answers.show(tables, text, limit)
        except duckdb.Error as error:
            raise BadInput(f"SQL: {str(error).partition(chr(10))[0]}") from None
        except OSError as error:
            raise BadInput(f"{parquet or lake}: {error.strerror or error}") from None


def _text(query: str | None, file: Path | None) -> str | None:
    """The statements, or None for a prompt."""
    if query and file:
        raise BadInput("SQL: expected a query or --file, got both")
    if file:
        try:
            return file.read_text(encoding="utf-8")
        except OSError as error:
            raise BadInput(f"{file}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise BadInput(f"{file}: expected SQL in UTF-8") from None
    return query or (None if sys.stdin.isatty() else sys.stdin.read())
