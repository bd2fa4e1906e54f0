"""The commands of `wirefold outlets`: a registry before its first run, and entries for it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.cli_shared import Json, print_json

app = typer.Typer(help="Check a registry of outlets; propose an entry for it.", no_args_is_help=True)

Settings = Annotated[
    Path | None,
    typer.Option("--config", help="A configuration file: its [network] and [params] hold for what is asked."),
]


@app.command()
def check(
    registry: Annotated[Path, typer.Argument(help="The registry, TOML.", metavar="REGISTRY")],
    offline: Annotated[bool, typer.Option("--offline", help="Read the file only; ask no site.")] = False,
    config: Settings = None,
    as_json: Json = False,
) -> None:
    """Say all that is wrong with a registry, with its line; then try each outlet as a run would.

    Read are its feeds and sitemaps, robots.txt and the newest page. Exit code 1 if an outlet has a
    problem, 2 if the file has.

    [dim]wirefold outlets check outlets.toml --offline[/dim]
    """
    from pipeline.ingest.registry import check_outlets
    from pipeline.terminal import Screen

    outlets, problems = check_outlets(registry)
    trials: Any = ()
    if not problems and not offline:
        from pipeline.ingest.trial import try_outlets

        settings = _settings(config)
        with Screen(quiet=as_json).progress("outlets", unit="outlets") as report:
            trials = try_outlets(outlets, settings.network, settings.params, report)
    bad = sum(one.problem is not None for one in trials)
    if as_json:
        faults = [str(problem) for problem in problems]
        print_json({"outlets": len(outlets), "faults": faults, "trials": [asdict(one) for one in trials]})
    else:
        for problem in problems:
            typer.echo(f"wirefold: {problem}", err=True)
        if trials:
            from pipeline.terminal_outlets import show_trials

            show_trials(trials)
        if not problems:
            typer.echo(f"{registry}: {len(outlets)} outlets" + (f", {bad} with a problem" if trials else ""))
    if problems or bad:
        raise typer.Exit(2 if problems else 1)


@app.command()
def discover(
    domain: Annotated[str, typer.Argument(help="A site's domain, or a URL on it.", metavar="DOMAIN")],
    config: Settings = None,
    as_json: Json = False,
) -> None:
    """Propose a registry's entry from a site's home page and robots.txt, with every feed in it tried.

    It is TOML, to be read before it is appended; what was left out and what nobody said are comments.

    [dim]wirefold outlets discover kmrx.example >> outlets.toml[/dim]
    """
    from pipeline.ingest.discover import discover as propose

    settings = _settings(config)
    found = propose(domain, settings.network, settings.params)
    if as_json:
        print_json(asdict(found))
    else:
        typer.echo(found.toml(), nl=False)


def _settings(config: Path | None) -> Any:
    from pipeline.config import Config, load_config

    return load_config(config) if config else Config.for_files(".", ())
