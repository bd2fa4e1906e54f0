"""What people said of pairs of documents: same story, different, or looked at and left open (skip).

Of several judgements on a pair the last counts. `same` carries on from pair to pair; a `different` between
two documents that a chain of `same` joins is a contradiction, and no set of binding judgements has one.
Pure, over Arrow columns; there are as many judgements as people made.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.segments import SAID_DIFFERENT, SAID_NOTHING, SAID_SAME

VERDICTS = (SAID_SAME, SAID_DIFFERENT, SAID_NOTHING)
Chain = tuple[str, ...]
_PAIR = ["doc_id_a", "doc_id_b"]


def binding(judgements: pa.Table) -> pa.Table:
    """The last judgement on each pair (of segments.JUDGEMENTS, in the order they were made in), by pair."""
    numbered = judgements.select(_PAIR).append_column("at", pa.array(np.arange(judgements.num_rows)))
    last = numbered.group_by(_PAIR).aggregate([("at", "max")])["at_max"]
    return judgements.take(last).sort_by([(name, "ascending") for name in _PAIR])


def groups(judgements: pa.Table) -> Mapping[str, str]:
    """For each document that some `same` of the binding judgements names the smallest it is joined with."""
    smallest: dict[str, str] = {}
    near = _joined(judgements)
    for doc in sorted(near):
        if doc not in smallest:
            smallest |= dict.fromkeys(_reached(near, doc), doc)
    return smallest


def contradictions(judgements: pa.Table) -> tuple[Chain, ...]:
    """For each `different` of the binding judgements that a chain of `same` contradicts the shortest such
    chain, from its doc_id_a to its doc_id_b, ascending."""
    apart = judgements.filter(pc.equal(judgements["verdict"], SAID_DIFFERENT))
    near = _joined(judgements)
    found = []
    for a, b in zip(*(apart[name].to_pylist() for name in _PAIR), strict=True):
        reached = _reached(near, a)
        if b in reached:
            chain = [b]
            while chain[-1] != a:
                chain.append(reached[chain[-1]])
            found.append(tuple(reversed(chain)))
    return tuple(sorted(found))


def _joined(judgements: pa.Table) -> dict[str, list[str]]:
    """The documents that are judged the same as each document, ascending."""
    same = judgements.filter(pc.equal(judgements["verdict"], SAID_SAME))
    near: defaultdict[str, list[str]] = defaultdict(list)
    for a, b in sorted(zip(*(same[name].to_pylist() for name in _PAIR), strict=True)):
        near[a].append(b)
        near[b].append(a)
    return {doc: sorted(others) for doc, others in near.items()}


def _reached(near: Mapping[str, list[str]], start: str) -> dict[str, str]:
    """Every document that chains of `same` lead to, with the one before it on a shortest chain."""
    before = {start: start}
    waiting = deque([start])
    while waiting:
        doc = waiting.popleft()
        for other in near.get(doc, ()):
            if other not in before:
                before[other] = doc
                waiting.append(other)
    return before
