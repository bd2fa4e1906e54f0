"""Each check finds its own fault in a release that otherwise adds up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import schema
from pipeline.counts import Counts
from pipeline.publish import checks, soundness
from pipeline.publish.changes import count_changed
from pipeline.publish.manifest import CheckResult, FileEntry, Manifest, TableFiles
from pipeline.publish.parquet import sort_order
from pipeline.publish.past import NO_PAST
from tests.publish import sample
from tests.publish.sample import FERRY, FIRST, PARAMS, SECOND, World

Tables = dict[str, pa.Table]


def candidate(world: World) -> Tables:
    """The tables as the checks get them: in published order, with seen_day."""
    found = {}
    for name, by_day in sample.tables(world).items():
        declared = schema.BY_NAME[name]
        parts = [declared.schema.empty_table().append_column("seen_day", pa.array([], pa.date32()))]
        for day, rows in by_day.items():
            placed = rows.take(sort_order(rows, declared.sort))
            parts.append(placed.append_column("seen_day", pa.array([day] * len(rows), pa.date32())))
        found[name] = pa.concat_tables(parts).select([*checks.COLUMNS[name], "seen_day"])
    return found


def broken(tables: Tables, counts: Counts = FIRST.counts, **more: object) -> set[str]:
    table = checks.run_checks(tables, counts, run=FIRST.run, params=PARAMS, **more).table  # type: ignore[arg-type]
    assert table.schema.equals(schema.CHECKS.schema)
    return {row["check"] for row in table.to_pylist() if not row["ok"]}


def put(table: str, column: str, row: int, value: object) -> Callable[[Tables], Tables]:
    """Replace one value."""

    def change(tables: Tables) -> Tables:
        rows = tables[table]
        values = rows[column].to_pylist()
        values[row] = value
        field = rows.schema.field(column)
        at = rows.schema.get_field_index(column)
        return tables | {table: rows.set_column(at, field, pa.array(values, field.type))}

    return change


def twice(table: str) -> Callable[[Tables], Tables]:
    return lambda tables: tables | {table: pa.concat_tables([tables[table], tables[table].slice(0, 1)])}


def backwards(table: str) -> Callable[[Tables], Tables]:
    return lambda tables: tables | {table: tables[table].take(list(range(len(tables[table])))[::-1])}


def test_a_sound_release_passes() -> None:
    assert broken(candidate(FIRST)) == set()


# republications of FIRST in order: ferry-1, ferry-0, ferry-2, orchard-0
@pytest.mark.parametrize(
    ("fault", "name"),
    [
        (twice("stories"), "stories_key_unique"),
        (twice("republications"), "republications_key_unique"),
        (twice("edges"), "edges_key_unique"),
        (twice("boilerplate"), "boilerplate_key_unique"),
        (twice("quarantine"), "pages_in_quarantine"),
        (put("republications", "story_id", 3, "s-nowhere"), "republications_without_story"),
        (put("stories", "story_id", 1, "s-nowhere"), "stories_without_republication"),
        (put("stories", "canonical_doc_id", 0, "d-orchard-0"), "canonical_not_of_story"),
        (put("stories", "canonical_doc_id", 0, "d-ferry-1"), "canonical_not_of_story"),
        (put("republications", "relation", 0, "canonical"), "canonical_not_of_story"),
        (put("edges", "doc_id_b", 0, "d-nowhere"), "edges_without_republication"),
        (put("edges", "story_id", 0, "s-orchard"), "edges_not_of_story"),
        (twice("versions"), "versions_key_unique"),
        (twice("pickups"), "pickups_key_unique"),
        (put("republications", "version_no", 0, 2), "republications_without_version"),
        (put("versions", "representative_doc_id", 0, "d-nowhere"), "versions_without_republication"),
        (put("pickups", "n_republications", 0, 2), "pickups_wrong"),
        (put("pickups", "outlet_id", 0, "nobody"), "pickups_wrong"),
        (put("stories", "n_versions", 0, 2), "n_versions_wrong"),
        (put("versions", "seen_day", 0, sample.TUESDAY), "partition_wrong"),
        (put("republications", "outlet_id", 0, "nobody"), "outlets_unknown"),
        (put("runs", "outlet_id", 0, "nobody"), "outlets_unknown"),
        (put("stories", "n_republications", 0, 2), "n_republications_wrong"),
        (put("stories", "n_outlets", 0, 2), "n_outlets_wrong"),
        (put("stories", "n_owner_groups", 0, 3), "n_owner_groups_wrong"),
        (put("stories", "n_distinct_bodies", 0, 3), "n_distinct_bodies_wrong"),
        (put("republications", "word_count", 0, 0), "bodies_empty"),
        (put("stories", "body_sha256", 0, soundness._EMPTY_BODY), "bodies_empty"),
        (
            put("republications", "published_at", 1, datetime(2031, 4, 9, 9, tzinfo=UTC)),
            "dates_in_future",
        ),
        (put("stories", "seen_day", 0, sample.TUESDAY), "partition_wrong"),
        (put("edges", "seen_day", 0, sample.TUESDAY), "partition_wrong"),
        (put("registry", "seen_day", 0, sample.TUESDAY), "partition_wrong"),
        (put("registry", "state", 0, "removed"), "registry_not_of_stories"),
        (put("registry", "story_id", 1, "s-nowhere"), "registry_not_of_stories"),
        (put("registry", "current_story_id", 0, "s-nowhere"), "registry_leads_nowhere"),
        (put("registry", "state", 1, "merged"), "registry_leads_nowhere"),
        (put("changes", "story_id", 0, "s-nowhere"), "changes_without_story"),
        (put("changes", "other_story_id", 0, "s-nowhere"), "changes_without_story"),
        (twice("changes"), "changes_key_unique"),
        (backwards("republications"), "tables_unsorted"),
        (put("runs", "fetched", 0, 3), "pages_conserved_by_outlet"),
        (put("runs", "fetched", 0, 3), "pages_in_runs"),
        (put("republications", "run_id", 0, "r0"), "pages_in_republications"),
    ],
)
def test_a_fault_is_found(fault: Callable[[Tables], Tables], name: str) -> None:
    tables = fault(candidate(FIRST))
    assert name in broken(tables)
    table = checks.run_checks(tables, FIRST.counts, run=FIRST.run, params=PARAMS).table
    assert any(line.startswith(f"{name} is ") for line in checks.failing(table))


def test_a_lost_page_is_found() -> None:
    assert "pages_conserved" in broken(candidate(FIRST), replace(FIRST.counts, fetched=6))


def test_a_time_within_the_tolerance_is_no_fault() -> None:
    soon = datetime(2031, 4, 8, 17, tzinfo=UTC)
    assert broken(put("republications", "published_at", 1, soon)(candidate(FIRST))) == set()


def test_warnings_name_the_outlet_and_stop_nothing() -> None:
    many = replace(FIRST, quarantined=tuple(f"https://channel-40.example/{n}" for n in range(9)))
    past = replace(NO_PAST, releases=(manifest(0.1), manifest(0.9), manifest(0.1)))
    table = checks.run_checks(candidate(many), many.counts, run=many.run, params=PARAMS, past=past).table
    rows = {row["check"]: row for row in table.to_pylist() if not row["ok"]}
    assert rows.keys() == {"outlet_readable_share", "outlets_quarantined", "duplicate_share_drift"}
    assert rows["outlet_readable_share"]["detail"] == "channel-40"
    assert rows["outlet_readable_share"]["value"] == pytest.approx(0.1)
    assert rows["outlets_quarantined"]["detail"] == "channel-40: too_short 90% of 10"
    assert rows["duplicate_share_drift"]["value"] == pytest.approx(0.65), "against the median, not the last"
    assert checks.failing(table) == []


def manifest(share: float = 0.75, rows: Mapping[str, int] | None = None) -> Manifest:
    """A release before, with its duplicate share and how many rows some of its tables had."""
    return Manifest(
        release="rel-0", previous=None, created_at=FIRST.run.now, run_id="r0", data_runs=("r0",),
        code_version="0", schema_version=1, params_digest="", params={}, counts=Counts(), changed_stories=0,
        tables={
            name: TableFiles("", (), (FileEntry("", name, None, count, 0, ""),))
            for name, count in (rows or {}).items()
        },
        checks=(CheckResult("duplicate_share", share, 1.0, "<=", "warn", True),),
    )  # fmt: skip


def test_only_this_run_is_counted_against_this_run() -> None:
    tables = candidate(SECOND)
    table = checks.run_checks(tables, SECOND.counts, run=SECOND.run, params=PARAMS).table
    assert checks.failing(table) == []
    assert len(FERRY.copies) + 1 > SECOND.counts.published


ROWS = st.dictionaries(
    st.sampled_from("abcdef"),
    st.tuples(
        st.none() | st.integers(0, 2), st.lists(st.sampled_from(["", "x", "y"]), max_size=2), st.booleans()
    ),
)
COLUMNS = pa.schema(
    [
        ("key", pa.string()),
        ("number", pa.int32()),
        pa.field("names", schema.STRINGS, nullable=False),
        ("flag", pa.bool_()),
    ]
)


@given(before=ROWS, after=ROWS)
def test_changes_are_counted_as_by_hand(before: dict[str, tuple], after: dict[str, tuple]) -> None:
    def table(rows: dict[str, tuple]) -> pa.Table:
        columns = list(zip(*((key, *values) for key, values in rows.items()), strict=True)) or [[]] * 4
        return pa.table([pa.array(list(c), f.type) for c, f in zip(columns, COLUMNS, strict=True)], COLUMNS)

    expected = sum(before.get(key) != after.get(key) for key in before.keys() | after.keys())
    assert count_changed(table(before), table(after), "key") == expected
