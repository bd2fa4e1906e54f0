"""The gate before a release: what does not add up is not published. Pure, over Arrow columns.

Checks of level error stop the release; those of level warn are published in the `checks` table.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import schema
from pipeline.counts import Counts
from pipeline.model import Run
from pipeline.params import Params
from pipeline.publish.manifest import Manifest
from pipeline.publish.parquet import is_sorted
from pipeline.publish.watched import Check, Tables, of_run, total, warnings

# what the checks read of a candidate, so that no body is fetched: its digest says if it is empty
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "stories": (
        "story_id",
        "canonical_doc_id",
        "body_sha256",
        "word_count",
        "n_republications",
        "n_outlets",
        "n_owner_groups",
        "n_distinct_bodies",
        "n_versions",
    ),
    "republications": (
        "doc_id",
        "story_id",
        "version_no",
        "outlet_id",
        "relation",
        "body_sha256",
        "word_count",
        "published_at",
        "first_seen_at",
        "last_seen_at",
        "run_id",
    ),
    "versions": ("story_id", "version_no", "representative_doc_id"),
    "pickups": ("story_id", "outlet_id", "n_republications"),
    "edges": ("story_id", "doc_id_a", "doc_id_b"),
    "changes": ("seq", "story_id", "other_story_id"),
    "registry": ("story_id", "current_story_id", "state"),
    "outlets": ("outlet_id", "owner_group"),
    "wire_rules": ("rule", "pages", "recent_pages", "first_seen_at", "last_seen_at"),
    "boilerplate": ("outlet_id", "line_hash", "pages", "first_seen_at", "last_seen_at"),
    "templates": ("outlet_id", "layout", "version", "changed_at"),
    "runs": ("run_id", "outlet_id", "fetched", "published", "unchanged", "quarantined", "skipped"),
    "quarantine": ("run_id", "url"),
}

_PICKUP = ("story_id", "outlet_id")
_EMPTY_BODY = hashlib.sha256(b"").hexdigest()


def run_checks(
    tables: Tables, counts: Counts, *, run: Run, params: Params, before: Manifest | None = None
) -> pa.Table:
    """Check the tables of a candidate release; one row of `schema.CHECKS` a check, sorted by name.

    `tables`: for each table of `COLUMNS` at least those columns and `seen_day` (date32, null where the
    table is not partitioned), rows in published order. `counts`: the pages of `run`. `before`: the
    last release, for drift.
    """
    found = [
        *_conservation(tables, counts, run),
        *_keys(tables),
        *_references(tables, run),
        *_identity(tables),
        *_totals(tables),
        *_content(tables, params),
        *_order(tables),
        *warnings(tables, run, params, before),
    ]
    rows = [asdict(check) | {"ok": check.ok} for check in sorted(found, key=lambda check: check.check)]
    return pa.Table.from_pylist(rows, schema=schema.CHECKS.schema)


def failing(checks: pa.Table) -> list[str]:
    """One line a check of level error that does not hold; empty if the release may go out."""
    wrong = checks.filter(pc.and_(pc.equal(checks["level"], "error"), pc.invert(checks["ok"])))
    return [
        f"{row['check']} is {row['value']:g}, must be {row['comparison']} {row['limit']:g}"
        for row in wrong.to_pylist()
    ]


def _none(check: str, value: int, reason: str) -> Check:
    """A check of level error that counts what must not be."""
    return Check(check, float(value), 0.0, "==", "error", reason)


def _equal(check: str, value: int, limit: int, reason: str) -> Check:
    return Check(check, float(value), float(limit), "==", "error", reason)


def _conservation(tables: Tables, counts: Counts, run: Run) -> list[Check]:
    runs = of_run(tables["runs"], run)
    settled = pc.add(
        pc.add(runs["published"], runs["unchanged"]), pc.add(runs["quarantined"], runs["skipped"])
    )
    return [
        _equal(
            "pages_conserved",
            counts.settled,
            counts.fetched,
            "Every page taken up is published, unchanged, quarantined or skipped: none lost, none twice.",
        ),
        _none(
            "pages_conserved_by_outlet",
            total(pc.not_equal(settled, runs["fetched"])),
            "The same holds for each outlet of the run.",
        ),
        _equal(
            "pages_in_runs",
            total(runs["fetched"]),
            counts.fetched,
            "The rows of `runs` add up to the run.",
        ),
        _equal(
            "pages_in_republications",
            of_run(tables["republications"], run).num_rows,
            counts.published,
            "Each page counted as published is a row of `republications`.",
        ),
        _equal(
            "pages_in_quarantine",
            of_run(tables["quarantine"], run).num_rows,
            counts.quarantined,
            "Each page counted as quarantined is a row of `quarantine`.",
        ),
    ]


def _keys(tables: Tables) -> list[Check]:
    return [
        _none(
            f"{name}_key_unique",
            rows.num_rows - _distinct(rows, schema.BY_NAME[name].key),
            f"{', '.join(schema.BY_NAME[name].key)} names one row of `{name}`.",
        )
        for name, rows in tables.items()
    ]


def _references(tables: Tables, run: Run) -> list[Check]:
    stories, copies, edges = tables["stories"], tables["republications"], tables["edges"]
    docs, outlets = copies["doc_id"], tables["outlets"]["outlet_id"]
    canonical = copies.filter(pc.equal(copies["relation"], "canonical"))
    return [
        _none(
            "republications_without_story",
            _orphans(copies["story_id"], stories["story_id"]),
            "Each republication belongs to a story.",
        ),
        _none(
            "stories_without_republication",
            _orphans(stories["story_id"], copies["story_id"]),
            "Each story has a republication.",
        ),
        _none(
            "canonical_not_of_story",
            _unmatched(
                stories.select(["story_id", "canonical_doc_id"]).rename_columns(["story_id", "doc_id"]),
                canonical.select(["story_id", "doc_id"]),
            )
            + abs(canonical.num_rows - stories.num_rows),
            "Each story's canonical_doc_id is the one republication of it that is marked canonical.",
        ),
        _none(
            "edges_without_republication",
            _orphans(edges["doc_id_a"], docs) + _orphans(edges["doc_id_b"], docs),
            "Each end of an edge is a republication.",
        ),
        _none(
            "edges_not_of_story",
            _strays(edges, copies),
            "An edge's story is the story of one of its ends.",
        ),
        _none(
            "republications_without_version",
            _unmatched(
                copies.select(["story_id", "version_no"]),
                tables["versions"].select(["story_id", "version_no"]),
            ),
            "Each republication is a copy of a version of its story.",
        ),
        _none(
            "versions_without_republication",
            _orphans(tables["versions"]["representative_doc_id"], docs),
            "What stands for a version is a republication.",
        ),
        _none(
            "pickups_wrong",
            _unmatched(_pickups(copies), tables["pickups"].select([*_PICKUP, "n_republications"]))
            + abs(_distinct(copies, _PICKUP) - tables["pickups"].num_rows),
            "`pickups` has one row for each outlet of a story, with how many copies it ran.",
        ),
        _none(
            "outlets_unknown",
            _orphans(copies["outlet_id"], outlets)
            + _orphans(of_run(tables["runs"], run)["outlet_id"], outlets),
            "Each outlet of a republication or of the run is a row of `outlets`.",
        ),
    ]


def _strays(edges: pa.Table, copies: pa.Table) -> int:
    """Edges whose story is that of neither end."""
    of_end = [
        pc.equal(
            edges["story_id"], copies["story_id"].take(pc.index_in(edges[end], value_set=copies["doc_id"]))
        )
        for end in ("doc_id_a", "doc_id_b")
    ]
    return len(edges) - total(pc.fill_null(pc.or_kleene(*of_end), False))


def _pickups(copies: pa.Table) -> pa.Table:
    counted = copies.group_by(list(_PICKUP)).aggregate([([], "count_all")])
    return counted.rename_columns([*_PICKUP, "n_republications"]).cast(
        pa.schema([schema.PICKUPS.schema.field(name) for name in (*_PICKUP, "n_republications")])
    )


def _identity(tables: Tables) -> list[Check]:
    registry, changes = tables["registry"], tables["changes"]
    stories, ids = tables["stories"]["story_id"], registry["story_id"]
    live = ids.filter(pc.equal(registry["state"], "live"))
    ends = ids.filter(pc.not_equal(registry["state"], "merged"))
    return [
        _none(
            "registry_not_of_stories",
            _orphans(stories, live) + _orphans(live, stories),
            "The living ids of `registry` are those of `stories`.",
        ),
        _none(
            "registry_leads_nowhere",
            _orphans(registry["current_story_id"], ends),
            "Each id that was merged leads to one that was not.",
        ),
        _none(
            "changes_without_story",
            _orphans(changes["story_id"], ids) + _orphans(changes["other_story_id"].drop_null(), ids),
            "Each change is of ids that `registry` knows.",
        ),
    ]


def _totals(tables: Tables) -> list[Check]:
    """Each story's n_* against the republications and versions themselves."""
    groups = tables["outlets"].select(["outlet_id", "owner_group"])
    copies = tables["republications"].select(["doc_id", "story_id", "outlet_id", "body_sha256"])
    copies = copies.join(groups, keys="outlet_id", join_type="left outer")
    alone = pc.binary_join_element_wise("outlet:", copies["outlet_id"], "")
    owner = pc.coalesce(copies["owner_group"], alone)
    counted = (
        copies.set_column(copies.column_names.index("owner_group"), "owner_group", owner)
        .group_by("story_id")
        .aggregate(
            [
                ("doc_id", "count"),
                ("outlet_id", "count_distinct"),
                ("owner_group", "count_distinct"),
                ("body_sha256", "count_distinct"),
            ]
        )
        .rename_columns(["story_id", "republications", "outlets", "owner_groups", "distinct_bodies"])
    )
    numbered = tables["versions"].group_by("story_id").aggregate([("version_no", "max")])
    numbered = numbered.rename_columns(["story_id", "versions"])
    joined = tables["stories"].drop_columns("seen_day").join(counted, keys="story_id", join_type="inner")
    joined = joined.join(numbered, keys="story_id", join_type="left outer")
    return [
        _none(
            f"n_{what}_wrong",
            total(pc.fill_null(pc.not_equal(joined[f"n_{what}"], joined[what]), True)),
            f"stories.n_{what} is what `{told_by}` says.",
        )
        for what, told_by in (
            *((what, "republications") for what in ("republications", "outlets", "owner_groups")),
            ("distinct_bodies", "republications"),
            ("versions", "versions"),
        )
    ]


def _content(tables: Tables, params: Params) -> list[Check]:
    copies = tables["republications"]
    tolerance = pa.scalar(int(params.future_tolerance_seconds * 1e6), pa.duration("us"))
    latest = pc.add(copies["last_seen_at"], tolerance)
    return [
        _none(
            "bodies_empty",
            sum(
                total(pc.or_(pc.less(rows["word_count"], 1), pc.equal(rows["body_sha256"], _EMPTY_BODY)))
                for rows in (copies, tables["stories"])
            ),
            "A page without text is quarantined, not published.",
        ),
        _none(
            "dates_in_future",
            total(pc.greater(copies["published_at"], latest)),
            "No page was published after it was last seen, time zones and clocks allowed for.",
        ),
    ]


def _order(tables: Tables) -> list[Check]:
    placed = ["story_id", "seen_day"]
    stories = tables["stories"].select(placed)
    unsorted = [
        name for name, rows in tables.items() if not is_sorted(rows, ("seen_day", *schema.BY_NAME[name].sort))
    ]
    return [
        _none(
            "partition_wrong",
            sum(
                _unmatched(tables[name].select(placed), stories)
                for name in ("republications", "versions", "pickups", "edges")
            )
            + _unmatched(stories, tables["registry"].select(placed)),
            "A row lies in the partition of its story, and a story in that of its first day.",
        ),
        _none("tables_unsorted", len(unsorted), "Copies of a story lie side by side, as the manifest says."),
    ]


def _orphans(child: pa.ChunkedArray, parent: pa.ChunkedArray) -> int:
    return total(pc.invert(pc.is_in(child, value_set=parent)))


def _unmatched(child: pa.Table, parent: pa.Table) -> int:
    """Rows of `child` that are no row of `parent`; both have the same columns."""
    return len(child.join(parent, keys=child.column_names, join_type="left anti"))


def _distinct(rows: pa.Table, key: tuple[str, ...]) -> int:
    return len(rows.group_by(list(key)).aggregate([]))
