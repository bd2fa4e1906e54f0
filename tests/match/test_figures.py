"""The figures of a pair are those of a readable oracle, and rarity is counted over stories."""

from __future__ import annotations

from itertools import pairwise
from math import log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.match.figures import FIGURES, measure
from pipeline.match.frequencies import asked_of, frequencies, groups_holding, rare_shares
from pipeline.match.words import Words
from pipeline.params import Params
from tests.match.texts import articles, prose, tokens

PARAMS = Params(min_shared_shingles=1)
NAMES = list(FIGURES)
Gram = tuple[str, ...]


def grams_in_order(words: list[str]) -> list[Gram]:
    return [tuple(words[i : i + 5]) for i in range(max(len(words) - 4, 1))] if words else []


def share(values: list[bool]) -> float:
    return sum(values) / max(len(values), 1)


def covered(shared: list[bool], length: int) -> list[bool]:
    return [any(shared[max(k - 4, 0) : k + 1]) for k in range(length)]


def longest_run(shared: list[bool]) -> int:
    runs = "".join("x" if one else " " for one in shared).split()
    return max(map(len, runs), default=0)


def spread(shared: list[bool]) -> float:
    places = [place for place, one in enumerate(shared) if one]
    return (places[-1] - places[0] + 1) / len(shared)


def number_gaps(inside: list[bool], numbers: list[bool]) -> int:
    places = [place for place, one in enumerate(inside) if one]
    between = [range(a + 1, b) for a, b in pairwise(places) if b > a + 1]
    return sum(len(gap) <= 4 and any(numbers[k] for k in gap) for gap in between)


def oracle(a: str, b: str, heads: tuple[str, str], urls: tuple[str | None, str | None]) -> dict[str, float]:
    (small, small_head), (large, large_head) = sorted(
        [(tokens(a), heads[0]), (tokens(b), heads[1])], key=lambda side: len(side[0])
    )
    x, y = [t.text for t in small], [t.text for t in large]
    own, other = grams_in_order(x), grams_in_order(y)
    both = set(own) & set(other)
    mine, theirs = [g in both for g in own], [g in both for g in other]
    inside, over = covered(mine, len(x)), covered(theirs, len(y))
    loose = [w for w, held in zip(x, inside, strict=True) if not held]
    their_loose = {w for w, held in zip(y, over, strict=True) if not held}
    numbers = {t.text for t in small if t.number}
    head, their_head = ({t.text for t in tokens(text)} for text in (small_head, large_head))
    return {
        "containment": len(both) / len(set(own)),
        "containment_of_larger": len(both) / len(set(other)),
        "shared": log2(len(both) + 1),
        "word_containment": len(set(x) & set(y)) / len(set(x)),
        "opening": share(mine[:25]),
        "lead": share(mine[:60]),
        "tail": share(mine[-60:]),
        "larger_lead": share(theirs[:60]),
        "longest_run": log2(longest_run(mine) + 1),
        "run_share": longest_run(mine) / len(own),
        "spread": spread(mine),
        "larger_spread": spread(theirs),
        "larger_left_over": log2(len(y) - sum(over) + 1),
        "size": log2(len(x) + 1),
        "rewritten": share([w in their_loose for w in loose]) if loose else 1.0,
        "numbers": len(numbers & set(y)) / len(numbers) if numbers else -1.0,
        "number_gaps": log2(number_gaps(inside, [t.number for t in small]) + 1),
        "headline": len(head & their_head) / min(len(head), len(their_head)) if head and their_head else -1.0,
        "same_url": float(urls[0] is not None and urls[0] == urls[1]),
        "rare": -1.0,
    }


LETTERS = st.lists(st.sampled_from([*"abcdefgh", "12", "1,200"]), min_size=1, max_size=90)
EDITS = st.lists(st.tuples(st.integers(0, 90), st.sampled_from(["", "7", "z z", "12 a"])), max_size=6)


@settings(max_examples=300, deadline=None)
@given(
    LETTERS,
    EDITS,
    LETTERS,
    st.tuples(st.sampled_from(["", "a b c", "b c d"]), st.sampled_from(["", "c d"])),
    st.sampled_from([(None, None), ("u", "u"), ("u", "v")]),
)
def test_figures_are_those_of_the_oracle(
    words: list[str],
    edits: list[tuple[int, str]],
    more: list[str],
    heads: tuple[str, str],
    urls: tuple[str | None, str | None],
) -> None:
    edited = list(words)
    for place, word in edits:
        edited[place % len(edited)] = word
    a, b = " ".join(words), " ".join([*edited, *more])
    if len(tokens(a)) == len(tokens(b)):
        return  # which of equals is the smaller is not what is tested here
    found, sizes = measure(articles([a, b], list(heads), list(urls)), np.array([[0, 1]]), PARAMS)
    if sizes[0, 2]:
        assert dict(zip(NAMES, found[0].tolist(), strict=True)) == pytest.approx(
            oracle(a, b, heads, urls), abs=1e-5
        )
    else:
        assert not set(grams_in_order([t.text for t in tokens(a)])) & set(
            grams_in_order([t.text for t in tokens(b)])
        )


@settings(max_examples=50, deadline=None)
@given(LETTERS, LETTERS)
def test_the_order_of_a_pair_changes_nothing(x: list[str], y: list[str]) -> None:
    both = articles([" ".join(x), " ".join(y)])
    one, sizes = measure(both, np.array([[0, 1]]), PARAMS)
    other, turned = measure(both, np.array([[1, 0]]), PARAMS)
    assert np.array_equal(one, other)
    assert sizes[0].tolist() == turned[0, [1, 0, 2]].tolist()


def rarity(words: Words, pairs: np.ndarray, shared: np.ndarray, groups: np.ndarray, few: int) -> np.ndarray:
    """Of pairs that share so many shingles, the share of those that few groups hold."""

    def count(values: np.ndarray) -> np.ndarray:
        counted = frequencies(values, words.take, groups, 5)
        # by executors: of each half of the documents the groups that hold a value, no more than tell
        halves = [np.arange(half, len(words), 2) for half in (0, 1)]
        held = [groups_holding(values, words.take(half), groups[half], 5, few + 1) for half in halves]
        slots = np.unique(np.concatenate(held)) >> np.uint64(32)
        apart = np.bincount(slots.astype(np.int64), minlength=len(counted))
        assert np.array_equal(np.minimum(apart, few + 1), np.minimum(counted, few + 1))
        return counted

    return rare_shares(asked_of(words, pairs, shared, 5), count, few)


def test_words_are_rare_that_few_stories_share() -> None:
    """A statement that five stories quote is common, the text of two copies of one is rare."""
    statement = prose(1, 60)
    stories = [f"{prose(10 + i, 100)} {statement}" for i in range(5)]
    copies = [prose(30, 200), f"{prose(30, 200)} {prose(31, 20)}"]
    texts = articles([*stories, *copies, copies[0] + " indeed"])
    pairs = np.array([[0, 1], [5, 6]])
    _, sizes = measure(texts, pairs, PARAMS)
    groups = np.array([0, 1, 2, 3, 4, 5, 6, 5])
    rare = rarity(texts.words, pairs, sizes[:, 2], groups, 4)
    assert rare.tolist() == [0.0, 1.0]
    # once the stories are held to be one, their statement is theirs alone
    assert rarity(texts.words, pairs, sizes[:, 2], groups // 2, 4).tolist() == [1.0, 1.0]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(LETTERS, min_size=3, max_size=12),
    st.lists(st.integers(-1, 3), min_size=12, max_size=12),
    st.integers(0, 3),
)
def test_rarity_is_that_of_the_oracle(texts: list[list[str]], named: list[int], few: int) -> None:
    held = [set(grams_in_order([t.text for t in tokens(" ".join(words))])) for words in texts]
    groups = np.array(named[: len(texts)])
    both = held[0] & held[1]
    frequency = {
        g: len({k for k, s in zip(groups.tolist(), held, strict=True) if g in s and k >= 0}) for g in both
    }
    expected = sum(frequency[g] <= few for g in both) / max(len(both), 1)
    words = articles([" ".join(one) for one in texts]).words
    found = rarity(words, np.array([[0, 1]]), np.array([len(both)]), groups, few)
    assert found[0] == pytest.approx(expected)
