"""The commands for what people say: of two republications, and of what must not be shown any more."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli_shared import Json, Lake, Now, open_existing, print_json, run_of
from pipeline.errors import BadInput


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
    from pipeline.judge import judge as take_down

    row = take_down(open_existing(lake), doc_a, doc_b, verdict, by=by or _us(), at=run_of(now).now, why=why)
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
        from pipeline.terminal import show_said

        show_said(rows)


def takedown(
    lake: Lake,
    kind: Annotated[str, typer.Argument(metavar="url|document|story|outlet")],
    value: Annotated[str, typer.Argument(help="The URL, doc_id, story_id or outlet_id.")],
    why: Annotated[str, typer.Option(help="The reason; it is published with the takedown.")],
    by: Annotated[str | None, typer.Option(help="Who says so; default: your login name.")] = None,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Take the content of a page, document, story or outlet out of all tables, from the next release on.

    Rows keep their ids and say which takedown covers them. Later pages are covered, too. It is for good.

    [dim]wirefold takedown ./lake story s_20260305_1f0a… --why "the wire's lawyers asked"[/dim]
    """
    from pipeline.takedown import KINDS, take_down

    if kind not in KINDS:
        raise BadInput(f"{kind!r}: expected {', '.join(KINDS)}")
    row, covered = take_down(open_existing(lake), kind, value, by=by or _us(), at=run_of(now).now, why=why)
    if as_json:
        print_json(row | {"republications": covered})
    else:
        typer.echo(f"{row['takedown_id']}: {covered} republications, from the next release on")


def _us() -> str:
    """The login name. Raises `BadInput` where there is none, as in a container under a number."""
    from getpass import getuser

    try:
        return getuser()
    except (KeyError, OSError):
        raise BadInput("--by: expected who says so, since nobody is logged in here") from None


def takedowns(lake: Lake, as_json: Json = False) -> None:
    """List the takedowns, in the order in which they were asked for.

    [dim]wirefold takedowns ./lake[/dim]
    """
    from pipeline.lake.takedowns import read

    rows = read(open_existing(lake))
    if as_json:
        print_json(rows.to_pylist())
    else:
        from pipeline.terminal import show_said

        show_said(rows.drop_columns("doc_ids"))
