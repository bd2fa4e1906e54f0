"""The commands of `wirefold` that look at one release as a whole."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from pipeline.cli_shared import Json, Lake, open_existing, print_json
from pipeline.errors import BadInput

Release = Annotated[str | None, typer.Option(help="The release; default: the current one.")]


def check(lake: Lake, release: Release = None, as_json: Json = False) -> None:
    """Read a whole release again and check that it is what was written and adds up. Exit code 1 if not.

    [dim]wirefold check s3://news-lake --release 20260305T200000Z[/dim]
    """
    from pipeline.audit import audit
    from pipeline.terminal import Screen, show_checks

    screen = Screen(quiet=as_json)
    with screen.progress("files", unit="files") as report:
        found = audit(open_existing(lake), release, report)
    if as_json:
        print_json(asdict(found))
    else:
        show_checks(found.release, found.rows)
    if found.failed:
        raise typer.Exit(1)


def lineage(lake: Lake, release: Release = None) -> None:
    """Print the OpenLineage event of a release: its inputs, its tables, their schemas, rows and checks.

    [dim]wirefold lineage ./lake > event.json[/dim]
    """
    from pipeline.lineage import run_event
    from pipeline.publish.manifest import read_manifest

    store = open_existing(lake)
    manifest = read_manifest(store, release)
    if manifest is None:
        raise BadInput(f"{lake}: no release yet")
    typer.echo(json.dumps(run_event(manifest, store.url), indent=1, ensure_ascii=False))
