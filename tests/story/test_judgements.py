"""What people said of pairs, against brute force over all partitions and all chains."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.segments import JUDGEMENTS
from pipeline.story.judgements import binding, contradictions, groups

DOCS = "abcdef"
AT = datetime(2031, 4, 7, tzinfo=UTC)
SAID = st.lists(
    st.tuples(
        st.lists(st.sampled_from(DOCS), min_size=2, max_size=2, unique=True).map(sorted),
        st.sampled_from(("same", "different", "skip")),
    ),
    max_size=12,
)
Said = list[tuple[list[str], str]]


def table(said: Said) -> pa.Table:
    alike = {"by": "petra", "at": AT, "why": ""}
    rows = [
        alike | {"doc_id_a": a, "doc_id_b": b, "verdict": verdict, "judgement_id": f"j{n}"}
        for n, ((a, b), verdict) in enumerate(said)
    ]
    return pa.Table.from_pylist(rows, JUDGEMENTS)


@settings(max_examples=500, deadline=None)
@given(SAID)
def test_the_last_on_a_pair_binds_and_chains_of_same_are_found(said: Said) -> None:
    last = {(a, b): (verdict, f"j{n}") for n, ((a, b), verdict) in enumerate(said)}
    bound = binding(table(said))
    assert [(r["doc_id_a"], r["doc_id_b"]) for r in bound.to_pylist()] == sorted(last)
    assert {
        (r["doc_id_a"], r["doc_id_b"]): (r["verdict"], r["judgement_id"]) for r in bound.to_pylist()
    } == last
    same = {pair for pair, (verdict, _) in last.items() if verdict == "same"}
    label = {doc: doc for doc in DOCS}
    for _ in DOCS:  # smaller names spread over the pairs until nothing changes
        for a, b in same:
            label[a] = label[b] = min(label[a], label[b])
    assert groups(bound) == {doc: label[doc] for pair in same for doc in pair}
    wrong = {
        pair
        for pair, (verdict, _) in last.items()
        if verdict == "different" and label[pair[0]] == label[pair[1]]
    }
    chains = contradictions(bound)
    assert {(chain[0], chain[-1]) for chain in chains} == wrong
    for chain in chains:
        assert all(tuple(sorted(link)) in same for link in pairwise(chain))
        assert len(chain) == shortest(same, chain[0], chain[-1])


def shortest(same: set[tuple[str, str]], a: str, b: str) -> int:
    """Documents on the shortest chain, by widening the circle around one of its ends."""
    circle, steps = {a}, 1
    while b not in circle:
        circle |= {other for pair in same if circle & set(pair) for other in pair}
        steps += 1
    return steps
