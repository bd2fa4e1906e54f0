"""What a person said binds, through whatever chain, and changes nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.match.clusters import Clusters
from pipeline.match.judged import KEPT_APART, Judged, abide
from pipeline.match.kernels.groups import roots, unite_all
from pipeline.match.pairs import ACCEPTED, REFUSED, kept_pairs
from pipeline.match.scorecard import load_scorecard
from pipeline.match.verify import FIRST_LOOK, Verdicts, Verifier
from pipeline.params import Params
from tests.match.texts import articles, prose

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Case:
    n: int
    edges: dict[Pair, int]  # accepted pairs and their scores
    copies: dict[int, int]  # the first document with the same text
    same: list[Pair]
    different: list[Pair]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    n = draw(st.integers(2, 12))
    pair = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda p: p[0] < p[1])
    edges = draw(st.dictionaries(pair, st.integers(1, 9), max_size=20))
    copies = {b: a for a, b in draw(st.lists(pair, max_size=2)) if a == 0}
    same = draw(st.lists(pair, max_size=3, unique=True))
    parent = joined(n, same)
    apart = draw(st.lists(pair, max_size=4, unique=True))
    return Case(n, edges, copies, same, [p for p in apart if parent[p[0]] != parent[p[1]]])


def joined(n: int, pairs: list[Pair]) -> list[int]:
    parent = np.arange(n)
    ends = np.array(pairs, np.int64).reshape(-1, 2)
    unite_all(parent, ends[:, 0], ends[:, 1])
    return list(map(int, roots(parent)))


def clusters_of(case: Case) -> Clusters:
    pairs = np.array(sorted(case.edges), np.int64).reshape(-1, 2)
    m = len(pairs)
    score = np.array([case.edges[a, b] for a, b in pairs.tolist()], np.float64)
    verdicts = Verdicts(
        pairs,
        np.zeros((m, 3), np.int64),
        np.zeros((m, 20), np.float32),
        score,
        np.full(m, FIRST_LOOK, np.int8),
    )
    same_text = np.array([case.copies.get(doc, doc) for doc in range(case.n)])
    labels = joined(case.n, [*case.edges, *((a, b) for b, a in case.copies.items())])
    empty, nothing = np.full(m, "", object), np.zeros(m, np.int8)
    return Clusters(np.array(labels), same_text, verdicts, empty, empty, nothing, m, 0)


def judged_of(case: Case) -> Judged:
    return Judged(*(np.array(said, np.int64).reshape(-1, 2) for said in (case.same, case.different)))


def by_hand(case: Case, before: list[int]) -> list[int]:
    """Joined one after the other, each time looking at all that was told apart."""
    said = joined(case.n, [*case.same, *((a, b) for a, b in enumerate(before))])
    torn = {said[a] for a, b in case.different if said[a] == said[b]}
    inside = [doc for doc in range(case.n) if said[doc] in torn]
    ranked = sorted(case.edges, key=lambda pair: (-case.edges[pair], pair))
    coming = [*case.same, *((a, b) for b, a in sorted(case.copies.items())), *ranked]
    done = [(a, b) for a, b in enumerate(said) if a not in inside]
    for a, b in coming:
        parent = joined(case.n, [*done, (a, b)])
        if a in inside and all(parent[x] != parent[y] for x, y in case.different):
            done.append((a, b))
    return joined(case.n, done)


@settings(max_examples=600, deadline=None)
@given(cases())
def test_no_chain_crosses_what_was_told_apart(case: Case) -> None:
    clusters = clusters_of(case)
    before = clusters.labels.tolist()
    after = abide(clusters, judged_of(case), np.arange(case.n, dtype=np.uint64))
    labels = after.labels.tolist()
    assert all(labels[a] != labels[b] for a, b in case.different)
    assert all(labels[a] == labels[b] for a, b in case.same)
    assert labels == by_hand(case, before)
    for (a, b), why in zip(after.verdicts.pairs.tolist(), after.refused_as, strict=True):
        assert (why == KEPT_APART) == (labels[a] != labels[b])


def test_what_was_said_of_a_pair_is_its_decision() -> None:
    story = prose(1, 200)
    texts = [story, f"{story} {prose(2, 20)}", prose(3, 200)]
    verifier = Verifier(articles(texts), load_scorecard(None), Params())
    judged = Judged(np.array([[0, 2]]), np.array([[0, 1]]))
    verdicts = verifier.verify(np.array([[0, 1], [0, 2]]))
    empty, nothing = np.full(2, "", object), np.zeros(2, np.int8)
    clusters = Clusters(np.array([0, 0, 2]), np.arange(3), verdicts, empty, empty, nothing, 2, 0)
    after = abide(clusters, judged, np.arange(3, dtype=np.uint64))
    rows = kept_pairs(pa.array(["d0", "d1", "d2"]), after, load_scorecard(None)).to_pylist()
    assert [(row["decision"], row["rule"]) for row in rows] == [
        (REFUSED, "judgement"),
        (ACCEPTED, "judgement"),
    ]
    assert after.labels.tolist() == [0, 1, 0]
