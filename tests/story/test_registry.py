"""The registry is what the replay of `changes` gives, release by release, and it forgets no id."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.schema import CHANGES, STORIES
from pipeline.story.identity import BORN, Replayed, identify
from pipeline.story.registry import DATED, WATCHED, changes, registry_after
from tests.story.oracle import ledger, replay, rows_of

DOCS = "abcdef"
DAY = date(2031, 4, 7)
# for each release: runs that came in, each with the cluster of each document; the stories of the
# documents that are gone are gone, too; of the rest the canonical document and the status
RELEASES = st.lists(
    st.tuples(
        st.lists(st.lists(st.integers(0, 2), min_size=6, max_size=6), max_size=2),
        st.sets(st.sampled_from(DOCS), max_size=3),
        st.integers(0, 5),
        st.sets(st.sampled_from(DOCS)),
    ),
    max_size=5,
)


def told(runs: list[pa.Table], labels: list[int]) -> pa.Table:
    """A run's events over all documents, each birth with a day."""
    groups = [[d for d, of in zip(DOCS, labels, strict=True) if of == k] for k in sorted(set(labels))]
    events = identify(rows_of(groups), Replayed(ledger(*runs)), f"run{len(runs)}")
    born = pa.compute.is_in(events["change"], value_set=BORN)
    days = pa.compute.if_else(born, pa.scalar(DAY), pa.scalar(None, pa.date32()))
    return events.set_column(events.schema.get_field_index("seen_day"), "seen_day", days)


def stories(of: dict[str, list[str]], pick: int, killed: set[str]) -> pa.Table:
    """The columns of schema.STORIES that are watched."""
    rows: list[dict[str, Any]] = [
        {
            "story_id": story,
            "canonical_doc_id": docs[pick % len(docs)],
            "pub_status": "canceled" if killed & set(docs) else "usable",
            "canonical_reason": "the longest",
            "n_versions": len(docs),
        }
        for story, docs in of.items()
    ]
    schema = pa.schema([STORIES.schema.field(name) for name in WATCHED])
    return pa.Table.from_pylist([{name: row[name] for name in WATCHED} for row in rows], schema)


def replayed(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The registry by the meaning of `changes`, one row after the other."""
    found: dict[str, dict[str, Any]] = {}
    named: dict[str, list[str]] = {}
    for row in rows:
        story, change = row["story_id"], row["change"]
        if change in ("created", "split_from"):
            assert story not in found
            found[story] = {"into": None, "state": "live", "seen_day": date.fromisoformat(row["after"])}
        elif change == "merged_into":
            found[story] |= {"into": row["other_story_id"], "state": "merged"}
        elif change == "removed":
            found[story]["state"] = "removed"
        elif change == "canonical_changed":
            found[story]["state"] = "live"
        for one in {story, row["other_story_id"]} - {None}:
            releases = named.setdefault(one, [])
            releases += [row["release"]] if row["release"] not in releases else []
    for story, row in found.items():
        end = story
        while into := found[end]["into"]:
            end = into
        row |= {
            "story_id": story,
            "current_story_id": end,
            "story_revision": len(named[story]),
            "first_release": named[story][0],
            "last_changed_release": named[story][-1],
        }
    return found


@settings(max_examples=500, deadline=None)
@given(RELEASES)
def test_the_registry_is_the_replay_of_all_changes(
    releases: list[tuple[list[list[int]], set[str], int, set[str]]],
) -> None:
    runs: list[pa.Table] = []
    registry, everything = DATED.empty_table(), CHANGES.schema.empty_table()
    before = stories({}, 0, set())
    for number, (came, gone, pick, killed) in enumerate(releases):
        fresh = [runs.append(told(runs, labels)) or runs[-1] for labels in came]
        of: dict[str, list[str]] = {}
        for doc, story in sorted(replay(ledger(*runs)).stories().items()):
            of.setdefault(story, []).extend([doc] if doc not in gone else [])
        after = stories({story: docs for story, docs in of.items() if docs}, pick, killed)
        new = changes(ledger(*fresh), before, after, registry, f"rel{number}", everything.num_rows)
        assert new.schema.equals(CHANGES.schema)
        registry, everything = registry_after(registry, new), pa.concat_tables([everything, new])
        expected = replayed(everything.to_pylist())
        assert {row["story_id"]: row for row in registry.to_pylist()} == {
            story: {name: row[name] for name in DATED.names} for story, row in expected.items()
        }
        assert everything["seq"].to_pylist() == list(range(everything.num_rows))
        assert set(expected) == set(replay(ledger(*runs)).born), "no id is forgotten"
        lives = {story for story, row in expected.items() if row["state"] == "live"}
        assert lives == set(after["story_id"].to_pylist())
        assert changes(ledger(), after, after, registry, "again", 0).num_rows == 0
        before = after


def test_what_changed_says_from_what_to_what_and_why() -> None:
    runs = [told([], [0, 0, 0, 1, 1, 2])]
    a, d, f = replay(runs[0]).stories()["a"], replay(runs[0]).stories()["d"], replay(runs[0]).stories()["f"]
    before = stories({a: ["a", "b", "c"], d: ["d", "e"], f: ["f"]}, 0, set())
    registry = registry_after(
        DATED.empty_table(), changes(runs[0], stories({}, 0, set()), before, DATED.empty_table(), "one", 0)
    )
    after = stories({a: ["a", "b", "c"], d: ["d", "e"]}, 1, {"e"})
    rows = changes(ledger(), before, after, registry, "two", 9).to_pylist()
    shown = {(r["seq"], r["change"], r["story_id"], r["before"], r["after"], r["reason"]) for r in rows}
    first, second = sorted([(a, "a", "b"), (d, "d", "e")])
    assert shown == {
        (9, "canonical_changed", *first, "the longest"),
        (10, "canonical_changed", *second, "the longest"),
        (11, "status_changed", d, "usable", "canceled", "by the notices of its republications"),
        (12, "removed", f, None, None, "none of its republications is left"),
    }
    assert {row["run_id"] for row in rows} == {row["release"] for row in rows} == {"two"}
