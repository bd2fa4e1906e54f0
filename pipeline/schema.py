"""The published tables: one declared pyarrow schema each, described field by field.

Files are always written from these schemas, never from inferred ones; the data dictionary in
`docs/tables.md` is generated from them and a test holds the two together. `seen_day` is the
partition key: the UTC day on which the row's story was first seen (for runs, quarantine and
changes: the day of the run). It stands in the path only, so its name differs from every column.
"""

from __future__ import annotations

import pyarrow as pa

from pipeline.columns import WIDE_ROW_GROUP, Table, field, maybe, published
from pipeline.identity_tables import CHANGES, REGISTRY, TAKEDOWNS
from pipeline.outlet_tables import BOILERPLATE, OUTLETS, TEMPLATES, WIRE_RULES
from pipeline.segments import BY_REASON, EVIDENCE, FIGURES, REASONS, STRING, STRINGS, TIME
from pipeline.story_tables import PICKUPS, STORIES, VERSIONS

__all__ = [
    "BOILERPLATE",
    "BY_NAME",
    "CHANGES",
    "CHECKS",
    "EDGES",
    "OUTLETS",
    "PICKUPS",
    "QUARANTINE",
    "REGISTRY",
    "REPUBLICATIONS",
    "RUNS",
    "STORIES",
    "TABLES",
    "TAKEDOWNS",
    "TEMPLATES",
    "VERSIONS",
    "WIRE_RULES",
]

_INT = pa.int32()
_SHARE = pa.float32()
_FLAG = pa.bool_()
_DATE = pa.date32()
_MINUTES = pa.int16()

REPUBLICATIONS = Table(
    "republications",
    "One row a republication: one body at one URL of one outlet.",
    key=("doc_id",),
    sort=("story_id", "published_at", "doc_id"),
    row_group=WIDE_ROW_GROUP,
    schema=pa.schema(
        [
            field("doc_id", STRING, "Identity of the republication: URL and body, or the input's own id."),
            field("story_id", STRING, "The story it belongs to (stories.story_id)."),
            field(
                "story_id_strict",
                STRING,
                "The same for copies that are all but the same; see docs/versions.md.",
            ),
            field("story_id_loose", STRING, "The same for stories that were nearly one."),
            field("version_no", _INT, "The version of the story that it is a copy of (versions.version_no)."),
            field("outlet_id", STRING, "The outlet (outlets.outlet_id)."),
            field("url", STRING, "URL of the page."),
            field(
                "url_normalised",
                STRING,
                "URL without tracking, fragments, default ports, AMP and print forms.",
            ),
            maybe("declared_canonical_url", STRING, "rel=canonical as the page declares it."),
            field("headline", STRING, "Headline on the page."),
            maybe(
                "headline_source",
                STRING,
                "Where it was read: h1, json_ld, meta, title, feed, text, or input.",
            ),
            maybe("feed_headline", STRING, "Headline in the outlet's feed."),
            maybe("og_headline", STRING, "Headline for social networks (og:title)."),
            maybe("byline", STRING, "Byline as printed."),
            maybe("byline_source", STRING, "Read from: text, markup, json_ld, meta, feed, input."),
            field("authors", STRINGS, "Authors, split, without services and titles."),
            maybe("authors_source", STRING, "Where their names were read from, in the same words."),
            field("contributors", STRINGS, "People named in the contributor line."),
            maybe("dateline", STRING, "Dateline as printed."),
            maybe("dateline_place", STRING, "Its place."),
            maybe(
                "dateline_date", _DATE, "Its day, where it names one, in the year nearest to `published_at`."
            ),
            maybe("section", STRING, "Section the outlet filed it under."),
            maybe("section_source", STRING, "Read from: json_ld, meta."),
            maybe("topic", STRING, "Topic line of the page."),
            maybe("language", STRING, "Language, ISO 639-1."),
            maybe("language_source", STRING, "What told it: text (its commonest words), json_ld, html."),
            maybe("published_at", TIME, "Publication time that the page states, in UTC."),
            maybe(
                "published_at_source",
                STRING,
                "Read from: json_ld, meta, time_tag, microdata, feed, url, input; with "
                "_outlet_zone or _no_zone where it states no zone and the outlet's, or UTC, was taken.",
            ),
            maybe(
                "published_at_offset",
                _MINUTES,
                "Minutes from UTC of that time where it was stated; null where no zone is known.",
            ),
            maybe("modified_at", TIME, "Modification time that the page states, in UTC."),
            maybe("modified_at_source", STRING, "Read from, in the same words."),
            maybe("modified_at_offset", _MINUTES, "Minutes from UTC of that time where it was stated."),
            maybe(
                "paywall",
                STRING,
                "teaser: the page shows the beginning only; declared: the text is there, but the page says "
                "that it is not free; null: neither.",
            ),
            field("first_seen_at", TIME, "When this body was first seen at this URL."),
            field("last_seen_at", TIME, "When it was last found there, unchanged pages counted."),
            maybe(
                "replaced_at",
                TIME,
                "When its URL first showed another text, as far as that tells; else null.",
            ),
            maybe(
                "gone_at",
                TIME,
                "When its URL answered 410, or 404 in two runs on end, and no page since; else null.",
            ),
            maybe(
                "outdated_by",
                STRING,
                "kill or correction: what came over the wire later, while it still stood there; else null.",
            ),
            maybe("outdated_since", TIME, "When that came out (versions.first_published_at)."),
            maybe(
                "hours_outdated", pa.float32(), "How long from then it is known to have stood there, hours."
            ),
            field(
                "relation",
                STRING,
                "To the canonical: canonical, older_version, newer_version; of its own version exact, near, "
                "truncated (it stops early), excerpt (without the lead), extended.",
            ),
            field("jaccard", _SHARE, "Jaccard of the 5-gram shingles with the canonical body's."),
            field("containment_in_canonical", _SHARE, "Share of its shingles found in the canonical body."),
            field("containment_of_canonical", _SHARE, "Share of the canonical body's shingles found in it."),
            field(
                "paragraphs_omitted",
                STRINGS,
                "Paragraphs of its version (representative_doc_id) that it lacks.",
            ),
            field("paragraphs_added", STRINGS, "Paragraphs of it that its version lacks."),
            field("n_paragraphs_omitted", _INT, "How many it lacks."),
            field("n_paragraphs_added", _INT, "How many it has more."),
            field("local_insert", _FLAG, "One of these is in no other owner's copy of the story."),
            field(
                "headline_distance",
                _SHARE,
                "Word edits (insert, drop, replace) from its version's headline to its own, as a share of "
                "the words of the longer: 0 same, 1 no word in place.",
            ),
            field("headline_changed", _FLAG, "Its headline differs from the canonical one, case aside."),
            field("credit_present", _FLAG, "The page itself credits a wire service."),
            field("credit_dropped", _FLAG, "Other copies of the story credit a wire and it does not."),
            maybe("wire_service", STRING, "Service that the page credits."),
            field("wire_services", STRINGS, "All services that the page credits, strongest first."),
            field("wire_confidence", _SHARE, "Confidence of that credit, 0 to 1."),
            maybe(
                "wire_inferred", STRING, "Service that other copies of the story credit, where this has none."
            ),
            maybe(
                "wire_inferred_confidence",
                _SHARE,
                "Confidence of the surest of those credits, times the share of such copies among those that "
                "credit anybody.",
            ),
            maybe("wire_inferred_copies", _INT, "Copies of the story that credit it."),
            field(
                "wire_evidence", EVIDENCE, "The quoted words that prove the credit, with rule and offsets."
            ),
            field(
                "notices",
                STRINGS,
                "Kinds of notices: kill, withhold, embargo, retraction, correction (and clarification), "
                "editors_note, advisory.",
            ),
            field(
                "notice_evidence", EVIDENCE, "The lines that carry them; `rule` is the kind of the notice."
            ),
            field("robots_noindex", _FLAG, "The page asks search engines not to index it."),
            field("news_noindex", _FLAG, "The page asks Googlebot-News not to index it."),
            field("body", STRING, "Text of the article, paragraphs separated by newlines."),
            field("footer", STRING, "The wire's closing lines, taken off the body; evidence may point here."),
            field("body_sha256", STRING, "SHA-256 of `body`, hex."),
            field("word_count", _INT, "Words in `body`."),
            maybe("copyright_line", STRING, "Copyright line of the text."),
            maybe("copyright_year", pa.int16(), "Its year."),
            field("image_credits", STRINGS, "Credits of pictures, kept out of the body."),
            field(
                "extractor",
                STRING,
                "What read the body: template (see `templates`), evident (by the page's own markup), "
                "trafilatura, plain, input.",
            ),
            field("extractor_version", STRING, "Its version; of a template its `version`."),
            maybe("raw_key", STRING, "WARC file in the lake that holds the bytes."),
            maybe("raw_offset", pa.int64(), "Offset of the record in that file, in bytes."),
            maybe("raw_sha256", STRING, "SHA-256 of the page's bytes, hex."),
            field("run_id", STRING, "Run that first saw it (runs.run_id)."),
            maybe(
                "takedown_id",
                STRING,
                "The takedown that covers it (takedowns.takedown_id): headline, byline, text and quotes are "
                "left out then; `body_sha256` and `word_count` are what they were.",
            ),
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
            field("story_id", STRING, "Story of doc_id_a."),
            field("doc_id_a", STRING, "The smaller doc_id of the pair (republications.doc_id)."),
            field("doc_id_b", STRING, "The larger doc_id of the pair."),
            field("jaccard", _SHARE, "Exact Jaccard of the word 5-gram shingles."),
            field("containment_ab", _SHARE, "Share of a's shingles found in b."),
            field("containment_ba", _SHARE, "Share of b's shingles found in a."),
            field("shared_shingles", _INT, "Shingles in both."),
            field("found_by", STRING, "bands, anchors, url, bodies (equal bodies), or judgement."),
            field("decision", STRING, "accepted or refused."),
            field(
                "rule",
                STRING,
                "What decided: same_text, first_look, second_look, digest, weak_bridge, judgement, "
                "kept_apart (by a judgement of other documents of these stories).",
            ),
            field("decided_by", STRING, "auto, or human where a person judged this pair."),
            maybe("judgement_id", STRING, "That judgement."),
            maybe("score", _SHARE, "Score of the scorecard, log-odds, above 0 where it accepts."),
            field("reasons", REASONS, "The figures that moved the score most, the strongest first."),
            maybe("figures", FIGURES, "All figures of the pair, in the order of docs/matching.md."),
        ]
    ),
)

RUNS = Table(
    "runs",
    "One row a run and outlet: what was asked for and where every page ended.",
    key=("run_id", "outlet_id"),
    sort=("run_id", "outlet_id"),
    day="of the run",
    schema=pa.schema(
        [
            field("run_id", STRING, "The run."),
            field("outlet_id", STRING, "The outlet (outlets.outlet_id)."),
            field("state", STRING, "ok, degraded, down, paused, postponed, forbidden."),
            maybe("reason", STRING, "Why it is not ok."),
            field("started_at", TIME, "The run's clock."),
            field("feeds_read", _INT, "Feeds, sitemaps and section pages read."),
            field("feeds_unchanged", _INT, "Feeds and sitemaps that answered 304."),
            field("feeds_failed", _INT, "Feeds and sitemaps that failed."),
            field("fetched", _INT, "Pages taken up."),
            field("published", _INT, "Pages that became republications."),
            field("unchanged", _INT, "Pages known already with this body."),
            field("quarantined", _INT, "Pages in quarantine."),
            field("skipped", _INT, "Pages left out by rule: robots.txt, not an article."),
            field("requests", _INT, "HTTP requests made."),
            field("bytes_fetched", pa.int64(), "Bytes received."),
            field("pages_left", _INT, "Pages found and not taken: they wait for the next run."),
            field("unused", BY_REASON, "Pages in quarantine or left out, by reason, the most first."),
            maybe("latency_median_ms", _INT, "Median time of a request in milliseconds; null without one."),
            maybe("latency_slowest_ms", _INT, "Longest time of a request in milliseconds; null without one."),
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
            field("check", STRING, "Name of the check."),
            field("value", pa.float64(), "What was measured."),
            field("limit", pa.float64(), "What it was held against."),
            field("comparison", STRING, "How value must stand to limit: ==, <=, >=."),
            field("level", STRING, "error stops the release, warn is shown."),
            field("ok", _FLAG, "The check held."),
            field("reason", STRING, "Why there is such a limit."),
            maybe("detail", STRING, "What breaks it: outlets, stories, tables or rules, the first twenty."),
        ]
    ),
)

QUARANTINE = Table(
    "quarantine",
    "One row a page that could not be used, with the stage and the reason.",
    key=("run_id", "url", "page_no"),
    sort=("run_id", "url", "page_no"),
    day="of the run",
    schema=pa.schema(
        [
            field("run_id", STRING, "The run."),
            field("outlet_id", STRING, "The outlet."),
            field("url", STRING, "URL of the page."),
            field(
                "page_no",
                _INT,
                "Number of the page among those of the run with this URL, from 1: links may lead to one, "
                "outlets share one, an archive hold it several times.",
            ),
            field("stage", STRING, "fetch or extract."),
            field(
                "reason",
                STRING,
                "too_short, paywall, consent_wall, too_large, charset, impossible_date, parse, killed, "
                "http_500, ...",
            ),
            field("detail", STRING, "The same in words, with the figure."),
            maybe("raw_key", STRING, "WARC file that holds the bytes, if they were kept."),
            maybe("raw_offset", pa.int64(), "Offset of the record in that file."),
        ]
    ),
)

TABLES = published(
    (
        STORIES,
        REPUBLICATIONS,
        VERSIONS,
        PICKUPS,
        EDGES,
        CHANGES,
        REGISTRY,
        OUTLETS,
        BOILERPLATE,
        WIRE_RULES,
        TEMPLATES,
        RUNS,
        CHECKS,
        QUARANTINE,
        TAKEDOWNS,
    )
)
BY_NAME = {table.name: table for table in TABLES}
