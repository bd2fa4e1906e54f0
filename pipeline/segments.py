"""Schemas of what is stored between steps: immutable Parquet segments, private to the pipeline.

    fetches/run=<run_id>/<shard>.parquet     one row a page taken up, with its outcome; under raw/ too
    sites/run=<run_id>/<shard>.parquet       one row an outlet of the shard, with its state; under raw/ too
    pages/run=<run_id>/<shard>.parquet       one row an extracted page
    quarantine/run=<run_id>/<shard>.parquet  one row a page that could not be used
    templates/run=<run_id>/<shard>.parquet   one row an outlet: where its bodies sit, for the next run
    boilerplate/run=<run_id>/all.parquet     one row a line of an outlet's chrome (schema.BOILERPLATE)
    clusters/run=<run_id>/all.parquet        one row a document of the stories that were touched: its cluster
    pairs/run=<run_id>/all.parquet           one row a verified pair worth keeping
    index/<params>/run=<run_id>.parquet      one row a document: its signature
    ledger/run=<run_id>.parquet              one row a change to a story's identity

A segment is written with one atomic put after the data it speaks of (the WARC file) is stored:
its presence is the commit of the step, and a step that finds it does no work twice.
"""

from __future__ import annotations

import pyarrow as pa

STRING = pa.string()
TIME = pa.timestamp("us", tz="UTC")
STRINGS = pa.list_(pa.field("element", STRING, nullable=False))
EVIDENCE = pa.list_(
    pa.field(
        "element",
        pa.struct(
            [
                pa.field("rule", STRING, nullable=False),
                pa.field("where", STRING, nullable=False),
                pa.field("quote", STRING, nullable=False),
                pa.field("start", pa.int32(), nullable=False),
                pa.field("end", pa.int32(), nullable=False),
            ]
        ),
        nullable=False,
    )
)

# what a figure of a pair added to its score, the strongest first
REASONS = pa.list_(
    pa.field(
        "element",
        pa.struct(
            [
                pa.field("figure", STRING, nullable=False),
                pa.field("value", pa.float32(), nullable=False),
                pa.field("weight", pa.float32(), nullable=False),
            ]
        ),
        nullable=False,
    )
)
# pages that were not used, the most first
BY_REASON = pa.list_(
    pa.field(
        "element",
        pa.struct(
            [pa.field("reason", STRING, nullable=False), pa.field("pages", pa.int32(), nullable=False)]
        ),
        nullable=False,
    )
)
FIGURES = pa.list_(pa.field("element", pa.float32(), nullable=False))


def _schema(
    *required: tuple[str, pa.DataType], optional: tuple[tuple[str, pa.DataType], ...] = ()
) -> pa.Schema:
    return pa.schema(
        [pa.field(name, kind, nullable=False) for name, kind in required]
        + [pa.field(name, kind) for name, kind in optional]
    )


# outcome: fetched (bytes are in the raw zone) | unchanged | quarantined | skipped; the last two and
# `unchanged` have a reason: not_modified, same_bytes, robots, content_type, too_large, http_404, timeout, ...
# raw_key, raw_offset: where its answer lies, the body (with its raw_sha256) or that there was nothing new
# A known page that answers 410, or in two runs on end 404 or leads to its site's front page, is skipped as
# `gone`, before that as `missing`
FETCHES = _schema(
    ("run_id", STRING),
    ("outlet_id", STRING),
    ("url", STRING),
    ("outcome", STRING),
    ("fetched_at", TIME),
    optional=(
        ("reason", STRING),
        ("detail", STRING),
        ("http_status", pa.int16()),
        ("final_url", STRING),
        ("content_type", STRING),
        ("charset", STRING),
        ("raw_key", STRING),
        ("raw_offset", pa.int64()),
        ("raw_sha256", STRING),
        ("raw_bytes", pa.int64()),
        ("feed_headline", STRING),
        ("feed_published_at", TIME),
    ),
)

# state: ok | degraded (some feed or page failed) | down (nothing could be read) | paused (was down too often)
# | postponed (the run's budget was spent) | forbidden (robots.txt)
SITES = _schema(
    ("run_id", STRING),
    ("outlet_id", STRING),
    ("state", STRING),
    ("feeds_read", pa.int32()),
    ("feeds_unchanged", pa.int32()),
    ("feeds_failed", pa.int32()),
    ("pages_found", pa.int32()),
    ("requests", pa.int32()),
    ("bytes_fetched", pa.int64()),
    optional=(
        ("reason", STRING),
        ("pages_left", pa.int32()),  # found, not taken: they wait for the next run
        ("latency_median_ms", pa.int32()),
        ("latency_slowest_ms", pa.int32()),
    ),
)

UNREAD = ("down", "paused")  # states of outlets of which a run has nothing

PAGES = _schema(
    ("doc_id", STRING),
    ("url", STRING),
    ("url_normalised", STRING),
    ("outlet_id", STRING),
    ("headline", STRING),
    ("authors", STRINGS),
    ("contributors", STRINGS),
    ("image_credits", STRINGS),
    ("robots_noindex", pa.bool_()),
    ("news_noindex", pa.bool_()),
    ("wire_services", STRINGS),
    ("wire_confidence", pa.float32()),
    ("wire_evidence", EVIDENCE),
    # kill, withhold, embargo, retraction, correction, editors_note, advisory: what the text declares
    ("notices", STRINGS),
    ("notice_evidence", EVIDENCE),
    ("body", STRING),
    ("footer", STRING),  # the wire's closing lines, taken off the body: credits, copyright, contributors
    ("body_sha256", STRING),
    ("word_count", pa.int32()),
    ("extractor", STRING),
    ("extractor_version", STRING),
    ("fetched_at", TIME),
    ("run_id", STRING),
    optional=(
        ("headline_source", STRING),
        ("feed_headline", STRING),
        ("og_headline", STRING),
        ("byline", STRING),
        ("byline_source", STRING),
        ("authors_source", STRING),
        ("dateline", STRING),
        ("dateline_place", STRING),
        ("dateline_date", pa.date32()),
        ("published_at", TIME),
        ("published_at_source", STRING),
        ("published_at_offset", pa.int16()),  # minutes from UTC, as the page states it
        ("modified_at", TIME),
        ("modified_at_source", STRING),
        ("modified_at_offset", pa.int16()),
        ("section", STRING),
        ("section_source", STRING),
        ("topic", STRING),
        ("language", STRING),
        ("language_source", STRING),
        ("paywall", STRING),  # teaser, declared
        ("declared_canonical_url", STRING),
        ("copyright_line", STRING),
        ("copyright_year", pa.int16()),
        ("wire_service", STRING),
        ("raw_key", STRING),
        ("raw_offset", pa.int64()),
        ("raw_sha256", STRING),
    ),
)


# what extraction held back; schema.QUARANTINE has what the fetch did, too, and numbers the rows of a URL
HELD = _schema(
    ("run_id", STRING),
    ("outlet_id", STRING),
    ("url", STRING),
    ("stage", STRING),
    ("reason", STRING),
    ("detail", STRING),
    optional=(("raw_key", STRING), ("raw_offset", pa.int64())),
)


def _list_of(
    required: tuple[tuple[str, pa.DataType], ...], optional: tuple[tuple[str, pa.DataType], ...] = ()
) -> pa.DataType:
    return pa.list_(pa.field("element", pa.struct(_schema(*required, optional=optional)), nullable=False))


# what is known of an outlet's template after the run (extract.standing): the votes of blocks by their place,
# where photo credits stand, and the layouts, each of which is a row of schema.TEMPLATES
TEMPLATES = _schema(
    ("outlet_id", STRING),
    ("version", pa.int32()),
    ("pages", pa.int64()),
    ("doubt", pa.int32()),
    ("failures", pa.int32()),
    (
        "blocks",
        _list_of((("place", STRING), ("taken", pa.int64()), ("words", pa.int64()), ("pages", pa.int64()))),
    ),
    ("credits", STRINGS),
    (
        "layouts",
        _list_of(
            (
                ("layout", STRING),
                ("version", pa.int32()),
                ("pages", pa.int64()),
                ("first", pa.int64()),
                ("last", pa.int64()),
                ("learned_at", TIME),
                ("checked", pa.int64()),
                ("agreed", pa.float64()),
            ),
            optional=(("changed_at", TIME),),
        ),
    ),
)

# all documents of the stories that a run touched; cluster: its smallest doc_id; asked: its pairs were asked
# in this run, so that those of earlier runs are void
CLUSTERS = _schema(("doc_id", STRING), ("cluster", STRING), ("asked", pa.bool_()))

PAIRS = _schema(
    ("doc_id_a", STRING),
    ("doc_id_b", STRING),
    ("jaccard", pa.float32()),
    ("containment_ab", pa.float32()),
    ("containment_ba", pa.float32()),
    ("shared_shingles", pa.int32()),
    ("found_by", STRING),
    ("decision", STRING),
    ("rule", STRING),
    ("reasons", REASONS),
    optional=(("score", pa.float32()), ("figures", FIGURES)),
)

# what is told of a document from all copies of its story; rows as the documents'. chosen, representative:
# rows of the documents that stand for its story and for its version; strict: least row of those all but the
# same as it
TOLD = _schema(
    ("chosen", pa.int64()),
    ("policy", STRING),
    ("reason", STRING),  # why `chosen` was chosen
    ("version_no", pa.int32()),
    ("version_kind", STRING),
    # words of `representative` that the one of the version before lacks, and the other way round
    ("words_added", pa.int32()),
    ("words_removed", pa.int32()),
    ("representative", pa.int64()),
    ("strict", pa.int64()),
    # equal for documents of one story that are tied by the same words or the same owner
    ("independent", pa.int64()),
    (
        "relation",
        STRING,
    ),  # to `chosen`: canonical, exact, near, truncated, extended, excerpt, older_version, ...
    ("shape", STRING),  # to `representative`: exact, near, truncated, extended, excerpt
    ("jaccard", pa.float32()),  # with `chosen`
    ("in_canonical", pa.float32()),
    ("of_canonical", pa.float32()),
    ("paragraphs_omitted", STRINGS),
    ("paragraphs_added", STRINGS),
    ("n_paragraphs_omitted", pa.int32()),
    ("n_paragraphs_added", pa.int32()),
    ("local_insert", pa.bool_()),
    ("headline_distance", pa.float32()),
    ("since", pa.int64()),  # microseconds: when the page first showed this text, as far as it tells
    ("firm", pa.bool_()),  # it does tell, or was seen to change
    # of `chosen`: paragraphs added to and dropped from its body, and what the body is then
    ("canonical_added", STRINGS),
    ("canonical_dropped", STRINGS),
    optional=(("repaired_body", STRING),),
)

# one row a notice that took the place of another story's copy (story.recalls); story_id: that story's,
# own_story_id: the notice's; since: as TOLD.since
RECALLS = _schema(
    ("story_id", STRING),
    ("own_story_id", STRING),
    ("doc_id", STRING),
    ("outlet_id", STRING),
    ("url_normalised", STRING),
    ("body_sha256", STRING),
    ("word_count", pa.int32()),
    ("notice_evidence", EVIDENCE),
    ("since", TIME),
    ("first_seen_at", TIME),
    ("last_seen_at", TIME),
    ("live", pa.bool_()),
)

SIGNATURES = _schema(("doc_id", STRING), ("signature", pa.binary()))  # uint32 little-endian, num_perm of them

# change: created | absorbed (doc_id joins story_id) | merged_into | split_from; seen_day: of those that are
# born (created, split_from) the UTC day on which the first of their documents was seen, for ever
LEDGER = _schema(
    ("run_id", STRING),
    ("seq", pa.int32()),
    ("change", STRING),
    ("story_id", STRING),
    optional=(("other_story_id", STRING), ("doc_id", STRING), ("seen_day", pa.date32())),
)

# verdict: same, different, skip (looked at, left open); doc_id_a is the smaller of the pair
SAID_SAME, SAID_DIFFERENT, SAID_NOTHING = "same", "different", "skip"
JUDGEMENTS = _schema(
    ("doc_id_a", STRING),
    ("doc_id_b", STRING),
    ("verdict", STRING),
    ("by", STRING),
    ("at", TIME),
    ("why", STRING),
    ("judgement_id", STRING),
)

# what is to be published no longer: `kind` is url, document, story or outlet, `value` which one; doc_ids:
# what it meant when it was asked for, which later merges and splits do not change
TAKEDOWNS = _schema(
    ("takedown_id", STRING),
    ("kind", STRING),
    ("value", STRING),
    ("doc_ids", STRINGS),
    ("by", STRING),
    ("at", TIME),
    ("why", STRING),
)


def segment_key(kind: str, run_id: str, shard: str) -> str:
    """Where a step's segment lies: `pages/run=20260305T180000Z/000.parquet`."""
    return f"{kind}/run={run_id}/{shard}.parquet"
