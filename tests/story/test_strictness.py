"""Three strictnesses nest: what is one story strictly is one story, and what is one story is one loosely."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.params import Params
from pipeline.segments import LEDGER, PAIRS, TIME
from pipeline.story.strictness import loose_ids, nearly, strict_ids
from tests.story.copies import Copy, column, prose

BODY = tuple(prose(n, 40) for n in range(10))
NONE = LEDGER.empty_table()


def ids(*names: str) -> pa.Array:
    return pa.array(names, pa.string())


def created(*names: str) -> pa.Table:
    rows = [{"run_id": "r", "seq": n, "change": "created", "story_id": name} for n, name in enumerate(names)]
    return pa.Table.from_pylist(rows, LEDGER)


def test_strict_groups_are_of_texts_that_are_all_but_the_same() -> None:
    near = (*BODY[:9], f"{BODY[9]} and so on")
    copies = [Copy("a", BODY), Copy("b", near), Copy("c", BODY), Copy("d", BODY[:3]), Copy("e", BODY[:3])]
    assert column(copies, "strict") == [0, 0, 0, 3, 3]


def test_the_group_with_the_oldest_copy_keeps_the_storys_id() -> None:
    times = pa.array([3, 2, 1, 1], TIME)
    found = strict_ids(ids("s", "s", "s", "t"), np.array([0, 0, 2, 3]), times, ids("d0", "d1", "d2", "d3"))
    digest = hashlib.sha256(b"d1").hexdigest()[:8]
    assert found.to_pylist() == [f"s.{digest}", f"s.{digest}", "s", "t"]


def test_of_stories_that_are_tied_the_first_gives_the_id() -> None:
    stories = ids("v", "s", "u", "t")
    a, b = np.array([3, 2]), np.array([2, 1])
    assert loose_ids(stories, a, b).to_pylist() == ["v", "s", "s", "s"]


def test_only_pairs_refused_near_the_line_tie() -> None:
    rows = [
        ("refused", "second_look", -1.0),
        ("refused", "second_look", -9.0),
        ("refused", "weak_bridge", 3.0),
        ("refused", "digest", 3.0),
        ("refused", "first_look", 3.0),
        ("accepted", "second_look", 3.0),
        ("refused", "second_look", None),
    ]
    names = ("decision", "rule", "score")
    pairs = pa.table(
        {
            name: pa.array(values, PAIRS.field(name).type)
            for name, values in zip(names, zip(*rows, strict=True), strict=True)
        }
    )
    assert nearly(pairs, Params()).to_pylist() == [True, False, True, True, False, False, False]


@settings(deadline=None, max_examples=600)
@given(st.data())
def test_the_ids_nest(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 30))
    story = np.array(data.draw(st.lists(st.integers(0, 7), min_size=n, max_size=n)))
    part = np.array(data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)))
    _, firsts, group = np.unique(story * 4 + part, return_index=True, return_inverse=True)
    times = pa.array(data.draw(st.lists(st.integers(0, 5), min_size=n, max_size=n)), TIME)
    stories = ids(*(f"s{number}" for number in range(8)))
    ties = np.array(
        data.draw(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=6)), np.int64
    )
    a, b = ties.reshape(-1, 2).T
    loose = loose_ids(stories, a, b).take(pa.array(story)).to_pylist()
    whole = stories.take(pa.array(story))
    doc_ids = ids(*(f"d{number:02d}" for number in range(n)))
    strict = strict_ids(whole, firsts[group], times, doc_ids).to_pylist()
    told = list(zip(strict, whole.to_pylist(), loose, group.tolist(), strict=True))
    for finer, coarser in ((3, 0), (0, 1), (1, 2)):
        assert len({(row[finer], row[coarser]) for row in told}) == len({row[finer] for row in told})
    assert len(set(strict)) == len(firsts)
    assert set(whole.to_pylist()) <= set(strict)
    assert set(loose) <= set(stories.to_pylist())
