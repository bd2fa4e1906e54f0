"""Ids are kept, merged and split by rule; the ledger replays; batches change the partition never."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipeline.segments import LEDGER
from pipeline.story.identity import Registry, identify, replay, stories_of


def named(*groups: str) -> dict[str, list[str]]:
    """Clusters from words: each letter is a document."""
    return {min(group): sorted(group) for group in groups}


def run(ledger: list[pa.Table], *groups: str) -> dict[str, str]:
    """One run over the clusters; the story of each document afterwards."""
    registry = replay(pa.concat_tables([LEDGER.empty_table(), *ledger]))
    ledger.append(identify(named(*groups), registry, f"run{len(ledger)}"))
    after = replay(pa.concat_tables(ledger))
    return {doc: after.live(story) for doc, story in after.story_of.items()}


def changes(ledger: list[pa.Table]) -> list[str]:
    return [change for change in ledger[-1]["change"].to_pylist() if change != "absorbed"]


def partition(stories: dict[str, str]) -> set[frozenset[str]]:
    return {frozenset(d for d in stories if stories[d] == story) for story in set(stories.values())}


def test_a_story_keeps_its_id_as_it_grows() -> None:
    ledger: list[pa.Table] = []
    before = run(ledger, "bc", "x")
    after = run(ledger, "abcd", "x")
    assert {after[doc] for doc in "abcd"} == {before["b"]}
    assert changes(ledger) == []


def test_a_rerun_changes_nothing() -> None:
    ledger: list[pa.Table] = []
    run(ledger, "abc", "x")
    run(ledger, "abc", "x")
    assert ledger[-1].num_rows == 0


def test_the_larger_story_survives_a_merge_then_the_older() -> None:
    ledger: list[pa.Table] = []
    before = run(ledger, "a", "bcd")
    after = run(ledger, "abcd")
    assert set(after.values()) == {before["b"]}
    assert changes(ledger) == ["merged_into"]
    ledger = []
    before = run(ledger, "z")
    before = run(ledger, "z", "a")
    assert set(run(ledger, "az").values()) == {before["z"]}


def test_a_split_leaves_the_id_with_the_larger_part() -> None:
    ledger: list[pa.Table] = []
    before = run(ledger, "abcde")
    after = run(ledger, "ab", "cde")
    assert {after[doc] for doc in "cde"} == {before["a"]}
    assert after["a"] == after["b"] != before["a"]
    assert changes(ledger) == ["split_from"]


def test_an_id_is_never_minted_twice() -> None:
    ledger: list[pa.Table] = []
    first = run(ledger, "a")["a"]
    run(ledger, "a", "bcd")
    run(ledger, "abcd")
    again = run(ledger, "a", "bcd")["a"]
    assert again != first


@given(st.lists(st.lists(st.integers(0, 3), min_size=8, max_size=8), min_size=1, max_size=6))
def test_stories_always_equal_the_clusters_of_the_last_run(runs: list[list[int]]) -> None:
    ledger: list[pa.Table] = []
    for labels in runs:
        groups = [
            "".join(d for d, of in zip("abcdefgh", labels, strict=True) if of == k) for k in set(labels)
        ]
        stories = run(ledger, *groups)
        asked = pa.array([*"hgfedcba", "unknown"])
        live = stories_of(pa.concat_tables(ledger), asked).to_pylist()
        assert live == [stories.get(doc) for doc in asked.to_pylist()]
        assert partition(stories) == {frozenset(group) for group in groups}
        born = [
            story
            for table in ledger
            for change, story in zip(table["change"].to_pylist(), table["story_id"].to_pylist(), strict=True)
            if change in ("created", "split_from")
        ]
        assert len(born) == len(set(born))


def test_an_empty_ledger_gives_an_empty_registry() -> None:
    assert replay(LEDGER.empty_table()) == Registry()
