"""The match step: new pages are folded into the stories that stand, or all pages at once.

A run reads its own pages only. What earlier runs left is looked up in the worker's index, which reads on
from the lake where it stopped; only stories that the new pages could belong to are clustered again. The
first run in a lake, and one with other params or another scorecard, folds all pages, and stories keep their
ids all the same. The result is written once: a rerun finds it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from pipeline.config import Config
from pipeline.errors import BadInput
from pipeline.index.standing import Index
from pipeline.lake import order
from pipeline.lake.store import Store
from pipeline.match.scorecard import load_scorecard
from pipeline.matching.onto import fold_onto
from pipeline.matching.result import Matched, done, write
from pipeline.matching.said import Said
from pipeline.matching.spark import clear
from pipeline.matching.spilled import folded, prefix_of
from pipeline.matching.texts import Progress
from pipeline.matching.whole import fold_all
from pipeline.matching.wish import Wish, leave, left
from pipeline.model import Run


def match(
    lake: Store,
    run: Run,
    config: Config,
    said: Callable[[Run], pa.Table],
    whole: bool = False,
    tell: Progress | None = None,
) -> Matched:
    """Match the run's pages; with `whole`, all pages of the lake anew, whatever was found before. `said`
    gives the judgements (segments.JUDGEMENTS) that bind in a run; `tell` gets the progress of the stages of
    all pages within `config.memory`."""
    wish = left(lake, run.run_id)
    if stands := done(lake, run.run_id):
        if whole and not wish:
            raise BadInput(f"run {run.run_id} is matched already: to match all pages anew takes a new run")
        if config.engine == "spark":
            clear(lake, prefix_of(run))  # left by one that was killed right behind its result
        return stands.matched
    if whole and not wish:
        leave(lake, run.run_id, wish := Wish())
    config = wish.within(config) if wish else config
    scorecard = load_scorecard(config.scorecard)
    kind = f"{config.params.matching()}-{scorecard.digest()}"
    before = order.runs_before(lake, run)
    last = done(lake, before[-1]) if before else None
    whole = wish is not None or last is None or last.kind != kind
    mark = last.mark if last else ""
    if whole and (config.memory is not None or config.engine == "spark"):
        with folded(lake, run, said(run), scorecard, config, kind, tell or _untold) as result:
            write(lake, run.run_id, result, kind, whole, mark)
        return result.matched
    if whole:
        result = fold_all(lake, run, said(run), scorecard, config.params)
    else:
        with Index(index_folder(lake, config, kind)) as index:
            both = Said(said(run), said(Run.of(before[-1])))
            result = fold_onto(lake, run, index, before, both, scorecard, config.params)
    write(lake, run.run_id, result, kind, whole, mark)
    return result.matched


def _untold(stage: str, done: int, total: int) -> None:
    """Nobody asked for progress."""


def index_folder(lake: Store, config: Config, kind: str) -> Path:
    """Where this machine keeps its index of the lake for a kind of matching."""
    url = lake.url if "://" in lake.url else str(Path(lake.url).absolute())
    return config.cache / hashlib.sha256(url.encode()).hexdigest()[:16] / kind
