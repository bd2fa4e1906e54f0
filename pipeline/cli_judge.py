"""The commands for judgements: what people say of two republications."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli_shared import Json, Lake, Now, open_existing, print_json, run_of


def judge(
    lake: Lake,
    doc_a: str,
    doc_b: str,
    verdict: Annotated[str, typer.Argument(metavar="same|different|skip")],
    why: Annotated[str, typer.Option(help="The reason, kept with it.")],
    by: Annotated[str | None, typer.Option(help="Who says so; default: your login name.")] = None,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Say of two republications that they are one story, or are not. It binds from the next run on, for good.

    A later judgement on the same two replaces it; skip: looked at, left open.

    [dim]wirefold judge ./lake d_1f0a… d_77c2… different --why "two fires"[/dim]
    """
    from getpass import getuser

    from pipeline.judge import judge as take_down

    row = take_down(
        open_existing(lake), doc_a, doc_b, verdict, by=by or getuser(), at=run_of(now).now, why=why
    )
    if as_json:
        print_json(row)
    else:
        typer.echo(f"{row['judgement_id']}: {row['doc_id_a']} and {row['doc_id_b']}: {verdict}")


def judgements(lake: Lake, as_json: Json = False) -> None:
    """List the judgements that bind, one a pair.

    [dim]wirefold judgements ./lake[/dim]
    """
    from pipeline.judge import judged

    rows = judged(open_existing(lake))
    if as_json:
        print_json(rows.to_pylist())
    else:
        from pipeline.terminal import show_judgements

        show_judgements(rows)
