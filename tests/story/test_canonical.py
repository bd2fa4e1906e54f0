"""The canonical copy is the text that the copies agree on; how the others stand to it is told."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa

from pipeline.match.sign import shingle
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


def pages(*rows: tuple[str, str, str | None, tuple[str, ...]]) -> pa.Table:
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


def chosen(*rows: tuple[str, str, str | None, tuple[str, ...]]) -> pa.Table:
    table = pages(*rows)
    docs = shingle(table["body"].combine_chunks(), PARAMS)
    return choose(docs, table, np.zeros(len(rows), np.int64), PARAMS)


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


def test_a_single_copy_is_its_own_canonical() -> None:
    found = chosen(("a", FULL, None, ()))
    assert found.to_pylist()[0]["reason"] == "the only copy"
