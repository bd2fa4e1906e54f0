"""The published tables: one declared pyarrow schema each, described field by field.

Files are always written from these schemas, never from inferred ones; the data dictionary in
`docs/tables.md` is generated from them and a test holds the two together. `seen_day` is the
partition key: the UTC day on which the row's story was first seen (for runs and quarantine: the
day of the run). It stands in the path only, so its name differs from every column.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import pyarrow as pa

from pipeline.segments import EVIDENCE, FIGURES, REASONS, STRING, STRINGS, TIME

SCHEMA_VERSION = 1
SINCE = "0.1.0"

NARROW_ROW_GROUP = 122_880
WIDE_ROW_GROUP = 4_096  # bodies: small groups keep a look-up of one story at some 10 ms


@dataclass(frozen=True, slots=True)
class Table:
    """A published table: its key, its order in the file, and whether it is split by `seen_day`."""

    name: str
    about: str
    key: tuple[str, ...]
    sort: tuple[str, ...]
    schema: pa.Schema
    partitioned: bool = True
    row_group: int = NARROW_ROW_GROUP

    def schema_sha256(self) -> str:
        """A digest over names, types and nullability."""
        return schema_sha256(self.schema)


def schema_sha256(schema: pa.Schema) -> str:
    """A digest over names, types and nullability, metadata aside."""
    text = schema.to_string(show_field_metadata=False, show_schema_metadata=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _field(name: str, kind: pa.DataType, about: str, null: bool = False, since: str = SINCE) -> pa.Field:
    return pa.field(name, kind, nullable=null, metadata={"description": about, "since": since})


def _maybe(name: str, kind: pa.DataType, about: str) -> pa.Field:
    return _field(name, kind, about, null=True)


_INT = pa.int32()
_SHARE = pa.float32()
_FLAG = pa.bool_()

STORIES = Table(
    "stories",
    "One row a story: one wire piece (or local piece) through all its republications.",
    key=("story_id",),
    sort=("story_id",),
    row_group=WIDE_ROW_GROUP,
    schema=pa.schema(
        [
            _field("story_id", STRING, "Identity of the story; minted once, never re-used."),
            _maybe(
                "wire_service", STRING, "Wire service that its copies credit most; null for local pieces."
            ),
            _field("wire_confidence", _SHARE, "Confidence of the strongest credit, 0 to 1; 0 without one."),
            _field("headline", STRING, "Headline of the canonical republication."),
            _maybe("byline", STRING, "Byline of the canonical republication, as printed."),
            _field(
                "authors", STRINGS, "Authors of the canonical republication, without services and titles."
            ),
            _field("contributors", STRINGS, "People named in the contributor line."),
            _maybe("dateline_place", STRING, "Place of the dateline."),
            _maybe("language", STRING, "Language of the canonical body, ISO 639-1."),
            _field("body", STRING, "Text of the canonical republication, paragraphs separated by newlines."),
            _field("body_sha256", STRING, "SHA-256 of `body`, hex."),
            _field("word_count", _INT, "Words in `body`."),
            _field(
                "canonical_doc_id", STRING, "The republication chosen as canonical (republications.doc_id)."
            ),
            _field("canonical_policy", STRING, "Policy by which it was chosen."),
            _field("canonical_reason", STRING, "Why this one, in words."),
            _field("n_republications", _INT, "Republications, the canonical one included."),
            _field("n_outlets", _INT, "Outlets that ran it."),
            _field(
                "n_owner_groups", _INT, "Owner groups that ran it; an outlet without a group counts as one."
            ),
            _field("n_distinct_bodies", _INT, "Different bodies among the republications."),
            _maybe("first_published_at", TIME, "Earliest publication time that a copy states."),
            _maybe("last_published_at", TIME, "Latest publication time that a copy states."),
            _field("first_seen_at", TIME, "When the pipeline first saw a copy."),
            _field("last_seen_at", TIME, "When the pipeline last saw a new copy."),
            _field("has_correction", _FLAG, "A copy carries a correction."),
            _field(
                "pub_status", STRING, "usable, or canceled where a copy carries a kill or withhold notice."
            ),
            _maybe("copyright_line", STRING, "Copyright line of the canonical republication."),
        ]
    ),
)

REPUBLICATIONS = Table(
    "republications",
    "One row a republication: one body at one URL of one outlet.",
    key=("doc_id",),
    sort=("story_id", "published_at", "doc_id"),
    row_group=WIDE_ROW_GROUP,
    schema=pa.schema(
        [
            _field("doc_id", STRING, "Identity of the republication: URL and body, or the input's own id."),
            _field("story_id", STRING, "The story it belongs to (stories.story_id)."),
            _field("outlet_id", STRING, "The outlet (outlets.outlet_id)."),
            _field("url", STRING, "URL of the page."),
            _field("url_normalised", STRING, "URL without tracking, fragments and default ports."),
            _maybe("declared_canonical_url", STRING, "rel=canonical as the page declares it."),
            _field("headline", STRING, "Headline on the page."),
            _maybe("byline", STRING, "Byline as printed."),
            _field("authors", STRINGS, "Authors, split, without services and titles."),
            _maybe("section", STRING, "Section the outlet filed it under."),
            _maybe("topic", STRING, "Topic line of the page."),
            _maybe("language", STRING, "Language, ISO 639-1."),
            _maybe("published_at", TIME, "Publication time that the page states."),
            _maybe(
                "published_at_source", STRING, "Where that time was read: json_ld, meta, time_tag, feed, ..."
            ),
            _maybe("modified_at", TIME, "Modification time that the page states."),
            _field("first_seen_at", TIME, "When this body was first seen at this URL."),
            _field("last_seen_at", TIME, "When it was last fetched."),
            _field("relation", STRING, "To the canonical: canonical, exact, near, truncated, extended."),
            _field("jaccard", _SHARE, "Jaccard of the 5-gram shingles with the canonical body's."),
            _field("containment_in_canonical", _SHARE, "Share of its shingles found in the canonical body."),
            _field("containment_of_canonical", _SHARE, "Share of the canonical body's shingles found in it."),
            _field("headline_changed", _FLAG, "Its headline differs from the canonical one, case aside."),
            _field("credit_present", _FLAG, "The page itself credits a wire service."),
            _maybe("wire_service", STRING, "Service that the page credits."),
            _field("wire_services", STRINGS, "All services that the page credits, strongest first."),
            _field("wire_confidence", _SHARE, "Confidence of that credit, 0 to 1."),
            _maybe(
                "wire_inferred", STRING, "Service that other copies of the story credit, where this has none."
            ),
            _field(
                "wire_evidence", EVIDENCE, "The quoted words that prove the credit, with rule and offsets."
            ),
            _field("notices", STRINGS, "correction, kill, withhold, editors_note, advisory."),
            _field("robots_noindex", _FLAG, "The page asks search engines not to index it."),
            _field("news_noindex", _FLAG, "The page asks Googlebot-News not to index it."),
            _field("body", STRING, "Text of the article, paragraphs separated by newlines."),
            _field(
                "footer", STRING, "The wire's closing lines, taken off the body; evidence may point here."
            ),
            _field("body_sha256", STRING, "SHA-256 of `body`, hex."),
            _field("word_count", _INT, "Words in `body`."),
            _maybe("copyright_line", STRING, "Copyright line of the text."),
            _field(
                "extractor",
                STRING,
                "What read the body: trafilatura, template (see `templates`), plain, input.",
            ),
            _field("extractor_version", STRING, "Its version; of a template its `version`."),
            _maybe("raw_key", STRING, "WARC file in the lake that holds the bytes."),
            _maybe("raw_offset", pa.int64(), "Offset of the record in that file, in bytes."),
            _maybe("raw_sha256", STRING, "SHA-256 of the page's bytes, hex."),
            _field("run_id", STRING, "Run that first saw it (runs.run_id)."),
        ]
    ),
)

EDGES = Table(
    "edges",
    "One row a verified pair of republications: what joined a story, and what was refused near the line.",
    key=("doc_id_a", "doc_id_b"),
    sort=("story_id", "doc_id_a", "doc_id_b"),
    schema=pa.schema(
        [
            _field("story_id", STRING, "Story of doc_id_a."),
            _field("doc_id_a", STRING, "The smaller doc_id of the pair (republications.doc_id)."),
            _field("doc_id_b", STRING, "The larger doc_id of the pair."),
            _field("jaccard", _SHARE, "Exact Jaccard of the word 5-gram shingles."),
            _field("containment_ab", _SHARE, "Share of a's shingles found in b."),
            _field("containment_ba", _SHARE, "Share of b's shingles found in a."),
            _field("shared_shingles", _INT, "Shingles in both."),
            _field("found_by", STRING, "bands, anchors, or bodies (equal bodies)."),
            _field("decision", STRING, "accepted or refused."),
            _field(
                "rule",
                STRING,
                "What decided: same_text, first_look, second_look, digest, weak_bridge.",
            ),
            _maybe("score", _SHARE, "Score of the scorecard, log-odds, above 0 where it accepts."),
            _field("reasons", REASONS, "The figures that moved the score most, the strongest first."),
            _maybe("figures", FIGURES, "All figures of the pair, in the order of docs/matching.md."),
        ]
    ),
)

OUTLETS = Table(
    "outlets",
    "One row an outlet with what it contributed so far.",
    key=("outlet_id",),
    sort=("outlet_id",),
    partitioned=False,
    schema=pa.schema(
        [
            _field("outlet_id", STRING, "Identity of the outlet in the registry."),
            _field("domain", STRING, "Its domain."),
            _field("name", STRING, "Its name."),
            _maybe("call_sign", STRING, "Call sign of a station."),
            _maybe("owner_group", STRING, "Group that owns it."),
            _maybe("market", STRING, "Market it serves."),
            _maybe("network", STRING, "Network it is affiliated to."),
            _maybe("first_seen_at", TIME, "First republication seen."),
            _maybe("last_seen_at", TIME, "Last republication seen."),
            _field("n_republications", _INT, "Republications in this release."),
            _field("duplicate_share", _SHARE, "Share of them whose story another outlet ran too."),
            _field("quarantined", _INT, "Pages of it in quarantine."),
        ]
    ),
)

BOILERPLATE = Table(
    "boilerplate",
    "One row a line of an outlet's chrome: its different articles repeat it, and no comparison counts it.",
    key=("outlet_id", "line_hash"),
    sort=("outlet_id", "line_hash"),
    partitioned=False,
    schema=pa.schema(
        [
            _field("outlet_id", STRING, "The outlet (outlets.outlet_id)."),
            _field(
                "line_hash", STRING, "Digest of the line's words, 14 hex digits, and their number, 2 more."
            ),
            _field("block", STRING, "The line as it first stood in a body, cut after 300 characters."),
            _field("articles", _INT, "Different articles that hold it; versions of one article count once."),
            _field("pages", _INT, "Republications of the outlet that hold it."),
            _field("share", _SHARE, "Share of the outlet's republications that hold it."),
            _field("first_seen_at", TIME, "When the first of them was first seen."),
            _field("last_seen_at", TIME, "When the last of them was first seen."),
        ]
    ),
)

TEMPLATES = Table(
    "templates",
    "One row a template: a layout of an outlet's pages, by which bodies are read once it is trusted.",
    key=("outlet_id", "layout", "version"),
    sort=("outlet_id", "layout", "version"),
    partitioned=False,
    schema=pa.schema(
        [
            _field("outlet_id", STRING, "The outlet: its id, or its site where pages come from files."),
            _field(
                "layout",
                STRING,
                "The element that holds most of the text, and after `<` the one around it, each with id and "
                "classes: `div.story<article`.",
            ),
            _field("version", _INT, "How often the outlet's templates were learned anew, from 1."),
            _field("state", STRING, "learning, trusted, changed."),
            _field("learned_at", TIME, "Clock of the run that first saw it."),
            _maybe("changed_at", TIME, "Clock of the run in which it changed: disagreed, or was gone."),
            _field("pages", pa.int64(), "Pages that had it, read by it or by the full path."),
            _field("checked", pa.int64(), "Pages on which it was held against the full path."),
            _maybe("agreement", _SHARE, "Mean F1 of their words, 0 to 1."),
        ]
    ),
)

RUNS = Table(
    "runs",
    "One row a run and outlet: what was asked for and where every page ended.",
    key=("run_id", "outlet_id"),
    sort=("run_id", "outlet_id"),
    schema=pa.schema(
        [
            _field("run_id", STRING, "The run."),
            _field("outlet_id", STRING, "The outlet (outlets.outlet_id)."),
            _field("state", STRING, "ok, degraded, down, forbidden."),
            _maybe("reason", STRING, "Why it is not ok."),
            _field("started_at", TIME, "The run's clock."),
            _field("feeds_read", _INT, "Feeds and sitemaps read."),
            _field("feeds_unchanged", _INT, "Feeds and sitemaps that answered 304."),
            _field("feeds_failed", _INT, "Feeds and sitemaps that failed."),
            _field("fetched", _INT, "Pages taken up."),
            _field("published", _INT, "Pages that became republications."),
            _field("unchanged", _INT, "Pages known already with this body."),
            _field("quarantined", _INT, "Pages in quarantine."),
            _field("skipped", _INT, "Pages left out by rule: robots.txt, not an article."),
            _field("requests", _INT, "HTTP requests made."),
            _field("bytes_fetched", pa.int64(), "Bytes received."),
        ]
    ),
)

CHECKS = Table(
    "checks",
    "One row a check of this release, with its value and limit.",
    key=("check",),
    sort=("check",),
    partitioned=False,
    schema=pa.schema(
        [
            _field("check", STRING, "Name of the check."),
            _field("value", pa.float64(), "What was measured."),
            _field("limit", pa.float64(), "What it was held against."),
            _field("comparison", STRING, "How value must stand to limit: ==, <=, >=."),
            _field("level", STRING, "error stops the release, warn is shown."),
            _field("ok", _FLAG, "The check held."),
            _field("reason", STRING, "Why there is such a limit."),
        ]
    ),
)

QUARANTINE = Table(
    "quarantine",
    "One row a page that could not be used, with the stage and the reason.",
    key=("run_id", "url"),
    sort=("run_id", "url"),
    schema=pa.schema(
        [
            _field("run_id", STRING, "The run."),
            _field("outlet_id", STRING, "The outlet."),
            _field("url", STRING, "URL of the page."),
            _field("stage", STRING, "fetch or extract."),
            _field(
                "reason",
                STRING,
                "too_short, too_large, charset, impossible_date, parse, killed, http_500, ...",
            ),
            _field("detail", STRING, "The same in words, with the figure."),
            _maybe("raw_key", STRING, "WARC file that holds the bytes, if they were kept."),
            _maybe("raw_offset", pa.int64(), "Offset of the record in that file."),
        ]
    ),
)

TABLES = (STORIES, REPUBLICATIONS, EDGES, OUTLETS, BOILERPLATE, TEMPLATES, RUNS, CHECKS, QUARANTINE)
BY_NAME = {table.name: table for table in TABLES}
