"""From pages, stories and pairs to the published tables, column by column.

Pure: Arrow in, Arrow out, every table in its declared schema. Rows are those of whole stories, of all or
of some, for what is told of a story rests on its own copies alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.columns import Table
from pipeline.model import Outlet
from pipeline.publish.rights import Rights
from pipeline.schema import EDGES, REPUBLICATIONS, STORIES

# columns of segments.TOLD that are published as they are
_TOLD = (
    "version_no",
    "relation",
    "jaccard",
    "paragraphs_omitted",
    "paragraphs_added",
    "n_paragraphs_omitted",
    "n_paragraphs_added",
    "local_insert",
    "headline_distance",
)


def republications(
    pages: pa.Table, told: pa.Table, placed: pa.Table, late: Mapping[str, pa.Array]
) -> pa.Table:
    """schema.REPUBLICATIONS of n pages (segments.PAGES), each at its first fetch.

    `told`: segments.TOLD of the same rows; `placed`: their story_id, story_id_strict, story_id_loose,
    first_seen_at, last_seen_at, replaced_at, gone_at; `late`: the columns of `timeline.outdated`.
    """
    headlines = pc.utf8_lower(pages["headline"].combine_chunks())
    inferred = _inferred(pages, placed["story_id"].combine_chunks())
    computed = {
        **{name: told[name] for name in _TOLD},
        **{name: placed[name] for name in placed.column_names},
        **late,
        "containment_in_canonical": told["in_canonical"],
        "containment_of_canonical": told["of_canonical"],
        "headline_changed": pc.not_equal(headlines, headlines.take(told["chosen"].combine_chunks())),
        "credit_present": pc.is_valid(pages["wire_service"]),
        "credit_dropped": pc.is_valid(inferred["wire_inferred"]),
        **inferred,
    }
    return _as(REPUBLICATIONS, {name: pages[name] for name in pages.column_names} | computed)


def _main_service(pages: pa.Table, story_ids: pa.Array) -> pa.Table:
    """story_id, wire_service, wire_confidence, copies, credited: the service that most copies credit; the
    surest, then the first by name, among equals; how many copies credit it, and how many credit any."""
    credits = pa.table({name: pages[name] for name in ("wire_service", "wire_confidence")})
    credits = credits.append_column("story_id", story_ids).filter(pc.is_valid(pages["wire_service"]))
    counted = credits.group_by(["story_id", "wire_service"]).aggregate(
        [("wire_service", "count"), ("wire_confidence", "max")]
    )
    order = [
        ("story_id", "ascending"),
        ("wire_service_count", "descending"),
        ("wire_confidence_max", "descending"),
        ("wire_service", "ascending"),
    ]
    names = ("wire_service", "wire_confidence_max", "wire_service_count")
    best = (
        counted.sort_by(order)
        .group_by("story_id", use_threads=False)
        .aggregate([*((name, "first") for name in names), ("wire_service_count", "sum")])
    )
    return best.rename_columns(["story_id", "wire_service", "wire_confidence", "copies", "credited"])


def _inferred(pages: pa.Table, story_ids: pa.Array) -> dict[str, pa.Array]:
    """For pages that credit nobody themselves: the story's service, how sure that is, and from how many
    copies; else null.

    As sure as the surest of those copies, times the share of them among the copies that credit anybody.
    """
    main = _main_service(pages, story_ids)
    share = pc.divide(main["copies"].cast(pa.float32()), main["credited"].cast(pa.float32()))
    told = {
        "wire_inferred": main["wire_service"],
        "wire_inferred_confidence": pc.multiply(main["wire_confidence"], share),
        "wire_inferred_copies": main["copies"],
    }
    at = pc.index_in(story_ids, main["story_id"].combine_chunks())
    own = pc.is_valid(pages["wire_service"].combine_chunks())
    return {
        name: pc.if_else(own, pa.scalar(None, values.type), values.combine_chunks().take(at))
        for name, values in told.items()
    }


def stories(
    copies: pa.Table,
    pages: pa.Table,
    told: pa.Table,
    versions: pa.Table,
    outlets: Sequence[Outlet],
    rights: Rights,
    days: pa.Array,
) -> pa.Table:
    """schema.STORIES from the republications (same rows and order as `pages` and `told`, segments.TOLD) and
    schema.VERSIONS of the stories; `days`: when each was first seen (date32[s])."""
    rows = canonical_rows(told)
    canonical, page, why = copies.take(rows), pages.take(rows), told.take(rows)
    ids = canonical["story_id"].combine_chunks()
    counted = _counts(copies, told, outlets)
    counted = counted.take(pc.index_in(ids, counted["story_id"].combine_chunks()))
    main = _main_service(copies, copies["story_id"].combine_chunks())
    credit = main.take(pc.index_in(ids, main["story_id"].combine_chunks()))
    own = {
        "wire_service": credit["wire_service"],
        "wire_confidence": pc.fill_null(credit["wire_confidence"], 0.0),
        "wire_copies": pc.fill_null(credit["copies"], 0),
        "canonical_doc_id": canonical["doc_id"],
        "canonical_policy": why["policy"],
        "canonical_reason": why["reason"],
        **_repaired(canonical, why),
        **_of_versions(ids, versions),
        "pub_status": _status(canonical, versions, counted["killed"]),
        **rights.of_stories(credit["wire_service"], days),
    }
    names = ("contributors", "dateline_place", "dateline_date", "copyright_line")
    carried = {name: page[name] for name in names}
    columns = {name: canonical[name] for name in canonical.column_names}
    return _as(STORIES, columns | carried | {n: counted[n] for n in counted.column_names} | own)


def canonical_rows(told: pa.Table) -> NDArray[np.int64]:
    """The rows of segments.TOLD that stand for their stories, int64[s]."""
    return np.flatnonzero(told["chosen"].to_numpy() == np.arange(told.num_rows))


def _repaired(canonical: pa.Table, told: pa.Table) -> dict[str, pa.Array]:
    """Text, digest and length of each story where its copies agree, and how it differs from the copy's."""
    added, dropped = told["canonical_added"], told["canonical_dropped"]
    body = pc.coalesce(told["repaired_body"], canonical["body"])
    differs = pc.is_valid(told["repaired_body"])
    rows = pc.indices_nonzero(differs)
    new = [hashlib.sha256(text.encode()).hexdigest() for text in body.take(rows).to_pylist()]
    mask = differs.combine_chunks()
    return {
        "body": body,
        "body_sha256": pc.replace_with_mask(
            canonical["body_sha256"].combine_chunks(), mask, pa.array(new, pa.string())
        ),
        "word_count": pc.add(canonical["word_count"], pc.subtract(_words(added), _words(dropped))),
        "canonical_repaired": pc.add(pc.list_value_length(added), pc.list_value_length(dropped)),
        "canonical_added": added,
        "canonical_dropped": dropped,
    }


def _words(paragraphs: pa.ChunkedArray) -> pa.Array:
    """Words of each list's texts, int32[n]."""
    lists = paragraphs.combine_chunks()
    words = pc.list_value_length(
        pc.split_pattern_regex(pc.utf8_trim_whitespace(pc.list_flatten(lists)), r"\s+")
    )
    return pa.array(np.bincount(pc.list_parent_indices(lists), words, len(lists)).astype(np.int32))


def _of_versions(ids: pa.Array, versions: pa.Table) -> dict[str, pa.Array]:
    """How many versions each story has."""
    counted = pc.value_counts(versions["story_id"])
    at = pc.index_in(ids, value_set=counted.field("values"))
    return {"n_versions": counted.field("counts").take(at)}


def _status(canonical: pa.Table, versions: pa.Table, killed: pa.ChunkedArray) -> pa.Array:
    """The pub_status of each story, by its canonical copy, and whether a version or a copy takes it back."""
    kills = versions.filter(pc.equal(versions["kind"], "kill"))["story_id"]
    off = pc.or_(killed, pc.is_in(canonical["story_id"], value_set=kills.combine_chunks()))
    waits = _has(canonical["notices"].combine_chunks(), "embargo")
    taken = pc.is_valid(canonical["takedown_id"])
    status = pc.if_else(off, "canceled", pc.if_else(waits, "embargoed", "usable"))
    return pc.if_else(taken, "withheld", status)


def owner_groups(outlet_ids: pa.Array, outlets: Sequence[Outlet]) -> pa.Array:
    """The group that owns each outlet (string[n]); an outlet without one is its own."""
    group_of = {outlet.outlet_id: outlet.owner_group for outlet in outlets}
    named = outlet_ids.dictionary_encode()
    groups = [group_of.get(name) or f"outlet:{name}" for name in named.dictionary.to_pylist()]
    return pa.array(groups, pa.string()).take(named.indices)


def _counts(copies: pa.Table, told: pa.Table, outlets: Sequence[Outlet]) -> pa.Table:
    """One row a story: its counts, times and notices."""
    owners = owner_groups(copies["outlet_id"].combine_chunks(), outlets)
    notices = copies["notices"].combine_chunks()
    correction, *off = (_has(notices, name) for name in ("correction", "kill", "withhold", "retraction"))
    names = ("story_id", "doc_id", "outlet_id", "body_sha256", "published_at", "first_seen_at")
    wanted = pa.table(
        {name: copies[name] for name in names}
        | {"owner": owners, "correction": correction, "killed": reduce(pc.or_, off)}
        | {"independent": told["independent"]}
    )
    counted = wanted.group_by("story_id").aggregate(
        [
            ("doc_id", "count"),
            ("outlet_id", "count_distinct"),
            ("owner", "count_distinct"),
            ("body_sha256", "count_distinct"),
            ("independent", "count_distinct"),
            ("published_at", "min"),
            ("published_at", "max"),
            ("first_seen_at", "min"),
            ("first_seen_at", "max"),
            ("correction", "any"),
            ("killed", "any"),
        ]
    )
    return pa.table(
        {
            "story_id": counted["story_id"],
            "n_republications": counted["doc_id_count"],
            "n_outlets": counted["outlet_id_count_distinct"],
            "n_owner_groups": counted["owner_count_distinct"],
            "n_distinct_bodies": counted["body_sha256_count_distinct"],
            "n_independent_texts": counted["independent_count_distinct"],
            "first_published_at": counted["published_at_min"],
            "last_published_at": counted["published_at_max"],
            "first_seen_at": counted["first_seen_at_min"],
            "last_seen_at": counted["first_seen_at_max"],
            "has_correction": counted["correction_any"],
            "killed": counted["killed_any"],
        }
    )


def _has(lists: pa.Array, value: str) -> pa.Array:
    """Whether each list holds `value`: bool[n]."""
    rows = pc.list_parent_indices(lists).filter(pc.equal(pc.list_flatten(lists), value))
    return pc.is_in(pa.array(np.arange(len(lists))), value_set=rows.cast(pa.int64()))


def edges(pairs: pa.Table, story_ids: pa.Array, said: pa.Table) -> pa.Table:
    """schema.EDGES from m kept pairs (segments.PAIRS) and the stories of their first ends (string[m]);
    `said`: the judgements (segments.JUDGEMENTS) that bind."""
    ends = ("doc_id_a", "doc_id_b")
    named = pc.binary_join_element_wise(*(said[name] for name in ends), "\n").combine_chunks()
    asked = pc.binary_join_element_wise(*(pairs[name] for name in ends), "\n")
    human = pc.equal(pairs["rule"], "judgement")
    at = pc.if_else(human, pc.index_in(asked, value_set=named), pa.scalar(None, pa.int32()))
    own = {
        "story_id": story_ids,
        "decided_by": pc.if_else(human, "human", "auto"),
        "judgement_id": said["judgement_id"].combine_chunks().take(at.combine_chunks()),
    }
    return _as(EDGES, {name: pairs[name] for name in pairs.column_names} | own)


def _as(table: Table, columns: dict[str, pa.ChunkedArray | pa.Array]) -> pa.Table:
    """A table in its declared schema from columns by name; others are left out."""
    arrays = [columns[field.name].cast(field.type) for field in table.schema]
    return pa.Table.from_arrays(arrays, schema=table.schema)
