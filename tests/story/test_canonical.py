"""The canonical copy is the text that the policy asks for; how the others stand to it is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.match.words import Words
from pipeline.params import Params
from pipeline.story.telling import tell
from pipeline.story.versions import shown
from tests.story.copies import PARAMS, Copy, column, pages, prose, told

BODY = tuple(prose(n, 50) for n in range(8))
TEASER = BODY[:2]
INSERT = (*BODY[:4], prose(20, 40), *BODY[4:])
ENDS = (*BODY[:-1], f"{BODY[-1]} ends")
UPDATE = (*BODY[:4], prose(21, 60), prose(22, 60), *BODY[4:])
FIX = "CORRECTION: An earlier version of this story misspelled the name of the ferry and of the captain."


def test_neither_a_teaser_nor_a_local_insert_is_canonical() -> None:
    copies = [Copy("a", TEASER), Copy("b", INSERT), Copy("c", BODY), Copy("d", ENDS)]
    assert set(column(copies, "chosen")) <= {2, 3}
    assert column(copies, "relation")[:2] == ["truncated", "near"]


def test_an_insert_that_is_much_of_the_text_is_told_as_extended() -> None:
    copies = [Copy("a", BODY), Copy("b", BODY), Copy("c", (*BODY, prose(3, 100)))]
    assert column(copies, "relation") == ["canonical", "exact", "extended"]


def test_a_copy_without_the_lead_is_an_excerpt() -> None:
    copies = [Copy("a", BODY), Copy("b", BODY), Copy("c", BODY[3:6])]
    assert column(copies, "relation") == ["canonical", "exact", "excerpt"]


def test_a_copy_that_credits_its_wire_is_preferred() -> None:
    copies = [Copy("a", BODY, service=None), Copy("b", BODY, service="CNN"), Copy("c", BODY, service=None)]
    assert column(copies, "chosen") == [1, 1, 1]
    assert "credits CNN" in column(copies, "reason")[0]


def test_a_newer_version_that_two_outlets_carry_stands_for_the_story() -> None:
    copies = [*(Copy(name, BODY) for name in "abc"), Copy("d", UPDATE, 2), Copy("e", UPDATE, 3)]
    assert column(copies, "chosen") == [3] * 5
    assert column(copies, "relation") == ["older_version"] * 3 + ["canonical", "exact"]
    assert "of version 2 (update)" in column(copies, "reason")[0]


def test_a_kill_notice_stands_for_nothing() -> None:
    copies = [Copy("a", BODY, notices=("kill",)), Copy("b", TEASER)]
    assert column(copies, "chosen") == [1, 1]
    assert column([Copy("a", BODY, notices=("kill",)), Copy("b", BODY, notices=("kill",))], "chosen") == [
        0,
        0,
    ]


def test_a_single_copy_is_its_own_canonical_and_is_not_read() -> None:
    def unread(_: pa.Table) -> Words:
        raise AssertionError("a story with one copy was read")

    copies = [Copy("a", BODY), Copy("b", TEASER, notices=("correction",))]
    rows = pages(copies)
    stories = np.array([7, 3])
    at = shown(rows, np.array([-1, -1]), rows["fetched_at"].combine_chunks())
    found = tell(rows, stories, stories, at, np.ones(2, bool), unread, PARAMS)
    assert found["chosen"].to_pylist() == [0, 1]
    assert found["reason"].to_pylist() == ["the only copy"] * 2
    assert found["relation"].to_pylist() == ["canonical"] * 2
    assert found["version_kind"].to_pylist() == ["initial", "correction"]


def test_what_was_taken_down_stands_for_nothing_while_another_can() -> None:
    copies = [
        Copy("a", BODY),
        Copy("b", BODY),
        Copy("c", BODY[:4]),
        Copy("d", UPDATE, 2),
        Copy("e", UPDATE, 3),
    ]
    free = told(copies)
    assert free["chosen"].to_pylist() == [3] * 5
    assert told(copies, taken=[3])["chosen"].to_pylist() == [4] * 5
    older = told(copies, taken=[3, 4])
    assert older["chosen"].to_pylist() == [free["representative"][0].as_py()] * 5
    assert told(copies, taken=[0, 3])["representative"].to_pylist() == [1, 1, 1, 4, 4]
    assert told(copies, taken=range(5))["chosen"].to_pylist() == [3] * 5
    assert told(copies, taken=[3])["version_no"].equals(free["version_no"])


def test_the_headline_that_most_copies_ran_decides_among_equals() -> None:
    copies = [
        Copy(name, BODY, headline=head) for name, head in zip("abcd", ("1", "Two", "TWO", "3"), strict=True)
    ]
    assert column(copies, "chosen") == [1] * 4


@pytest.mark.parametrize(
    ("policy", "chosen"),
    [
        ("most_confirmed_text", 5),
        ("most_complete", 4),
        ("latest_corrected", 3),
        ("earliest", 1),
        ("origin_first", 2),
    ],
)
def test_each_policy_takes_what_its_name_says(policy: str, chosen: int) -> None:
    fixed = (FIX, *UPDATE[:7])
    copies = [
        Copy("a", BODY, 2, canonical="https://wire.example/ferry"),
        Copy("b", BODY, 1),
        Copy("wire", TEASER, 3),
        Copy("c", fixed, 7, notices=("correction",), service=None),
        Copy("d", (*UPDATE, prose(30, 90)), 5),
        Copy("e", UPDATE[:-1], 6),
    ]
    found = told(copies, Params(canonical_policy=policy))
    assert found["chosen"].to_pylist() == [chosen] * len(copies)
    assert found["policy"].to_pylist() == [policy] * len(copies)


def test_preferred_outlets_are_asked_in_their_order_and_for_the_newest_version_only() -> None:
    copies = [
        Copy("a", BODY),
        Copy("b", BODY),
        Copy("c", UPDATE, 3),
        Copy("d", UPDATE, 4),
        Copy("e", UPDATE, 5),
    ]
    wanted = {"canonical_policy": "preferred_outlets", "preferred_outlets": ("a", "e", "d")}
    assert column(copies, "chosen", **wanted) == [4] * 5
    assert "preferred outlet e" in column(copies, "reason", **wanted)[0]
    nobody = wanted | {"preferred_outlets": ("a",)}
    assert column(copies, "chosen", **nobody) == column(copies, "chosen")


def test_a_paragraph_that_the_chosen_copy_lost_is_put_back_and_its_own_is_dropped() -> None:
    local = prose(40, 12)
    cut = (*BODY[:3], local, *BODY[4:])
    copies = [Copy("a", cut), *(Copy(name, BODY, service=None) for name in "bcd")]
    params = {"canonical_policy": "preferred_outlets", "preferred_outlets": ("a",)}
    assert column(copies, "chosen", **params) == [0] * 4
    assert column(copies, "repaired_body", **params)[0] == "\n".join(BODY)
    assert column(copies, "canonical_added", **params)[0] == [BODY[3]]
    assert column(copies, "canonical_dropped", **params)[0] == [local]
    one_owner = [copies[0], *(replace(copy, owner="Quill Group") for copy in copies[1:])]
    assert column(one_owner, "repaired_body", **params) == [None] * 4


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5), st.booleans()), min_size=1, max_size=12))
def test_stories_told_together_are_told_as_each_alone(docs: list[tuple[int, int, bool]]) -> None:
    """What is told of a story rests on its own copies: it does not matter what else is worked on."""
    texts = [BODY, TEASER, INSERT, ENDS, (prose(5, 90),), ("",)]
    copies = [
        Copy(f"o{n % 3}", texts[text], service="AP" if credited else None)
        for n, (_, text, credited) in enumerate(docs)
    ]
    stories = [story for story, *_ in docs]
    together = told(copies, stories=stories).to_pylist()
    for story in set(stories):
        own = [n for n, one in enumerate(stories) if one == story]
        for row, place in zip(told([copies[n] for n in own]).to_pylist(), own, strict=True):
            rows = {name: own[row[name]] for name in ("chosen", "representative", "strict", "independent")}
            assert row | rows == together[place]
