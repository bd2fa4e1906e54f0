"""`wirefold tune`: from labelled pairs and documents to a scorecard, with what it is worth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline.ingest.articles import read_field
from pipeline.match.figures import FIGURES
from pipeline.match.fold import read_batches
from pipeline.match.scorecard import Look, Scorecard
from pipeline.match.verify import FLOOR, Verifier
from pipeline.model import Run
from pipeline.params import Params
from pipeline.tune.beginnings import with_beginnings
from pipeline.tune.fit import FEW_STORIES, Fitted, fit
from pipeline.tune.labels import Labelled, read_docs, read_labels


@dataclass(frozen=True, slots=True)
class Tuned:
    """The fitted scorecard with the pairs it was judged on, and those below the floor, which are refused."""

    doc_ids: tuple[str, ...]
    labelled: Labelled
    below_floor: Labelled
    fitted: Fitted


def tune(
    pairs: Path,
    docs: Path,
    run: Run,
    params: Params,
    *,
    outlet_field: str | None = None,
    story_field: str | None = None,
) -> Tuned:
    """Fit a scorecard on labelled pairs of documents. Raises `BadInput` where it cannot use them."""
    pages = read_docs(docs, run, params, outlet_field)
    articles = read_batches([pages], params)
    ids = pages["doc_id"].to_pylist()
    stories = read_field(docs, story_field) if story_field else None
    articles, labelled = with_beginnings(
        articles, read_labels(pairs, ids, stories, articles.words, params.shingle_words)
    )
    verifier = Verifier(articles, _blank(), params)
    verdicts = verifier.verify(labelled.pairs)
    weighed = verdicts.rule != FLOOR
    fitted = fit(labelled.take(weighed), verdicts.take(weighed), verifier)
    return Tuned(
        tuple(ids),
        labelled.take(weighed),
        labelled.take(~weighed),
        fitted,
    )


def _blank() -> Scorecard:
    """A scorecard that decides nothing, to measure pairs with."""
    none = Look.of(0.0, {name: {"edges": [], "values": [0.0]} for name in FIGURES})
    return Scorecard(none, none, FEW_STORIES, {})
