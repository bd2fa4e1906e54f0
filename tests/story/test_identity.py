"""Ids are kept, merged and split by rule; the ledger replays; batches change the partition never."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.segments import CLUSTERS, LEDGER, TIME
from pipeline.story.identity import (
    Replayed,
    dated,
    identify,
    live,
    live_count,
    newborn,
    seen_days,
    stories_of,
)
from tests.story.oracle import Groups, events_of, ledger, replay, rows_of, run

DOCS = "abcdefgh"
# for each run: the documents that it has, and the cluster of each
RUNS = st.lists(
    st.tuples(st.sets(st.sampled_from(DOCS)), st.lists(st.integers(0, 3), min_size=8, max_size=8)),
    min_size=1,
    max_size=6,
)
Labelled = tuple[set[str], list[int]]


def groups_of(docs: set[str], labels: list[int]) -> Groups:
    found = [sorted(d for d, of in zip(DOCS, labels, strict=True) if of == k and d in docs) for k in range(4)]
    return [group for group in found if group]


def words(*groups: str) -> Groups:
    """Clusters from words: each letter is a document."""
    return [sorted(group) for group in groups]


def changes(history: list[pa.Table]) -> list[str]:
    return [change for change in history[-1]["change"].to_pylist() if change != "absorbed"]


def partition(stories: dict[str, str]) -> set[frozenset[str]]:
    return {frozenset(d for d in stories if stories[d] == story) for story in set(stories.values())}


def event_rows(events: pa.Table) -> list[tuple[str | None, ...]]:
    names = ("change", "story_id", "other_story_id", "doc_id")
    return list(zip(*(events[name].to_pylist() for name in names), strict=True))


def test_a_story_keeps_its_id_as_it_grows() -> None:
    history: list[pa.Table] = []
    before = run(history, words("bc", "x"))
    after = run(history, words("abcd", "x"))
    assert {after[doc] for doc in "abcd"} == {before["b"]}
    assert changes(history) == []


def test_a_rerun_changes_nothing() -> None:
    history: list[pa.Table] = []
    run(history, words("abc", "x"))
    run(history, words("abc", "x"))
    assert history[-1].num_rows == 0


def test_the_larger_story_survives_a_merge_then_the_older() -> None:
    history: list[pa.Table] = []
    before = run(history, words("a", "bcd"))
    after = run(history, words("abcd"))
    assert set(after.values()) == {before["b"]}
    assert changes(history) == ["merged_into"]
    history = []
    run(history, words("z"))
    before = run(history, words("z", "a"))
    assert set(run(history, words("az")).values()) == {before["z"]}


def test_a_split_leaves_the_id_with_the_larger_part() -> None:
    history: list[pa.Table] = []
    before = run(history, words("abcde"))
    after = run(history, words("ab", "cde"))
    assert {after[doc] for doc in "cde"} == {before["a"]}
    assert after["a"] == after["b"] != before["a"]
    assert changes(history) == ["split_from"]


def test_an_id_is_never_minted_twice() -> None:
    history: list[pa.Table] = []
    first = run(history, words("a"))["a"]
    run(history, words("a", "bcd"))
    run(history, words("abcd"))
    again = run(history, words("a", "bcd"))["a"]
    assert again != first


@settings(max_examples=500, deadline=None)
@given(RUNS)
def test_all_clusters_give_the_events_of_the_rule(runs: list[Labelled]) -> None:
    """Documents only ever come in; the partition after a run is that of its clusters."""
    history: list[pa.Table] = []
    docs: set[str] = set()
    for new, labels in runs:
        docs |= new
        groups = groups_of(docs, labels)
        expected = events_of(groups, ledger(*history))
        stories = run(history, groups)
        assert event_rows(history[-1]) == expected
        assert history[-1]["seq"].to_pylist() == list(range(len(expected)))
        assert partition(stories) == {frozenset(group) for group in groups}
        events = ledger(*history)
        assert live_count(events) == len(groups)
        asked = pa.array([*reversed(DOCS), "unknown"])
        assert stories_of(events, asked).to_pylist() == [stories.get(doc) for doc in asked.to_pylist()]
        registry = replay(events)  # fails for an id that was minted twice
        ids = pa.array(sorted(registry.born), pa.string())
        assert live(events, ids).to_pylist() == [registry.live(story) for story in ids.to_pylist()]


@settings(max_examples=500, deadline=None)
@given(RUNS)
def test_the_clusters_of_touched_stories_give_what_all_give(runs: list[Labelled]) -> None:
    """A run is given whole stories only: those whose documents it did not put asunder are left out."""
    part: list[pa.Table] = []
    whole: list[pa.Table] = []
    docs: set[str] = set()
    before: dict[str, str] = {}
    for new, labels in runs:
        docs |= new
        groups = groups_of(docs, labels)
        untouched = {frozenset(group) for group in groups} & partition(before)
        touched = [group for group in groups if frozenset(group) not in untouched]
        before = run(part, touched)
        assert before == run(whole, groups)
        assert event_rows(part[-1]) == event_rows(whole[-1])


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.sampled_from(DOCS), min_size=2, max_size=8, unique=True),
    st.data(),
)
def test_what_was_merged_and_split_again_has_its_stories_back(docs: list[str], data: st.DataObject) -> None:
    """The survivor keeps its id through both; the other part is a story of a new id, out of the survivor."""
    cut = data.draw(st.integers(1, len(docs) - 1))
    parts = [docs[:cut], docs[cut:]]
    history: list[pa.Table] = []
    before = run(history, parts)
    kept = set(run(history, [docs]).values())
    after = run(history, parts)
    (survivor,) = kept
    born = replay(ledger(*history)).born
    largest = max(parts, key=lambda part: (len(part), -born[before[part[0]]]))
    assert survivor == before[largest[0]]
    larger, smaller = sorted(parts, key=lambda part: (-len(part), min(part)))
    assert {after[doc] for doc in larger} == kept
    (other,) = {after[doc] for doc in smaller}
    assert other not in before.values()
    assert partition(after) == partition(before)
    assert ("split_from", other, survivor, None) in event_rows(history[-1])


@settings(max_examples=500, deadline=None)
@given(RUNS, st.lists(st.integers(0, 60), min_size=8, max_size=8))
def test_a_story_has_the_day_on_which_the_first_of_its_documents_was_seen(
    runs: list[Labelled], hours: list[int]
) -> None:
    start = datetime(2031, 4, 7, tzinfo=UTC)
    at = {doc: start + timedelta(hours=hour) for doc, hour in zip(DOCS, hours, strict=True)}
    history: list[pa.Table] = []
    docs: set[str] = set()
    days: dict[str, date] = {}
    for number, (new, labels) in enumerate(runs):
        docs |= new
        events = identify(rows_of(groups_of(docs, labels)), Replayed(ledger(*history)), f"run{number}")
        born = newborn(events)
        seen = pa.array([at[doc] for doc in born["doc_id"].to_pylist()], TIME)
        history.append(dated(events, born, seen))
        assert history[-1].drop_columns("seen_day").equals(events.drop_columns("seen_day"))
        now = replay(ledger(*history)).stories()
        for story in set(now.values()) - days.keys():
            days[story] = min(at[doc] for doc in now if now[doc] == story).date()
        asked = pa.array([*days, "unknown"])
        assert seen_days(ledger(*history), asked).to_pylist() == [*days.values(), None]


def test_an_empty_run_over_an_empty_ledger_says_nothing() -> None:
    events = identify(CLUSTERS.empty_table(), Replayed(LEDGER.empty_table()), "run0")
    assert events.equals(LEDGER.empty_table())
    assert newborn(events).num_rows == 0 == live_count(events)
