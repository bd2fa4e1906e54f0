"""One republication stands for its story: the text that the copies agree on most.

A text scores a point for each shingle that another outlet's copy has too, and loses one for each that
none has: a teaser scores little, a local paragraph costs, and the latest version wins as soon as two
outlets carry it. Among texts that score about the same, one that credits its wire is preferred. The
choice is recorded with its reason.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.match import kernel
from pipeline.match.sign import Shingled
from pipeline.match.verify import verify
from pipeline.params import Params
from pipeline.segments import CANONICALS

POLICY = "most_confirmed_text"
CANONICAL, EXACT, NEAR, TRUNCATED, EXTENDED = "canonical", "exact", "near", "truncated", "extended"


def choose(docs: Shingled, pages: pa.Table, stories: NDArray[np.int64], params: Params) -> pa.Table:
    """segments.CANONICALS for n documents.

    `pages`: segments.PAGES sorted by doc_id; `stories` int64[n]: the number of each document's story.
    """
    support = _support(docs, pages, stories)
    chosen, reasons = _choose(docs, pages, stories, support, params)
    compared = np.flatnonzero(chosen != np.arange(len(chosen)))
    verdicts = verify(docs, np.stack([compared, chosen[compared]], axis=1), params)
    jaccard, inside, around = (np.ones(len(chosen)) for _ in range(3))
    jaccard[compared] = verdicts.jaccard
    inside[compared], around[compared] = verdicts.containment_ab, verdicts.containment_ba
    columns = {
        "chosen": chosen,
        "policy": [POLICY] * len(chosen),
        "reason": [reasons[row] for row in chosen.tolist()],
        "relation": _relations(docs, chosen, inside, around, params),
        "jaccard": jaccard,
        "in_canonical": inside,
        "of_canonical": around,
    }
    return pa.table(
        {field.name: pa.array(columns[field.name], field.type) for field in CANONICALS}, CANONICALS
    )


def _support(docs: Shingled, pages: pa.Table, stories: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of each document's shingles that another outlet's copy has, float64[n]."""
    order = np.argsort(stories, kind="stable")
    starts = np.flatnonzero(np.diff(stories[order], prepend=-1, append=-1))
    outlets = pages["outlet_id"].combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
    support = np.zeros(len(stories))
    kernel.support_all(order, starts, outlets, docs.sets, docs.set_ends, support)
    return support


def _choose(
    docs: Shingled,
    pages: pa.Table,
    stories: NDArray[np.int64],
    support: NDArray[np.float64],
    params: Params,
) -> tuple[NDArray[np.int64], dict[int, str]]:
    services, headlines = pages["wire_service"].to_pylist(), pages["headline"].to_pylist()
    published = pages["published_at"].to_pylist()
    killed = ["kill" in notices for notices in pages["notices"].to_pylist()]
    score = docs.sizes * (2 * support - 1)
    members: dict[int, list[int]] = {}
    for doc, story in enumerate(stories.tolist()):
        members.setdefault(story, []).append(doc)
    chosen, reasons = np.zeros(len(stories), np.int64), {}
    for docs_of in members.values():
        usable = [d for d in docs_of if not killed[d]] or docs_of
        most = max(score[d] for d in usable)
        agreed = [d for d in usable if score[d] >= most - (1 - params.canonical_close) * abs(most)]
        ran = [headlines[d].casefold() for d in docs_of]
        best = min(
            agreed,
            key=lambda d: (
                services[d] is None,
                -score[d],
                -ran.count(headlines[d].casefold()),
                published[d] is None,
                published[d],
                d,
            ),
        )
        chosen[docs_of] = best
        reasons[best] = _reason(len(docs_of), support[best], services[best])
    return chosen, reasons


def _reason(copies: int, support: float, service: str | None) -> str:
    if copies == 1:
        return "the only copy"
    credit = f"credits {service}" if service else "no copy of it credits a wire"
    return f"most confirmed of {copies} copies: other outlets have {support:.0%} of its text; {credit}"


def _relations(
    docs: Shingled,
    chosen: NDArray[np.int64],
    inside: NDArray[np.float64],
    around: NDArray[np.float64],
    params: Params,
) -> list[str]:
    ratio = docs.sizes / np.maximum(docs.sizes[chosen], 1)
    most = params.copy_share
    relations: list[str] = np.select(
        [
            chosen == np.arange(len(chosen)),
            docs.digests == docs.digests[chosen],
            (inside >= most) & (ratio < most),
            (around >= most) & (ratio > 1 / most),
        ],
        [CANONICAL, EXACT, TRUNCATED, EXTENDED],
        NEAR,
    ).tolist()
    return relations
