"""All pages of a lake at once within a budget of memory: what is large lies in files, stage by stage.

The stages move data only; what is found, by which rules, is what pipeline.match finds in memory, and the
result is the same to the byte. A process that was killed goes on behind the last stage that was done.
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import __version__
from pipeline.config import Config
from pipeline.errors import BadInput, Failed
from pipeline.lake import signatures
from pipeline.lake.pages import Documents, documents
from pipeline.lake.store import Store
from pipeline.match.figures import Articles
from pipeline.match.pairs import kept_pairs
from pipeline.match.scorecard import Scorecard
from pipeline.matching.executed import Place
from pipeline.matching.pages import NAMED
from pipeline.matching.result import Result
from pipeline.matching.said import judged_among
from pipeline.matching.scratch import Scratch
from pipeline.matching.shelf import Shelf
from pipeline.matching.spark import Cluster, clear, session
from pipeline.matching.spread import Executors, SpreadStages, SpreadTexts
from pipeline.matching.stages import BANDS, SETTLE, SIGN, SIGNATURES, Stages
from pipeline.matching.texts import CHROME, READ, Progress, Texts
from pipeline.matching.whole import result_of
from pipeline.model import Run

_BASE = 512 << 20  # bytes of memory of a process that has everything loaded
_A_DOCUMENT = 600  # bytes of memory that a document takes, whatever its text
_SHARES = 8  # things that grow with the texts and are held at once, at the most
_LEAST_SHARE = 8 << 20
DEFAULT = 4 << 30  # bytes, where Spark is asked for without a budget for its driver


@contextmanager
def folded(
    lake: Store, run: Run, said: pa.Table, scorecard: Scorecard, config: Config, kind: str, tell: Progress
) -> Iterator[Result]:
    """Match the pages of this run and of all taken up before it, as `whole.fold_all`; the scratch files are
    removed when the result is used. `kind`: of matching, by params and scorecard.

    Raises `BadInput` if `config.memory` is too small for so many documents, `Failed` without room on disk.
    """
    docs = documents(lake, run)
    budget = config.memory or DEFAULT
    least = _BASE + _A_DOCUMENT * len(docs)
    if budget < least:
        raise BadInput(
            f"memory: {len(docs)} documents take at least {least / 2**20:.0f} MiB, got {budget / 2**20:.0f}"
        )
    name = f"{_digest(docs)}-{kind}"
    try:
        with Shelf(budget) as shelf:
            share = (budget - least) // _SHARES + _LEAST_SHARE
            folder = f"{name}-spark" if config.engine == "spark" else name
            with Scratch(config.scratch, lake.url, folder) as scratch, ExitStack() as stack:
                executors = None
                if config.engine == "spark":
                    cluster = Cluster(stack.enter_context(session(config.master)))
                    executors = Executors(cluster, docs, Place(lake.url, f"{prefix_of(run)}{name}/"))
                room = docs, scratch, shelf, config.params, tell
                texts = SpreadTexts(*room, executors) if executors else Texts(*room)
                given = _learned(texts), scratch, shelf, scorecard, config.params, share, tell
                stages = SpreadStages(*given, executors) if executors else Stages(*given)
                yield _found(stages, texts, lake, run, said)
                if executors:
                    clear(lake, prefix_of(run))
                scratch.drop()
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise Failed(f"{config.scratch}: no room left on the disk for scratch files") from error


def prefix_of(run: Run) -> str:
    """Of the keys of what executors put into the lake for a run."""
    return f"spark/run={run.run_id}/"


def _learned(texts: Texts) -> Articles:
    """What is compared, once chrome is learned and taken off."""
    texts.scratch.run(READ, texts.read)
    texts.scratch.run(CHROME, texts.chrome)
    texts.scratch.forget(READ, "body")
    return texts.articles()


def _found(stages: Stages, texts: Texts, lake: Store, run: Run, said: pa.Table) -> Result:
    """The stages behind, and the pairs and clusters."""
    docs, scratch = texts.docs, texts.scratch
    scratch.run(SIGN, partial(_sign, stages, texts, lake, run))
    scratch.run(BANDS, stages.bands)
    scratch.forget(SIGN, SIGNATURES)
    clustering = stages.begin(stages.signed())
    stages.found(clustering)
    scratch.run(SETTLE, partial(stages.settle, clustering))
    clusters = clustering.joined(stages.settled(), judged_among(said, docs.doc_ids))
    del clustering
    return result_of(
        docs, texts.chrome_rows(), clusters, kept_pairs(docs.doc_ids, clusters, stages.scorecard)
    )


def _sign(stages: Stages, texts: Texts, lake: Store, run: Run, folder: Path) -> None:
    """Signatures, which are stored in the lake as well, if they are new there."""
    known = signatures.known(lake, stages.params)
    fresh = np.flatnonzero(pc.invert(pc.is_in(texts.docs.doc_ids, value_set=known)))
    signed = stages.sign(fresh, folder)
    signatures.add(lake, stages.params, run.run_id, texts.docs.doc_ids, signed.signatures, fresh)


def _digest(docs: Documents) -> str:
    """Sixteen hex digits of what is read: each document's place, time and text."""
    digest = hashlib.sha256(__version__.encode())
    for times in (docs.first_seen_at, docs.last_seen_at):
        digest.update(times.cast(pa.int64()).to_numpy().data)
    digest.update(docs.rows.data)
    for stored in docs.segments:
        digest.update(stored.encode())
    for _, batch in docs.stream(NAMED):
        for column in batch.combine_chunks().itercolumns():
            digest.update("\0".join(column.to_pylist()).encode())
    return digest.hexdigest()[:16]
