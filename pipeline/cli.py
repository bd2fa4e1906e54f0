"""The command line `wirefold`: the same steps as the dags, without Airflow.

Exit code 0: done; 1: failed (nothing was released); 2: bad input, one line that says what and where.
The clock is read here, once a command, and nowhere below.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline import __version__, cli_judge, cli_outlets, cli_release, cli_sql
from pipeline.cli_shared import (
    ByEngine,
    Json,
    Lake,
    Master,
    Memory,
    Now,
    ScratchFolder,
    end_with,
    open_existing,
    open_released,
    print_json,
    run_of,
)
from pipeline.errors import BadInput, Failed, WirefoldError
from pipeline.lake.store import Missing

app = typer.Typer(
    name="wirefold",
    help="Folds the many copies of one wire story back into one.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

_FILES = (
    "JSONL or Parquet of articles, WARC files, a folder or s3:// prefix of these, feeds, HTML or text files, "
    "folders of HTML."
)
Inputs = Annotated[list[str] | None, typer.Argument(help=_FILES)]
OutletField = Annotated[
    str | None, typer.Option(help="Field that names the outlet; default: the URL's host.")
]
Card = Annotated[
    Path | None,
    typer.Option("--scorecard", help="A scorecard of `wirefold tune`; default: the built-in one."),
]
Rematch = Annotated[
    bool, typer.Option("--rematch", help="Match all pages of the lake anew, not only new ones.")
]
Wires = Annotated[list[Path] | None, typer.Option(help="More credit rules (TOML), beside the built-in ones.")]


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        typer.echo(f"wirefold {__version__}")
        raise typer.Exit


@app.command()
def run(
    config: Annotated[Path, typer.Option(help="The configuration file.")] = Path("wirefold.toml"),
    rematch: Rematch = False,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Ingest, extract, match and release, all in one process.

    [dim]wirefold run --config wirefold.toml[/dim]
    """
    from pipeline import steps
    from pipeline.config import load_config
    from pipeline.terminal import Screen

    settings, at = load_config(config), run_of(now)
    screen = Screen(quiet=as_json)
    lake = steps.open_lake(settings)
    shards = steps.plan(settings)
    for shard in shards:
        with screen.progress(f"ingest {shard.shard}") as report:
            steps.ingest(lake, at, settings, shard.shard, report)
        with screen.progress(f"extract {shard.shard}") as report:
            steps.extract(lake, at, settings, shard.shard, report)
    counts = steps.settle(lake, at, settings)
    screen.line("pages", **counts.as_dict())
    _fold(lake, at, settings, screen, None, as_json, rematch)


@app.command()
def cluster(
    out: Annotated[str, typer.Option(help="The lake to release into: a folder or s3://bucket/prefix.")],
    outlet_field: OutletField = None,
    wires: Wires = None,
    scorecard: Card = None,
    rematch: Rematch = False,
    memory: Memory = None,
    scratch: ScratchFolder = None,
    engine: ByEngine = "local",
    master: Master = None,
    now: Now = None,
    as_json: Json = False,
    inputs: Inputs = None,
) -> None:
    """Fold articles or pages from files into stories and release them.

    Without INPUTS what the lake holds is released again, with what was judged and taken down since. With
    --memory a run that was cut short goes on behind the last stage that was done.

    [dim]wirefold cluster articles.jsonl --out ./lake --outlet-field site[/dim]
    [dim]wirefold cluster archive.parquet --out ./lake --memory 4GiB --scratch /mnt/scratch[/dim]
    """
    from pipeline import intake
    from pipeline.config import Config
    from pipeline.lake.locate import open_store
    from pipeline.terminal import Screen

    screen, at = Screen(quiet=as_json), run_of(now)
    settings = Config.for_files(out, tuple(wires or ()), scorecard)
    settings = settings.within(memory, scratch).run_by(engine, master)
    intake.check(inputs or [], settings)
    lake = open_store(out) if inputs else open_released(out)
    lake.probe()
    with screen.progress("read", unit="bytes") as report:
        counts = intake.take_in(lake, at, settings, inputs or [], outlet_field, report)
    screen.line("pages", **counts.as_dict())
    _fold(lake, at, settings, screen, (), as_json, rematch)


def _fold(lake: Any, at: Any, settings: Any, screen: Any, outlets: Any, as_json: bool, rematch: bool) -> None:
    """match → story → publish, with one line each."""
    from pipeline import steps

    with screen.stages("match") as report:
        matched = steps.match(lake, at, settings, rematch, report)
    screen.line("match", **asdict(matched))
    with screen.busy("story"):
        told = steps.story(lake, at, settings)
    screen.line("story", **asdict(told))
    with screen.busy("publish"):
        released = steps.publish(lake, at, settings, outlets)
    figures = asdict(released)
    pages, warnings = figures.pop("pages"), figures.pop("warnings")
    screen.line("publish", **figures)
    for line in warnings:
        screen.warn(line)
    if as_json:
        print_json(
            {
                "lake": lake.url,
                **figures,
                "warnings": warnings,
                "pages": pages,
                "match": asdict(matched),
                "seconds": screen.seconds,
            }
        )
    else:
        screen.done(f"release {released.release} in {lake.url}: {released.stories} stories")


@app.command()
def extract(
    inputs: Inputs = None,
    out: Annotated[Path | None, typer.Option(help="The Parquet file to write, one row a page.")] = None,
    explain: Annotated[
        str | None,
        typer.Option(metavar="URL_OR_FILE", help="Instead: show how one page is read, field by field."),
    ] = None,
    wires: Wires = None,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Read pages into one row each: headline, authors, times, body, wire credit with its evidence.

    Pages that cannot be used go to OUT with the suffix .quarantine.parquet, one row each. With --explain:
    each field and its source, the words that prove the credit, the blocks that were kept and dropped.

    [dim]wirefold extract page.html archive.warc.gz --out pages.parquet[/dim]
    [dim]wirefold extract --explain page.html[/dim]
    """
    from pipeline import intake
    from pipeline.config import Config
    from pipeline.terminal import Screen

    screen, at = Screen(quiet=as_json), run_of(now)
    if explain is not None:
        if inputs or out:
            raise BadInput("extract: --explain takes one page, and neither INPUT nor --out")
        _examine(explain, at, Config.for_files(".", tuple(wires or ())), as_json)
        return
    if not inputs or out is None:
        raise BadInput("extract: expected INPUT and --out, or --explain with a URL or a file")
    settings = Config.for_files(str(out.parent), tuple(wires or ()))
    intake.check(inputs, settings)
    with screen.progress("extract", unit="bytes") as report:
        extracted, held = intake.extract_to(out, at, settings, inputs, report)
    if as_json:
        print_json({"out": str(out), "pages": extracted, "quarantined": held})
    else:
        screen.done(f"{extracted} pages in {out}, {held} in quarantine")


def _examine(page: str, at: Any, settings: Any, as_json: bool) -> None:
    from pipeline.examine import examine

    found = examine(page, at, settings)
    if as_json:
        print_json(asdict(found))
    else:
        from pipeline.terminal_page import show_page

        show_page(found)


@app.command()
def tune(
    pairs: Annotated[Path, typer.Argument(help="Labelled pairs, JSONL, CSV or Parquet: a, b, label, kind.")],
    docs: Annotated[Path, typer.Option(help="The documents they are of, JSONL or Parquet.")],
    out: Annotated[Path, typer.Option(help="The folder for the scorecard and its report.")],
    story_field: Annotated[
        str | None,
        typer.Option(help="Field of DOCS with the true story: labels the pairs that share much, too."),
    ] = None,
    outlet_field: OutletField = None,
    as_json: Json = False,
) -> None:
    """Fit the scorecard that decides about pairs on labels of your own, and say what it is worth.

    Writes scorecard.json, report.md and two plots. Needs the extra `tune`.

    [dim]wirefold tune pairs.jsonl --docs articles.jsonl --out ./tuned[/dim]
    """
    try:
        from pipeline.tune.report import kinds, write_report
        from pipeline.tune.run import tune as fit
    except ModuleNotFoundError as error:
        raise BadInput(f"tune needs {error.name}: pip install 'wirefold[tune]'") from None
    from pipeline.params import Params
    from pipeline.terminal import Screen, show_tuned

    screen = Screen(quiet=as_json)
    with screen.busy("tune"):
        found = fit(pairs, docs, run_of(None), Params(), outlet_field=outlet_field, story_field=story_field)
        write_report(found, out)
    if as_json:
        card = found.fitted.scorecard
        print_json({"out": str(out), **card.fitted, "kinds": kinds(found)})
    else:
        show_tuned(found.fitted.scorecard.fitted, kinds(found))
        screen.done(f"scorecard and report in {out}")


@app.command()
def explain(lake: Lake, doc_a: str, doc_b: str, scorecard: Card = None, as_json: Json = False) -> None:
    """Say why two republications are, or are not, one story, and lay their texts side by side.

    [dim]wirefold explain ./lake d_1f0a… d_77c2…[/dim]
    """
    from pipeline import inspect

    found = inspect.explain(open_existing(lake), doc_a, doc_b, scorecard)
    if as_json:
        print_json(asdict(found))
    else:
        from pipeline.terminal import show_pair

        show_pair(found)


@app.command()
def story(lake: Lake, story_id: str, as_json: Json = False) -> None:
    """Show a story: its text and versions, who picked it up when, what each copy cut, added and credits.

    [dim]wirefold story ./lake s_9b1c…[/dim]
    """
    from pipeline import inspect

    found = inspect.story(open_existing(lake), story_id)
    if as_json:
        print_json(asdict(found))
    else:
        from pipeline.terminal_story import show_story

        show_story(found)


app.command()(cli_judge.judge)
app.command()(cli_judge.judgements)
app.command()(cli_judge.takedown)
app.command()(cli_judge.takedowns)


app.command()(cli_release.releases)


@app.command()
def diff(lake: Lake, release_a: str, release_b: str, as_json: Json = False) -> None:
    """Say what changed from one release to another: stories new, gone, merged, changed; republications.

    [dim]wirefold diff ./lake 20260305T180000Z 20260305T200000Z[/dim]
    """
    from pipeline.difference import difference

    found = difference(open_existing(lake), release_a, release_b)
    if as_json:
        print_json(asdict(found))
    else:
        from pipeline.terminal_story import show_difference

        show_difference(found)


app.command()(cli_release.check)
app.command()(cli_release.lineage)
app.command()(cli_release.maintain)
app.command()(cli_release.rebuild)
app.command()(cli_release.register)
app.command()(cli_release.rollback)
app.command()(cli_sql.sql)
app.add_typer(cli_outlets.app, name="outlets")


def main() -> None:
    """Entry point: errors that have a remedy become one line and an exit code."""
    try:
        app()
    except BadInput as error:
        end_with(_complain(error, 2))
    except WirefoldError as error:
        end_with(_complain(error, 1))
    except Missing as gone:
        end_with(_complain(Failed(f"{gone.args[0]} is missing: dropped meanwhile, or lost; run it again"), 1))
    except SystemExit as ended:
        if isinstance(ended.code, str):
            raise
        end_with(ended.code or 0)


def _complain(error: WirefoldError, code: int) -> int:
    typer.echo(f"wirefold: {error}", err=True)
    return code
