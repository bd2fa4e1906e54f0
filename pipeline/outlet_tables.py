"""The published tables about outlets and wires: what each one's pages taught, and how it does.

They are part of `schema`, from where everybody takes them.
"""

from __future__ import annotations

import pyarrow as pa

from pipeline.columns import Table, field, maybe
from pipeline.segments import BY_REASON, STRING, TIME

_INT = pa.int32()
_SHARE = pa.float32()

OUTLETS = Table(
    "outlets",
    "One row an outlet with what it contributed so far.",
    key=("outlet_id",),
    sort=("outlet_id",),
    partitioned=False,
    schema=pa.schema(
        [
            field("outlet_id", STRING, "Identity of the outlet in the registry."),
            field("domain", STRING, "Its domain."),
            field("name", STRING, "Its name."),
            maybe("call_sign", STRING, "Call sign of a station."),
            maybe("owner_group", STRING, "Group that owns it."),
            maybe("market", STRING, "Market it serves."),
            maybe("network", STRING, "Network it is affiliated to."),
            maybe("first_seen_at", TIME, "First republication seen."),
            maybe("last_seen_at", TIME, "Last republication seen."),
            field("n_republications", _INT, "Republications in this release."),
            field("duplicate_share", _SHARE, "Share of them whose story another outlet ran too."),
            field("quarantined", _INT, "Pages of it in quarantine."),
            maybe(
                "extraction_ok_share",
                _SHARE,
                "Republications as a share of them and of the URLs whose pages could be fetched, not read; "
                "null without either.",
            ),
            maybe("state", STRING, "How it stood in the last run that has a row of it (runs.state)."),
            maybe("state_reason", STRING, "Why, if it is not ok (runs.reason)."),
            maybe("asked_at", TIME, "The clock of that run."),
            maybe("latency_median_ms", _INT, "Median time of a request in it, in milliseconds."),
            maybe("latency_slowest_ms", _INT, "Longest time of a request in it, in milliseconds."),
            field("quarantined_by_reason", BY_REASON, "Its pages in quarantine by reason, the most first."),
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
            field("outlet_id", STRING, "The outlet (outlets.outlet_id)."),
            field(
                "line_hash", STRING, "Digest of the line's words, 14 hex digits, and their number, 2 more."
            ),
            field("block", STRING, "The line as it first stood in a body, cut after 300 characters."),
            field("articles", _INT, "Different articles that hold it; versions of one article count once."),
            field("pages", _INT, "Republications of the outlet that hold it."),
            field("share", _SHARE, "Share of the outlet's republications that hold it."),
            field("first_seen_at", TIME, "When the first of them was first seen."),
            field("last_seen_at", TIME, "When the last of them was first seen."),
        ]
    ),
)

WIRE_RULES = Table(
    "wire_rules",
    "One row a rule of wire credits with what it finds: a mark that a service gives up is seen here.",
    key=("rule",),
    sort=("rule",),
    partitioned=False,
    schema=pa.schema(
        [
            field("rule", STRING, "Identity of the rule (wire_evidence.rule)."),
            maybe("service", STRING, "Service that it credits; null if the rule is in no file any more."),
            maybe("where", STRING, "Where it looks: dateline, byline, footer, json_ld, meta, url."),
            maybe("weight", _SHARE, "Probability that the mark alone is right."),
            field("pages", _INT, "Republications that it was found on."),
            field("share", _SHARE, "Share of all republications."),
            field("recent_pages", _INT, "Those among them that were first seen in the last days."),
            field("recent_share", _SHARE, "Share of all republications first seen in the last days."),
            maybe("first_seen_at", TIME, "When the first of them was first seen."),
            maybe("last_seen_at", TIME, "When the last of them was first seen."),
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
            field("outlet_id", STRING, "The outlet: its id, or its site where pages come from files."),
            field(
                "layout",
                STRING,
                "The element that holds most of the text, and after `<` the one around it, each with id and "
                "classes: `div.story<article`.",
            ),
            field("version", _INT, "How often the outlet's templates were learned anew, from 1."),
            field("state", STRING, "learning, trusted, changed."),
            field("learned_at", TIME, "Clock of the run that first saw it."),
            maybe("changed_at", TIME, "Clock of the run in which it changed: disagreed, or was gone."),
            field("pages", pa.int64(), "Pages that had it, whatever read them."),
            field("checked", pa.int64(), "Pages on which it was held against the full path."),
            maybe("agreement", _SHARE, "Mean F1 of their words, 0 to 1."),
        ]
    ),
)
