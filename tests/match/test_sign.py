"""Signatures equal datasketch's on the shingles of a readable oracle; anchors are the same for all texts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from datasketch import MinHash
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.match.kernels.shingles import shingles_of
from pipeline.match.sign import SCHEME, SEED, Signed, anchors, sign
from pipeline.match.words import Words, read_words
from pipeline.params import Params
from tests.match.texts import grams, prose

PARAMS = Params()
TEXTS = [
    "The ferry left Osprey Bay at 6:40 a.m. with 1,204 people aboard, officials said.",
    "“It’s a river now,” she said — and the council’s 2.5% levy didn’t help.",
    "渡轮今天早上离开港口，船上有一千二百人。",
    "",
    "one two",
    prose(1, 700),
]


def signed(texts: list[str]) -> tuple[Words, Signed]:
    words = read_words(pa.array(texts))
    return words, sign(words, PARAMS)


def shingles(words: Words, doc: int, width: int = 5) -> list[int]:
    room = np.empty(len(words.words) + 1, np.uint32)
    count = shingles_of(words.words, words.starts[doc], words.ends[doc], width, room)
    return room[:count].tolist()


def test_signatures_equal_datasketch_bit_for_bit() -> None:
    words, found = signed(TEXTS)
    for doc in range(len(TEXTS)):
        theirs = MinHash(num_perm=128, seed=SEED, scheme=SCHEME, hashfunc=lambda value: value)
        theirs.update_batch(shingles(words, doc))
        assert np.array_equal(found.signatures[doc], theirs.hashvalues), TEXTS[doc]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(st.sampled_from("abcd"), max_size=30).map(" ".join), min_size=1, max_size=4))
def test_shingles_are_the_word_n_grams(texts: list[str]) -> None:
    """Many repeats of few words: shingles are equal where the 5-grams are, and nowhere else."""
    words = read_words(pa.array(texts))
    expected = [grams(text) for text in texts]
    found = [set(shingles(words, doc)) for doc in range(len(texts))]
    for one, theirs in zip(found, expected, strict=True):
        assert len(one) == len(theirs)
        for other, of_other in zip(found, expected, strict=True):
            assert len(one & other) == len(theirs & of_other)


def test_where_lines_break_changes_no_shingle() -> None:
    words = read_words(pa.array([prose(2, 60), prose(2, 60).replace(" ", "\n")]))
    assert shingles(words, 0) == shingles(words, 1)


def test_a_copy_has_the_anchors_of_what_it_copies() -> None:
    body = prose(3, 2000)
    part = " ".join(body.split()[:300])
    held: list[set[int]] = [set(), set(), set()]
    for anchor in anchors(read_words(pa.array([body, part, f"{prose(4, 100)} {body}"])), PARAMS).tolist():
        held[anchor & 0xFFFFFFFF].add(anchor >> 32)
    assert held[1] <= held[0]
    assert len(held[1]) > PARAMS.lead_shingles / PARAMS.lead_anchor_rate / 2
    # what is a lead in one text and not in the other is lost, and nothing else
    assert len(held[0] - held[2]) <= PARAMS.lead_shingles
    assert len(held[0] & held[2]) > 0.7 * 2000 / PARAMS.anchor_rate


def test_threads_and_blocks_make_no_difference() -> None:
    texts = [prose(seed, 400) for seed in range(6)] * 1500
    words, found = signed(texts)
    alone = sign(words.take(np.arange(6)), PARAMS)
    assert np.array_equal(found.signatures, np.tile(alone.signatures, (1500, 1)))
    assert np.array_equal(found.digests, words.digests())
    held = anchors(words, PARAMS)
    assert len(held) == 1500 * len(anchors(words.take(np.arange(6)), PARAMS))
    assert (np.diff(held) > 0).all()


@pytest.mark.parametrize(
    ("name", "value"),
    [("num_perm", 126), ("shingle_words", 0), ("anchor_rate", 0), ("min_shared_shingles", 0), ("bands", 43)],
)
def test_params_that_no_kernel_takes_are_refused(name: str, value: int) -> None:
    with pytest.raises(ValueError, match="must"):
        replace(PARAMS, **{name: value})
