"""The checks of level error: what does not add up is not published. Pure, over Arrow columns.

Each asks of `rows` what can be wrong with them, and looks up in `every` what they must fit (scope.Scope).
"""

from __future__ import annotations

import hashlib

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import schema
from pipeline.counts import Counts
from pipeline.model import Run
from pipeline.params import Params
from pipeline.publish.parquet import is_sorted
from pipeline.publish.verdict import (
    Check,
    Tables,
    Wrong,
    distinct,
    equal,
    none,
    of_run,
    orphans,
    total,
    unmatched,
)

_PICKUP = ("story_id", "outlet_id")
_PLACED = ("story_id", "seen_day")
_EMPTY_BODY = hashlib.sha256(b"").hexdigest()
# the n_* of a story, and which table they count
_TOTALS = {
    "republications": "republications",
    "outlets": "republications",
    "owner_groups": "republications",
    "distinct_bodies": "republications",
    "versions": "versions",
}


def errors(rows: Tables, every: Tables, counts: Counts, run: Run, params: Params) -> list[Check]:
    """All checks of level error. `rows`, `every`: as in scope.Scope; `counts`: the pages of `run`."""
    return [
        *_conservation(every, counts, run),
        *_keys(rows, every),
        *_references(rows, every, run),
        *_identity(rows, every),
        *_totals(rows),
        *_content(rows, params),
        *_order(rows),
    ]


def _conservation(every: Tables, counts: Counts, run: Run) -> list[Check]:
    runs, held = of_run(every["runs"], run), of_run(every["quarantine"], run)
    copies = every["republications"]
    brought = total(pc.equal(copies["run_id"], run.run_id))
    settled = pc.add(
        pc.add(runs["published"], runs["unchanged"]), pc.add(runs["quarantined"], runs["skipped"])
    )
    return [
        equal(
            "pages_conserved",
            counts.settled,
            counts.fetched,
            "Every page taken up is published, unchanged, quarantined or skipped: none lost, none twice.",
            [("runs", runs)],
        ),
        none(
            "pages_conserved_by_outlet",
            [("runs", runs.filter(pc.not_equal(settled, runs["fetched"])))],
            "The same holds for each outlet of the run.",
        ),
        equal(
            "pages_in_runs",
            total(runs["fetched"]),
            counts.fetched,
            "The rows of `runs` add up to the run.",
            [("runs", runs)],
        ),
        equal(
            "pages_in_republications",
            brought,
            counts.published,
            "Each page counted as published is a row of `republications`.",
            # a lake's first run brought all of them: they are copied only to be shown
            [("republications", of_run(copies, run))] if brought != counts.published else (),
        ),
        equal(
            "pages_in_quarantine",
            len(held),
            counts.quarantined,
            "Each page counted as quarantined is a row of `quarantine`.",
            [("quarantine", held)],
        ),
    ]


def _keys(rows: Tables, every: Tables) -> list[Check]:
    checks = []
    for name, own in rows.items():
        key = schema.BY_NAME[name].key
        others = every[name].slice(len(own)).select(list(key))
        repeated = len(own) - distinct(own, key)
        if len(others):
            repeated += len(others.join(own.select(list(key)), keys=list(key), join_type="left semi"))
        reason = f"{', '.join(key)} names one row of `{name}`."
        wrong = [(name, _repeated(every[name], key))] if repeated else []
        checks.append(equal(f"{name}_key_unique", repeated, 0, reason, wrong))
    return checks


def _repeated(rows: pa.Table, key: tuple[str, ...]) -> pa.Table:
    """The rows whose key another row has, too, with their seen_day."""
    counted = rows.group_by(list(key)).aggregate([([], "count_all")])
    several = counted.filter(pc.greater(counted["count_all"], 1)).select(list(key))
    return rows.select([*key, "seen_day"]).join(several, keys=list(key), join_type="left semi")


def _references(rows: Tables, every: Tables, run: Run) -> list[Check]:
    stories, copies, edges = rows["stories"], rows["republications"], rows["edges"]
    docs, outlets = every["republications"]["doc_id"], rows["outlets"]["outlet_id"]
    canonical = copies.filter(pc.equal(copies["relation"], "canonical"))
    chosen = stories.select(["story_id", "canonical_doc_id"]).rename_columns(["story_id", "doc_id"])
    counted = _pickups(copies)
    return [
        none(
            "republications_without_story",
            [orphans("republications", copies, "story_id", stories["story_id"])],
            "Each republication belongs to a story.",
        ),
        none(
            "stories_without_republication",
            [orphans("stories", stories, "story_id", copies["story_id"])],
            "Each story has a republication.",
        ),
        none(
            "canonical_not_of_story",
            [unmatched("stories", chosen, canonical.select(["story_id", "doc_id"]))],
            "Each story's canonical_doc_id is the one republication of it that is marked canonical.",
            more=abs(len(canonical) - len(stories)),
            shown=[unmatched("republications", canonical, chosen)],
        ),
        none(
            "edges_without_republication",
            [orphans("edges", edges, end, docs) for end in ("doc_id_a", "doc_id_b")],
            "Each end of an edge is a republication.",
        ),
        none(
            "edges_not_of_story",
            [("edges", edges.filter(pc.invert(_of_an_end(edges, copies))))],
            "An edge's story is the story of one of its ends.",
        ),
        none(
            "republications_without_version",
            [unmatched("republications", copies, rows["versions"].select(["story_id", "version_no"]))],
            "Each republication is a copy of a version of its story.",
        ),
        none(
            "versions_without_republication",
            [orphans("versions", rows["versions"], "representative_doc_id", docs)],
            "What stands for a version is a republication.",
        ),
        none(
            "pickups_wrong",
            [unmatched("pickups", counted, rows["pickups"].select([*_PICKUP, "n_republications"]))],
            "`pickups` has one row for each outlet of a story, with how many copies it ran.",
            more=abs(len(counted) - len(rows["pickups"])),
            shown=[orphans("pickups", rows["pickups"], "story_id", copies["story_id"])],
        ),
        none(
            "outlets_unknown",
            [
                orphans("republications", every["republications"], "outlet_id", outlets),
                orphans("runs", of_run(every["runs"], run), "outlet_id", outlets),
            ],
            "Each outlet of a republication or of the run is a row of `outlets`.",
        ),
    ]


def _of_an_end(edges: pa.Table, copies: pa.Table) -> pa.ChunkedArray:
    """Whether an edge's story is that of an end."""
    of_end = [
        pc.equal(
            edges["story_id"], copies["story_id"].take(pc.index_in(edges[end], value_set=copies["doc_id"]))
        )
        for end in ("doc_id_a", "doc_id_b")
    ]
    return pc.fill_null(pc.or_kleene(*of_end), False)


def _pickups(copies: pa.Table) -> pa.Table:
    counted = copies.group_by(list(_PICKUP)).aggregate([([], "count_all")])
    return counted.rename_columns([*_PICKUP, "n_republications"]).cast(
        pa.schema([schema.PICKUPS.schema.field(name) for name in (*_PICKUP, "n_republications")])
    )


def _identity(rows: Tables, every: Tables) -> list[Check]:
    registry, changes, known = rows["registry"], rows["changes"], every["registry"]
    live = registry.filter(pc.equal(registry["state"], "live"))
    ends = known["story_id"].filter(pc.not_equal(known["state"], "merged"))
    return [
        none(
            "registry_not_of_stories",
            [
                orphans("stories", rows["stories"], "story_id", live["story_id"]),
                orphans("registry", live, "story_id", rows["stories"]["story_id"]),
            ],
            "The living ids of `registry` are those of `stories`.",
        ),
        none(
            "registry_leads_nowhere",
            [orphans("registry", known, "current_story_id", ends)],
            "Each id that was merged leads to one that was not.",
        ),
        none(
            "changes_without_story",
            [orphans("changes", changes, end, known["story_id"]) for end in ("story_id", "other_story_id")],
            "Each change is of ids that `registry` knows.",
        ),
    ]


def _totals(rows: Tables) -> list[Check]:
    """Each story's n_* against the republications and versions themselves."""
    copies = rows["republications"]
    numbers = {
        "story_id": copies["story_id"],
        "outlets": _numbered(copies["outlet_id"]),
        "owner_groups": _owners(copies["outlet_id"], rows["outlets"]),
        "distinct_bodies": _numbered(copies["body_sha256"]),
    }
    distinct_of = ["outlets", "owner_groups", "distinct_bodies"]
    counted = (
        pa.table(numbers)
        .group_by("story_id")
        .aggregate([([], "count_all"), *((name, "count_distinct") for name in distinct_of)])
        .rename_columns(["story_id", "republications", *distinct_of])
    )
    numbered = rows["versions"].group_by("story_id").aggregate([("version_no", "max")])
    numbered = numbered.rename_columns(["story_id", "versions"])
    joined = rows["stories"].drop_columns("seen_day").join(counted, keys="story_id", join_type="inner")
    joined = joined.join(numbered, keys="story_id", join_type="left outer")
    return [
        none(
            f"n_{what}_wrong",
            [_different(joined, f"n_{what}", what)],
            f"stories.n_{what} is what `{told_by}` says.",
        )
        for what, told_by in _TOTALS.items()
    ]


def _numbered(values: pa.ChunkedArray) -> pa.Array:
    """Equal values have equal numbers: these are counted at a third of the memory."""
    return values.combine_chunks().dictionary_encode().indices


def _owners(outlet_ids: pa.ChunkedArray, outlets: pa.Table) -> pa.Array:
    """The number of each outlet's owner group; an outlet without one is a group of its own."""
    alone = pc.binary_join_element_wise("outlet:", outlets["outlet_id"], "")
    groups = _numbered(pc.coalesce(outlets["owner_group"], alone))
    known = groups.take(pc.index_in(outlet_ids, value_set=outlets["outlet_id"]).combine_chunks())
    return pc.coalesce(known, pc.subtract(-1, _numbered(outlet_ids)))


def _different(joined: pa.Table, told: str, counted: str) -> Wrong:
    wrong = pc.fill_null(pc.not_equal(joined[told], joined[counted]), True)
    return "stories", joined.select(["story_id", told, counted]).filter(wrong)


def _content(rows: Tables, params: Params) -> list[Check]:
    copies, stories = rows["republications"], rows["stories"]
    tolerance = pa.scalar(int(params.future_tolerance_seconds * 1e6), pa.duration("us"))
    late = pc.fill_null(pc.greater(copies["published_at"], pc.add(copies["last_seen_at"], tolerance)), False)
    return [
        none(
            "bodies_empty",
            [("republications", copies.filter(_empty(copies))), ("stories", stories.filter(_empty(stories)))],
            "A page without text is quarantined, not published.",
        ),
        none(
            "dates_in_future",
            [("republications", copies.filter(late))],
            "No page was published after it was last seen, time zones and clocks allowed for.",
        ),
    ]


def _empty(rows: pa.Table) -> pa.ChunkedArray:
    return pc.or_(pc.less(rows["word_count"], 1), pc.equal(rows["body_sha256"], _EMPTY_BODY))


def _order(rows: Tables) -> list[Check]:
    stories = rows["stories"].select(list(_PLACED))
    unsorted = [
        name for name, own in rows.items() if not is_sorted(own, ("seen_day", *schema.BY_NAME[name].sort))
    ]
    return [
        none(
            "partition_wrong",
            [
                *(
                    unmatched(name, rows[name], stories)
                    for name in ("republications", "versions", "pickups", "edges")
                ),
                unmatched("stories", stories, rows["registry"].select(list(_PLACED))),
            ],
            "A row lies in the partition of its story, and a story in that of its first day.",
        ),
        none(
            "tables_unsorted",
            [],
            "Copies of a story lie side by side, as the manifest says.",
            more=len(unsorted),
        ),
    ]
