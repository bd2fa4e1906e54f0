"""The commands of `wirefold` that take one release, or the releases of a lake, as a whole."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli_shared import Json, Lake, Now, Release, open_existing, print_json, run_of
from pipeline.errors import BadInput


def releases(lake: Lake, as_json: Json = False) -> None:
    """List the releases of a lake, newest last.

    [dim]wirefold releases s3://news-lake[/dim]
    """
    from pipeline import inspect

    rows = inspect.releases(open_existing(lake))
    if as_json:
        print_json([asdict(row) for row in rows])
    else:
        from pipeline.terminal import show_releases

        show_releases(rows)


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


def maintain(
    lake: Lake,
    keep_releases: Annotated[
        int, typer.Option(help="So many of the newest are kept, whatever their age.")
    ] = 14,
    keep_days: Annotated[float, typer.Option(help="Younger ones are kept as well, days.")] = 30.0,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Drop old releases and the files that no kept one names, and releases that show what was taken down.

    [dim]wirefold maintain ./lake --keep-releases 3 --keep-days 7[/dim]
    """
    from pipeline import steps
    from pipeline.config import MOST_DAYS, Config

    if keep_releases < 0:
        raise BadInput(f"--keep-releases: expected at least 0, got {keep_releases}")
    if not 0 <= keep_days <= MOST_DAYS:  # nor what is no number
        raise BadInput(f"--keep-days: expected 0 to {MOST_DAYS}, got {keep_days:g}")
    config = replace(Config.for_files(lake, ()), keep_releases=keep_releases, keep_days=keep_days)
    dropped = steps.maintain(open_existing(lake), run_of(now), config)
    if as_json:
        print_json({"dropped": dropped})
    else:
        typer.echo(f"{dropped} objects dropped")


def rebuild(
    from_raw: Annotated[
        str, typer.Option("--from-raw", help="The lake whose raw/ is read; it is not changed.")
    ],
    out: Annotated[str, typer.Option(help="The lake to make: a folder or s3://bucket/prefix.")],
    config: Annotated[
        Path | None,
        typer.Option(help="The configuration the lake was made with: its outlets, wires, scorecard, params."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a lake anew from the raw zone of another: pages, stories with their ids, and a release.

    Begun again it goes on where it was cut short.

    [dim]wirefold rebuild --from-raw ./lake --out ./lake-anew --config wirefold.toml[/dim]
    """
    from pipeline.config import Config, load_config
    from pipeline.ingest.registry import load_outlets
    from pipeline.lake.locate import open_store
    from pipeline.rebuild import rebuild as make_anew
    from pipeline.terminal import Screen

    screen, raw = Screen(quiet=as_json), open_existing(from_raw)
    settings = replace(load_config(config), lake=out) if config else Config.for_files(out, ())
    outlets = load_outlets(settings.outlets) if config else ()
    lake = open_store(out, single_writer=settings.single_writer)
    lake.probe()
    with screen.progress("rebuild", unit="runs") as report:
        found = make_anew(raw, lake, settings, outlets, report)
    if found.left_out:
        screen.warn(f"{len(found.left_out)} runs left out, no page in raw/: {', '.join(found.left_out[:3])}")
    if as_json:
        print_json({"lake": lake.url, **asdict(found)})
    else:
        released = found.released
        screen.done(
            f"{found.runs} runs, release {released.release} in {lake.url}: {released.stories} stories"
        )


def register(
    lake: Lake,
    catalog: Annotated[str, typer.Option(help="Its name in pyiceberg's configuration.")],
    uri: Annotated[str | None, typer.Option(help="Where it is; default: as configured.")] = None,
    warehouse: Annotated[
        str | None, typer.Option(help="Where it keeps metadata; default: as configured.")
    ] = None,
    namespace: Annotated[str, typer.Option(help="Of the tables.")] = "wirefold",
    release: Release = None,
    as_json: Json = False,
) -> None:
    """Make a release the current snapshot of Iceberg tables in a catalog; its files stay where they are.

    [dim]wirefold register s3://news-lake --catalog prod --namespace news[/dim]
    """
    store = open_existing(lake)
    try:
        from pipeline import catalog as iceberg
    except ModuleNotFoundError as error:
        raise BadInput(f"wirefold register needs {error.name}: pip install 'wirefold[iceberg]'") from None
    for table in iceberg.register(store, iceberg.open_catalog(catalog, uri, warehouse), namespace, release):
        if as_json:
            typer.echo(json.dumps(asdict(table)))
        else:
            typer.echo(f"{table.table}: {table.files} files, {table.added} added, {table.removed} removed")


def lineage(lake: Lake, release: Release = None, as_json: Json = False) -> None:
    """Print the OpenLineage event of a release: its inputs, its tables, their schemas, rows and checks.

    It is JSON, with and without --json.

    [dim]wirefold lineage ./lake > event.json[/dim]
    """
    from pipeline.lineage import run_event
    from pipeline.publish.manifest import read_manifest

    store = open_existing(lake)
    manifest = read_manifest(store, release)
    if manifest is None:
        raise BadInput(f"{lake}: no release yet")
    print_json(run_event(manifest, store.url))


def rollback(lake: Lake, release: str, as_json: Json = False) -> None:
    """Make an earlier release the current one again. One write; no file is lost.

    [dim]wirefold rollback ./lake 20260305T200000Z[/dim]
    """
    from pipeline.publish.release import rollback as roll_back

    manifest = roll_back(open_existing(lake), release)
    if as_json:
        print_json({"lake": lake, "release": manifest.release, "created_at": manifest.created_at.isoformat()})
    else:
        typer.echo(f"{lake}: current release is {release}")
