"""Signatures equal datasketch's; tokens equal those of a readable oracle."""

from __future__ import annotations

import unicodedata

import numpy as np
import pyarrow as pa
from datasketch import MinHash
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.match.sign import SCHEME, SEED, shingle, sign
from pipeline.params import Params

PARAMS = Params()
TEXTS = [
    "The ferry left Osprey Bay at 6:40 a.m. with 1,204 people aboard, officials said.",
    "“It’s a river now,” she said — and the council’s 2.5% levy didn’t help.",
    "渡轮今天早上离开港口，船上有一千二百人。",
    "",
    "one two",
]


def oracle_tokens(text: str) -> list[str]:
    """What the kernel should see, written to be read."""
    text = unicodedata.normalize("NFKC", text).lower()
    tokens: list[str] = []
    word = ""
    for i, char in enumerate(text):
        kind = unicodedata.category(char)
        alone = any(a <= ord(char) <= b for a, b in ((0x0E00, 0x0EFF), (0x3041, 0x30FF), (0x3400, 0x9FFF)))
        grouping = (
            char in ",." and i > 0 and text[i - 1].isdecimal() and text[i + 1 : i + 2] in set("0123456789")
        )
        if kind == "Cf" or (grouping and word):
            continue
        if kind[0] in "LMN" and not alone:
            word += char
            continue
        if word:
            tokens.append(word)
            word = ""
        if alone and kind[0] in "LM":
            tokens.append(char)
    return [*tokens, word] if word else tokens


def grams(text: str) -> set[tuple[str, ...]]:
    tokens = oracle_tokens(text)
    return {tuple(tokens[i : i + 5]) for i in range(max(len(tokens) - 4, 1))} if tokens else set()


def column(*texts: str) -> pa.Array:
    return pa.array(texts, pa.string())


def test_signatures_equal_datasketch_bit_for_bit() -> None:
    docs = shingle(column(*TEXTS), PARAMS)
    signatures = sign(docs, PARAMS)
    start = 0
    for i in range(len(docs)):
        theirs = MinHash(num_perm=128, seed=SEED, scheme=SCHEME, hashfunc=lambda value: value)
        theirs.update_batch([int(value) for value in docs.sets[start : docs.set_ends[i]]])
        start = int(docs.set_ends[i])
        assert np.array_equal(signatures[i], theirs.hashvalues), TEXTS[i]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.text(st.sampled_from("ab1 2,.-’'\u00ad\u200b“渡轮éß½ﬁ\n"), max_size=60), min_size=1, max_size=4
    )
)
def test_shingle_sets_equal_the_oracle(texts: list[str]) -> None:
    docs = shingle(column(*texts), PARAMS)
    assert docs.sizes.tolist() == [len(grams(text)) for text in texts]
    everything = [grams(text) for text in texts]
    starts = [0, *docs.set_ends.tolist()]
    sets = [set(docs.sets[starts[i] : starts[i + 1]].tolist()) for i in range(len(texts))]
    for i in range(len(texts)):
        for j in range(len(texts)):
            assert len(sets[i] & sets[j]) == len(everything[i] & everything[j])


def test_typography_changes_nothing() -> None:
    plain = "He said: \"It's 1,200 feet -- and rising\", the co-op's head told the Bellhaven paper."
    curly = "He said: “It’s 1200 feet — and rising”, the co-op’s head told the Bell\u00adhaven paper."
    docs = shingle(column(plain, curly), PARAMS)
    assert docs.digests[0] == docs.digests[1]


def test_numbers_are_counted_once_however_grouped() -> None:
    docs = shingle(column("It rose 1,200 points to 34,500.25, not 1200 points, on 5 March"), PARAMS)
    assert docs.number_counts.tolist() == [3]


def test_a_slice_of_a_column_reads_its_own_rows() -> None:
    whole = shingle(column(*TEXTS), PARAMS)
    part = shingle(column(*TEXTS)[1:3], PARAMS)
    assert part.digests.tolist() == whole.digests[1:3].tolist()
