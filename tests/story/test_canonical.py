"""The canonical copy is the text that the copies agree on; how the others stand to it is told."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.match.words import Words, read_words
from pipeline.params import Params
from pipeline.segments import PAGES
from pipeline.story.canonical import choose

PARAMS = Params()
WORDS = [f"{a}{b}" for a in "bcdfghklmnprstvz" for b in ("ador", "elin", "imast", "oruth", "unde", "yk")]


def prose(seed: int, words: int) -> list[str]:
    pick = random.Random(seed)
    return [pick.choice(WORDS) for _ in range(words)]


BODY = prose(1, 400)
FULL = " ".join(BODY)
TEASER = " ".join(BODY[:70])
INSERT = " ".join([*BODY[:200], *prose(2, 40), *BODY[200:]])


Row = tuple[str, str, str | None, tuple[str, ...]]  # outlet, body, service, notices


def pages(*rows: Row) -> pa.Table:
    """Pages from (outlet, body, service, notices), doc ids in order."""
    columns = {
        "doc_id": [f"d{i}" for i in range(len(rows))],
        "outlet_id": [row[0] for row in rows],
        "body": [row[1] for row in rows],
        "headline": ["A headline"] * len(rows),
        "wire_service": [row[2] for row in rows],
        "notices": [list(row[3]) for row in rows],
        "published_at": [None] * len(rows),
    }
    return pa.table({name: pa.array(values, PAGES.field(name).type) for name, values in columns.items()})


def read(table: pa.Table) -> Words:
    return read_words(table["body"].combine_chunks())


def chosen(*rows: Row) -> pa.Table:
    """The choice among copies of one story."""
    return choose(pages(*rows), np.zeros(len(rows), np.int64), read, PARAMS)


def test_neither_a_teaser_nor_a_local_insert_is_canonical() -> None:
    found = chosen(
        ("a", TEASER, "AP", ()),
        ("b", INSERT, "AP", ()),
        ("c", FULL, "AP", ()),
        ("d", f"{FULL} ends", "AP", ()),
    )
    assert set(found["chosen"].to_pylist()) <= {2, 3}
    assert found["relation"].to_pylist()[:2] == ["truncated", "near"]


def test_an_insert_that_is_much_of_the_text_is_told_as_extended() -> None:
    long = " ".join([*BODY, *prose(3, 100)])
    found = chosen(("a", FULL, "AP", ()), ("b", FULL, "AP", ()), ("c", long, "AP", ()))
    assert found["relation"].to_pylist() == ["canonical", "exact", "extended"]


def test_a_copy_that_credits_its_wire_is_preferred() -> None:
    found = chosen(("a", FULL, None, ()), ("b", FULL, "CNN", ()), ("c", FULL, None, ()))
    assert found["chosen"].to_pylist() == [1, 1, 1]
    assert "credits CNN" in found["reason"][0].as_py()


def test_the_version_that_two_outlets_carry_wins_over_the_shorter_one() -> None:
    update = " ".join([*BODY, *prose(4, 200)])
    found = chosen(
        *((name, FULL, "AP", ()) for name in "abc"), ("d", update, "AP", ()), ("e", update, "AP", ())
    )
    assert found["chosen"].to_pylist() == [3] * 5


def test_a_kill_notice_stands_for_nothing() -> None:
    found = chosen(("a", FULL, "AFP", ("kill",)), ("b", TEASER, "AFP", ()))
    assert found["chosen"].to_pylist() == [1, 1]


def test_a_single_copy_is_its_own_canonical_and_is_not_read() -> None:
    def unread(_: pa.Table) -> Words:
        raise AssertionError("a story with one copy was read")

    found = choose(pages(("a", FULL, None, ()), ("b", TEASER, None, ())), np.array([7, 3]), unread, PARAMS)
    assert found["chosen"].to_pylist() == [0, 1]
    assert found["reason"].to_pylist() == ["the only copy"] * 2
    assert found["relation"].to_pylist() == ["canonical"] * 2


def test_the_headline_that_most_copies_ran_decides_among_equals() -> None:
    table = pages(*((name, FULL, "AP", ()) for name in "abcd"))
    table = table.set_column(3, "headline", [["One", "Two", "TWO", "Three"]])
    found = choose(table, np.zeros(4, np.int64), read, PARAMS)
    assert found["chosen"].to_pylist() == [1] * 4


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5), st.booleans()), min_size=1, max_size=12))
def test_stories_chosen_together_are_chosen_as_each_alone(docs: list[tuple[int, int, bool]]) -> None:
    """What is told of a story rests on its own copies: it does not matter what else is worked on."""
    texts = [FULL, TEASER, INSERT, f"{FULL} ends", " ".join(prose(5, 90)), ""]
    rows: list[Row] = [
        (f"o{n % 3}", texts[text], "AP" if credited else None, ())
        for n, (_, text, credited) in enumerate(docs)
    ]
    stories = np.array([story for story, *_ in docs])
    together = choose(pages(*rows), stories, read, PARAMS).to_pylist()
    for story in set(stories.tolist()):
        own = np.flatnonzero(stories == story)
        for row, place in zip(chosen(*(rows[n] for n in own)).to_pylist(), own, strict=True):
            assert row | {"chosen": int(own[row["chosen"]])} == together[place]
