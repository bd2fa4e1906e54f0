"""Words are the tokens of a readable oracle, whatever the script, the typography and the batches."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.match.kernels.scan import MARKS
from pipeline.match.normalise import SEPARATOR, folding
from pipeline.match.words import LINE, NUMBER, Words, WordStore, read_words
from tests.match.texts import prose, tokens

NASTY = "ab1 2,.-’'\u00ad\u200b“渡轮éß½ﬁ\n\r\u2028\u0301カ㌖ŉＡ１٣한🙂𝐀𠀀İﷺ\u0085_/"


def words_of(words: Words, doc: int) -> list[int]:
    return words.words[words.starts[doc] : words.ends[doc]].tolist()


# words of all lengths around the sixteen letters that two loads hold, and what may stand between them
PIECES = st.sampled_from(
    ["a", "Abcdefgh", "abcdefghijklmno", "abcdefghijklmnop", "abcdefghijklmnopq" * 3, "1,234.5"]
)
LONG = st.lists(st.tuples(PIECES, st.text(st.sampled_from(" \n,.’é—渡7"), max_size=3)), max_size=40).map(
    lambda parts: "".join(word + between for word, between in parts)
)


@settings(max_examples=700, deadline=None)
@given(st.lists(st.text(st.sampled_from(NASTY), max_size=40) | LONG, min_size=1, max_size=4))
@example(["1-1-½\u200b.½"])
@example(["a1,2", "1\u200b,2", ",1", "1,", "1.\u0301"])
@example(["abcdefgh abcdefghi", "abcdefghabcdefgh"])
def test_words_are_the_oracles_tokens(texts: list[str]) -> None:
    words = read_words(pa.array(texts))
    meaning: dict[int, str] = {}
    hashes: dict[str, int] = {}
    for doc, text in enumerate(texts):
        found = words_of(words, doc)
        expected = tokens(text)
        assert [bool(word & NUMBER) for word in found] == [token.number for token in expected]
        assert [bool(word & LINE) for word in found] == [token.opens_line for token in expected]
        for word, token in zip(found, expected, strict=True):
            assert meaning.setdefault(word & ~3, token.text) == token.text
            assert hashes.setdefault(token.text, word & ~3) == word & ~3


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_read_as_the_oracle_reads_it(text: str) -> None:
    assert len(words_of(read_words(pa.array([text])), 0)) == len(tokens(text))


def test_marks_that_are_not_looked_up_are_separators() -> None:
    kinds = folding().kinds
    assert {int(kinds[point]) for point in MARKS} == {SEPARATOR}


def test_typography_changes_nothing() -> None:
    plain = "He said: \"It's 1,200 feet -- and rising\", the co-op's cafe head told the Bellhaven paper."
    curly = "He said: “It’s 1200 feet — and rising”,\nthe co-op’s café head told the Bell\u00adhaven paper."
    decomposed = curly.replace("é", "e\u0301")
    digests = read_words(pa.array([plain, curly, decomposed, plain.replace("1,200", "1,201")])).digests()
    assert digests[0] == digests[1] == digests[2] != digests[3]


def test_order_of_words_is_told_apart() -> None:
    digests = read_words(pa.array(["one two three", "two one three", "one two three three"])).digests()
    assert len(set(digests.tolist())) == 3


def test_batches_slices_and_nulls_make_no_difference() -> None:
    texts = [prose(seed, 20 + seed) for seed in range(40)] + ["", None, "渡轮今天早上离开港口" * 9]
    column = pa.array(texts * 20)
    whole = read_words(column)
    store = WordStore()
    for start in range(0, len(column), 7):
        store.add(column.slice(start, 7))
    batched = store.words()
    assert np.array_equal(whole.words, batched.words)
    assert np.array_equal(whole.ends, batched.ends)
    assert whole.lengths[40:43].tolist() == [0, 0, 90]


def test_large_columns_are_read_in_slices() -> None:
    """A column over several slices, one of whose texts is longer than a slice."""
    texts = [prose(1, 300), prose(2, 200_000), *(prose(seed, 900) for seed in range(3, 150))]
    whole = read_words(pa.array(texts))
    assert [words_of(whole, doc) for doc in (0, 1, 148)] == [
        words_of(read_words(pa.array([texts[doc]])), 0) for doc in (0, 1, 148)
    ]


def test_documents_are_taken_without_moving_their_words() -> None:
    words = read_words(pa.array([prose(seed, 30) for seed in range(5)]))
    taken = words.take(np.array([3, 0]))
    assert taken.words is words.words
    assert [words_of(taken, 0), words_of(taken, 1)] == [words_of(words, 3), words_of(words, 0)]
