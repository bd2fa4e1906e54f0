"""Candidates hold what brute force finds; verdicts are exact; the order of documents changes nothing."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.match.candidates import candidates, representatives
from pipeline.match.cluster import Clusters, cluster
from pipeline.match.sign import shingle, sign
from pipeline.match.verify import RULES, Verdicts, verify
from pipeline.params import Params

PARAMS = Params()
WORDS = [f"{a}{b}" for a in "bcdfghklmnprstvz" for b in ("ador", "elin", "imast", "oruth", "unde", "yk")]


def prose(seed: int, words: int) -> str:
    pick = random.Random(seed)
    return " ".join(pick.choice(WORDS) for _ in range(words))


def folded(texts: list[str], params: Params = PARAMS) -> tuple[Verdicts, Clusters]:
    docs = shingle(pa.array(texts), params)
    found = candidates(docs, sign(docs, params), params)
    verdicts = verify(docs, found.pairs, params)
    return verdicts, cluster(docs, representatives(docs, params), verdicts, params)


def groups(texts: list[str]) -> set[frozenset[str]]:
    labels = folded(texts)[1].labels
    return {frozenset(t for t, o in zip(texts, labels, strict=True) if o == label) for label in labels}


def test_figures_are_exact() -> None:
    a, b = prose(1, 120), prose(2, 80)
    texts = [a, " ".join(a.split()[:60] + b.split()[:30])]
    verdicts, _ = folded(texts)
    first, second = ({tuple(w[i : i + 5]) for i in range(len(w) - 4)} for w in (t.split() for t in texts))
    assert verdicts.shared.tolist() == [len(first & second)]
    assert verdicts.jaccard[0] == pytest.approx(len(first & second) / len(first | second))
    assert verdicts.containment_ba[0] == pytest.approx(len(first & second) / len(second))
    assert verdicts.spans[0].tolist() == [0, 55, 0, 55]


def test_no_pair_above_the_rule_is_missed_by_more_than_one_in_a_hundred() -> None:
    pick = random.Random(7)
    texts = []
    for story in range(300):
        body = prose(1000 + story, pick.randrange(150, 500)).split()
        texts.append(" ".join(body))
        texts.append(" ".join(body[: pick.randrange(60, 120)]))
        at = pick.randrange(len(body))
        texts.append(" ".join([*body[:at], *prose(5000 + story, 40).split(), *body[at:]]))
    docs = shingle(pa.array(texts), PARAMS)
    found = {tuple(pair) for pair in candidates(docs, sign(docs, PARAMS), PARAMS).pairs.tolist()}
    n = len(texts)
    everything = np.array([(i, j) for i in range(n) for j in range(i + 1, min(i + 3, n))])
    true = {tuple(p) for p in everything[verify(docs, everything, PARAMS).accepted].tolist()}
    assert len(true) > 800
    assert len(true - found) / len(true) < 0.01


def test_a_truncated_copy_and_a_local_insert_join_their_story() -> None:
    body = prose(11, 400)
    teaser = " ".join(body.split()[:70])
    insert = " ".join([*body.split()[:200], *prose(12, 50).split(), *body.split()[200:]])
    assert groups([body, teaser, insert, prose(13, 300)]) == {
        frozenset({body, teaser, insert}),
        frozenset({prose(13, 300)}),
    }


def test_a_digest_ties_no_stories_together() -> None:
    bodies = [prose(20 + i, 400) for i in range(3)]
    teasers = [" ".join(body.split()[:60]) for body in bodies]
    digest = " ".join([teasers[0], prose(31, 20), teasers[1], prose(32, 20), teasers[2]])
    texts = [*bodies, *teasers, digest]
    assert groups(texts) == {
        *(frozenset({b, t}) for b, t in zip(bodies, teasers, strict=True)),
        frozenset({digest}),
    }
    assert "digest" in folded(texts)[1].refused_as


def test_a_teaser_in_a_digest_stays_with_its_story() -> None:
    body = prose(40, 400)
    teaser = " ".join(body.split()[:60])
    copy = f"{body} {prose(42, 10)}"
    digest = f"{teaser} {prose(41, 200)}"
    texts = [digest, teaser, body, copy]
    assert groups(texts) == {frozenset({body, copy, teaser}), frozenset({digest})}
    assert "weak_bridge" in folded(texts)[1].refused_as


def test_a_template_with_new_numbers_is_another_story() -> None:
    def report(first: int) -> str:
        return " ".join(f"{prose(70 + i, 24)} {first + i} points." for i in range(12))

    monday, tuesday = report(1000), report(2000)
    verdicts, clusters = folded([monday, tuesday])
    assert verdicts.jaccard[0] > PARAMS.accept_jaccard or verdicts.containment[0] > PARAMS.accept_containment
    assert RULES[verdicts.rule[0]] == "template_numbers"
    assert clusters.labels.tolist() == [0, 1]


def test_equal_texts_fold_whatever_the_typography() -> None:
    body = prose(50, 80) + " it's 1,200 feet"
    assert groups([body, body.replace("'", "’").replace("1,200", "1200")]) == {
        frozenset({body, body.replace("'", "’").replace("1,200", "1200")})
    }


def test_equal_stubs_prove_nothing() -> None:
    stub = prose(55, 12)
    assert folded([stub, stub])[1].labels.tolist() == [0, 1]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_order_of_documents_changes_nothing(seed: int, order: random.Random) -> None:
    bodies = [prose(seed + i, 200).split() for i in range(4)]
    texts = [" ".join(body) for body in bodies]
    texts += [" ".join(body[: 50 + 10 * i]) for i, body in enumerate(bodies)]
    texts += [" ".join(bodies[0][:60] + bodies[1][:60]), " ".join(bodies[2][:150] + bodies[3][:40])]
    shuffled = list(texts)
    order.shuffle(shuffled)
    assert groups(shuffled) == groups(texts)


def test_a_bucket_too_large_is_counted_and_still_joins() -> None:
    shared = prose(60, 300).split()
    texts = [" ".join([*shared, f"edition{i}"]) for i in range(100)]
    docs = shingle(pa.array(texts), PARAMS)
    found = candidates(docs, sign(docs, PARAMS), PARAMS)
    assert found.capped > 0
    assert len(groups(texts)) == 1
