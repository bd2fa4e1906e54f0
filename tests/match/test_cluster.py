"""Copies are found and verified exactly; what holds pieces of several stories ties none together."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.match.bridges import direct
from pipeline.match.cluster import _likeliest
from pipeline.match.clusters import Clusters
from pipeline.match.figures import FIGURES
from pipeline.match.fold import fold
from pipeline.match.kernels.groups import longest_members
from pipeline.match.scorecard import load_scorecard
from pipeline.match.verify import FLOOR, OPEN, Verdicts, Verifier
from pipeline.params import Params
from tests.match.texts import articles, grams, prose, rows

PARAMS = Params()


def folded(texts: list[str], params: Params = PARAMS) -> Clusters:
    return fold([rows(texts)], params, load_scorecard(None))


def verify(texts: list[str], pairs: np.ndarray) -> Verdicts:
    verifier = Verifier(articles(texts), load_scorecard(None), PARAMS)
    return verifier.settle(verifier.verify(pairs), np.arange(len(texts)))


def groups(texts: list[str]) -> set[frozenset[str]]:
    labels = folded(texts).labels
    return {frozenset(t for t, o in zip(texts, labels, strict=True) if o == label) for label in labels}


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.sampled_from("abcde"), max_size=40).map(" ".join), min_size=2, max_size=5))
def test_figures_are_those_of_the_sets(texts: list[str]) -> None:
    n = len(texts)
    pairs = np.array([(i, j) for i in range(n) for j in range(i + 1, n)])
    verdicts = verify(texts, pairs)
    for row, (i, j) in enumerate(pairs.tolist()):
        a, b = grams(texts[i]), grams(texts[j])
        assert verdicts.shared[row] == len(a & b)
        assert verdicts.jaccard[row] == pytest.approx(len(a & b) / max(len(a | b), 1))
        assert verdicts.containment_ab[row] == pytest.approx(len(a & b) / max(len(a), 1))
        assert verdicts.containment_ba[row] == pytest.approx(len(a & b) / max(len(b), 1))


def copies(story: int, pick: random.Random) -> list[str]:
    """A story in full, cut to its first paragraphs, and with a paragraph of a station's own in it."""
    body = prose(1000 + story, pick.randrange(150, 900)).split()
    at = pick.randrange(len(body))
    return [
        " ".join(body),
        " ".join(body[: pick.randrange(60, 120)]),
        " ".join([*body[:at], *prose(5000 + story, 40).split(), *body[at:]]),
    ]


def test_no_copy_above_the_rule_is_missed_by_more_than_one_in_two_hundred() -> None:
    """Against brute force over the pairs of each story: components of the accepted pairs."""
    pick = random.Random(7)
    texts = [text for story in range(400) for text in copies(story, pick)]
    labels = folded(texts).labels
    pairs = np.array([(3 * s + i, 3 * s + j) for s in range(400) for i in range(3) for j in range(i + 1, 3)])
    true = pairs[verify(texts, pairs).accepted]
    assert len(true) > 1100
    assert (labels[true[:, 0]] != labels[true[:, 1]]).mean() < 0.005
    assert (labels == np.repeat(labels[::3], 3)).mean() > 0.99
    assert len(set(labels[::3].tolist())) == 400


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
    assert "digest" in folded(texts).refused_as


def test_a_teaser_in_a_digest_stays_with_its_story() -> None:
    body = prose(40, 400)
    teaser = " ".join(body.split()[:60])
    copy = f"{body} {prose(42, 10)}"
    digest = f"{teaser} {prose(41, 200)}"
    texts = [digest, teaser, body, copy]
    assert groups(texts) == {frozenset({body, copy, teaser}), frozenset({digest})}
    assert "weak_bridge" in folded(texts).refused_as


def test_equal_texts_fold_whatever_the_typography() -> None:
    body = prose(50, 80) + " it's 1,200 feet"
    curly = body.replace("'", "’").replace("1,200", "1200")
    assert groups([body, curly]) == {frozenset({body, curly})}


def test_equal_stubs_prove_nothing() -> None:
    stub = prose(55, 12)
    assert folded([stub, stub]).labels.tolist() == [0, 1]


@pytest.mark.parametrize("texts", [[], [""], ["", "", "a"]])
def test_next_to_nothing_clusters_to_nothing(texts: list[str]) -> None:
    assert folded(texts).labels.tolist() == list(range(len(texts)))


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


def versions(seed: int, copies: int) -> list[str]:
    """Copies of a story and of its rewritten version, of which half is new: pairs that rarity decides."""
    lead, body, news = (prose(seed + i, words).split() for i, words in enumerate((90, 160, 160)))
    edits = [prose(seed + 10 + i, 6).split() for i in range(2 * copies)]
    first = [" ".join([*lead, *body, *edits[i]]) for i in range(copies)]
    second = [" ".join([*lead[:60], *news, *body[:80], *edits[copies + i]]) for i in range(copies)]
    return first + second


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_doubtful_pairs_are_asked_a_few_times_in_any_order(seed: int, order: random.Random) -> None:
    texts = versions(100 * seed, 6)
    shuffled = list(texts)
    order.shuffle(shuffled)
    assert groups(shuffled) == groups(texts)
    every = folded(texts, replace(PARAMS, doubtful_pairs=1000))
    assert folded(texts).labels.tolist() == every.labels.tolist()


def test_texts_that_hold_as_much_of_each_other_tie_by_their_words() -> None:
    """Two halves swapped: of neither can be said that it lies in the other, whatever their numbers."""
    verdicts = verify(
        [f"{prose(80, 60)} {prose(81, 90)}", f"{prose(82, 90)} {prose(80, 60)}"], np.array([[0, 1]])
    )
    assert verdicts.containment_ab == verdicts.containment_ba
    for digests in (np.array([1, 2], np.uint64), np.array([2, 1], np.uint64)):
        guest, host = (int(docs[0]) for docs in direct(verdicts, digests))
        assert digests[guest] < digests[host]


def test_of_equally_long_texts_the_digest_decides_which_is_the_longest() -> None:
    roots, lengths, texts = np.array([0, 0, 0, 3]), np.array([90, 80, 90, 70]), np.arange(4)
    for digests, longest in (([5, 1, 7, 2], 0), ([7, 1, 5, 2], 2)):
        found = np.empty(4, np.int64)
        longest_members(roots, lengths, np.array(digests, np.uint64), texts, found)
        assert found.tolist() == [longest, 1, 2, 3]


def test_of_doubtful_pairs_the_likeliest_are_asked() -> None:
    n = 9
    pairs = np.array([(a, b) for a in range(3) for b in range(3, n)])
    rule = np.full(len(pairs), OPEN, np.int8)
    rule[0] = FLOOR
    score = np.arange(len(pairs)) / 10
    figures = np.zeros((len(pairs), len(FIGURES)), np.float32)
    verdicts = Verdicts(pairs, np.zeros((len(pairs), 3), np.int64), figures, score, rule)
    roots = np.array([0, 0, 0, 3, 3, 3, 6, 6, 0])  # the last is joined with the first three
    asked = _likeliest(verdicts, roots, np.arange(n, dtype=np.uint64), replace(PARAMS, doubtful_pairs=2))
    assert pairs[asked].tolist() == [[2, 4], [2, 5], [2, 6], [2, 7]]


def test_of_many_copies_few_pairs_are_verified() -> None:
    """A hundred editions are 4,950 pairs; each band joins what it finds, and the rest is not asked."""
    shared = prose(60, 300).split()
    found = folded([" ".join([*shared, f"edition{i}"]) for i in range(100)])
    assert len(set(found.labels.tolist())) == 1
    assert found.candidates < 200
    assert found.capped > 0
