"""What the commands of `wirefold` have in common: their options, the lake they open, their one clock."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Never

import typer

from pipeline.errors import BadInput

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document for machines.")]
Lake = Annotated[str, typer.Argument(help="A folder or s3://bucket/prefix.", metavar="LAKE")]
Now = Annotated[
    datetime | None,
    typer.Option(
        help="The run's clock, UTC; default: this moment.", formats=["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"]
    ),
]
Memory = Annotated[
    str | None,
    typer.Option(help="Match all pages within so much memory (4GiB), the rest in files; default: in memory."),
]
ScratchFolder = Annotated[
    Path | None, typer.Option("--scratch", help="Where these files are; default: the user's cache.")
]
ByEngine = Annotated[
    Literal["local", "spark"],
    typer.Option("--engine", help="What does the work on texts when all are matched."),
]
Master = Annotated[
    str | None, typer.Option(help="Where Spark is, like local[2]; default: as spark-submit says.")
]
Release = Annotated[str | None, typer.Option(help="The release; default: the current one.")]


def open_existing(lake: str) -> Any:
    """A lake that is there already: a mistyped folder is not made."""
    from pipeline.lake.locate import open_store

    if "://" not in lake and not Path(lake).is_dir():
        raise BadInput(f"{lake}: no such lake")
    return open_store(lake)


def open_released(lake: str) -> Any:
    """A lake that has a release."""
    from pipeline.publish.manifest import read_latest

    store = open_existing(lake)
    if read_latest(store) is None:
        raise BadInput(f"{lake}: no release yet")
    return store


def run_of(now: datetime | None) -> Any:
    from pipeline.model import Run

    return Run.at(now.replace(tzinfo=UTC) if now else datetime.now(UTC))


def print_json(value: object) -> None:
    typer.echo(json.dumps(value, indent=1, default=str, ensure_ascii=False))


def end_with(code: int) -> Never:
    """End with nothing but what was printed written out. Threads of pyarrow let go of a file after its reader
    has returned, and an interpreter that is being taken down by then aborts: 3 of 20 `wirefold story` that
    found nothing, with 134 for 2, on a busy machine."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        code = code or 1  # as the interpreter says it; nobody reads on
    os._exit(code)
