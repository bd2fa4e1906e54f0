"""Questions about a release, answered from its published tables: a pair, a story, the releases."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import BadInput
from pipeline.lake import ledger, order
from pipeline.lake.store import Store
from pipeline.match.blocks import compared, url_keys
from pipeline.match.figures import FIGURES, Articles
from pipeline.match.pairs import possible_scores, weights
from pipeline.match.scorecard import Scorecard, load_scorecard
from pipeline.match.verify import FLOOR, OPEN, RULES, SAME_TEXT, Verifier
from pipeline.match.words import read_words
from pipeline.model import Evidence
from pipeline.params import Params
from pipeline.publish.manifest import FileEntry
from pipeline.publish.reader import read_files
from pipeline.publish.release import list_releases, read_manifest, read_table
from pipeline.story.explain import Aligned, align
from pipeline.story.identity import live

_UNSCORED = {RULES[SAME_TEXT], RULES[FLOOR], RULES[OPEN]}
_ROUNDING = 0.01
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Copy:
    """A republication, as far as it is shown."""

    doc_id: str
    story_id: str
    outlet_id: str
    url: str
    headline: str
    published_at: datetime | None
    version_no: int
    relation: str
    containment_in_canonical: float
    paragraphs_omitted: tuple[str, ...]
    paragraphs_added: tuple[str, ...]
    local_insert: bool
    headline_distance: float
    replaced_at: datetime | None
    gone_at: datetime | None
    outdated_by: str | None
    hours_outdated: float | None
    wire_service: str | None
    wire_inferred: str | None
    wire_inferred_copies: int | None


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one figure of a pair is, and what it added to the score, in log-odds."""

    figure: str
    about: str
    value: float
    weight: float


@dataclass(frozen=True, slots=True)
class TwoTexts:
    """Two republications, the figures of the pair, and how the verdict came about: `base` and what each
    figure added, the strongest first, make up the score. Without a score: equal words."""

    a: Copy
    b: Copy
    same_story: bool
    decision: str
    rule: str
    jaccard: float
    containment_ab: float
    containment_ba: float
    shared_shingles: int
    score: float | None
    base: float
    contributions: tuple[Contribution, ...]
    paragraphs: tuple[Aligned, ...]


@dataclass(frozen=True, slots=True)
class Version:
    """A row of `versions`, without its story."""

    version_no: int
    kind: str
    representative_doc_id: str
    first_published_at: datetime | None
    first_seen_at: datetime
    last_seen_at: datetime
    n_republications: int
    n_outlets: int
    n_outlets_still_live: int
    words_added: int
    words_removed: int
    editors_note: str | None


@dataclass(frozen=True, slots=True)
class Pickup:
    """A row of `pickups`, without its story."""

    pickup_rank: int
    outlet_id: str
    owner_group: str | None
    first_published_at: datetime | None
    lag_minutes: int
    version_first: int
    version_last: int
    is_truncated: bool
    credit_present: bool
    still_live: bool
    removed_at: datetime | None
    outdated_by: str | None
    hours_outdated: float | None


@dataclass(frozen=True, slots=True)
class WholeStory:
    """A story with its versions, its pickups by rank, its copies, and the evidence of their credits (each
    rule and quote once)."""

    story_id: str
    headline: str
    wire_service: str | None
    n_outlets: int
    pub_status: str
    n_owner_groups: int
    n_independent_texts: int
    story_id_loose: str
    canonical_doc_id: str
    canonical_policy: str
    canonical_reason: str
    canonical_added: tuple[str, ...]
    canonical_dropped: tuple[str, ...]
    body: str
    versions: tuple[Version, ...]
    pickups: tuple[Pickup, ...]
    copies: tuple[Copy, ...]
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """A release in one line. `checks_failed`: checks of level warn that did not hold."""

    release: str
    created_at: datetime
    current: bool
    stories: int
    republications: int
    changed_stories: int
    checks_failed: tuple[str, ...]


def explain(lake: Store, doc_a: str, doc_b: str, card: Path | None = None) -> TwoTexts:
    """The verdict on two republications of the newest release, as recorded; of a pair that was not kept,
    computed afresh from the two texts alone.

    Raises `BadInput` if the lake has no release, the release lacks one of them or does not show its text, or
    the pair was decided with another scorecard than `card` (None: the built-in one).
    """
    manifest = _released(lake)
    params = Params(**{**manifest.params})
    copies = read_table(lake, "republications")
    a, b = sorted((doc_a, doc_b))
    at = [_row_of(copies, "doc_id", doc) for doc in (a, b)]
    two = copies.take(pa.array(at))
    for row in two.select(["doc_id", "takedown_id", "word_count", "body"]).to_pylist():
        if row["word_count"] and not row["body"]:
            why = "was taken down" if row["takedown_id"] else "is not published (any more)"
            raise BadInput(f"{row['doc_id']}: its text {why}: there is nothing to explain from")
    words = compared(two["outlet_id"], two["body"].combine_chunks(), read_table(lake, "boilerplate"))
    headlines, urls = read_words(two["headline"].combine_chunks()), url_keys(two["url_normalised"])
    scorecard = load_scorecard(card)
    articles = Articles(words, headlines, urls, np.zeros(2, np.int64))
    verdict = Verifier(articles, scorecard, params).verify(np.array([[0, 1]]))
    rows = two.to_pylist()
    told = _recorded(lake, a, b) or {
        "decision": "accepted" if verdict.accepted[0] else "refused",
        "rule": RULES[verdict.rule[0]],
        "score": float(verdict.score[0]),
        "figures": verdict.figures[0].tolist(),
    }
    base, contributions = _account(told, scorecard)
    return TwoTexts(
        a=_copy(rows[0]),
        b=_copy(rows[1]),
        same_story=rows[0]["story_id"] == rows[1]["story_id"],
        decision=told["decision"],
        rule=told["rule"],
        jaccard=float(verdict.jaccard[0]),
        containment_ab=float(verdict.containment_ab[0]),
        containment_ba=float(verdict.containment_ba[0]),
        shared_shingles=int(verdict.shared[0]),
        score=told["score"],
        base=base,
        contributions=contributions,
        paragraphs=tuple(align(rows[0]["body"], rows[1]["body"])),
    )


def story(lake: Store, story_id: str) -> WholeStory:
    """A story of the newest release; an id that was merged away leads to the one it lives on under.

    Raises `BadInput` if there is no such story.
    """
    manifest = _released(lake)
    events = ledger.history(lake, order.runs_told(lake))
    live_id = live(events, pa.array([story_id]))[0].as_py()
    files = [file for file in manifest.tables["stories"].files if _may_hold(file, live_id)]
    stories = read_files(lake, "stories", files)
    found = stories.slice(_row_of(stories, "story_id", live_id), 1).to_pylist()[0]
    days = {file.seen_day for file in files}
    rows, versions, pickups = (
        _of_story(lake, table, live_id, days) for table in ("republications", "versions", "pickups")
    )
    quotes = {(e["rule"], e["quote"]): Evidence(**e) for row in rows for e in row["wire_evidence"]}
    return _made(
        WholeStory,
        found,
        versions=tuple(_made(Version, row) for row in versions),
        pickups=tuple(_made(Pickup, row) for row in sorted(pickups, key=lambda row: row["pickup_rank"])),
        copies=tuple(_copy(row) for row in rows),
        evidence=tuple(quotes[key] for key in sorted(quotes)),
    )


def _may_hold(file: FileEntry, story_id: str) -> bool:
    """Whether a file of stories, by its first and last id, may have this one."""
    first, last = file.sort_min[0], file.sort_max[0]
    return first is not None and last is not None and first <= story_id <= last


def _of_story(lake: Store, table: str, story_id: str, days: Collection[date | None]) -> list[dict[str, Any]]:
    rows = read_table(lake, table, days={day for day in days if day})
    found: list[dict[str, Any]] = rows.filter(pc.equal(rows["story_id"], story_id)).to_pylist()
    return found


def releases(lake: Store) -> Sequence[ReleaseRow]:
    """All releases, oldest first. Raises `BadInput` if there is none."""
    current = _released(lake).release
    return [
        ReleaseRow(
            release=manifest.release,
            created_at=manifest.created_at,
            current=manifest.release == current,
            stories=manifest.tables["stories"].rows,
            republications=manifest.tables["republications"].rows,
            changed_stories=manifest.changed_stories,
            checks_failed=tuple(check.check for check in manifest.checks if not check.ok),
        )
        for manifest in list_releases(lake)
    ]


def _released(lake: Store) -> Any:
    manifest = read_manifest(lake)
    if manifest is None:
        raise BadInput(f"{lake.url}: no release in this lake yet")
    return manifest


def _row_of(table: pa.Table, column: str, value: str) -> int:
    row = int(pc.index(table[column], pa.scalar(value)).as_py())
    if row < 0:
        raise BadInput(f"{value}: no such {column} in the newest release")
    return row


def _recorded(lake: Store, a: str, b: str) -> dict[str, Any] | None:
    """What the release recorded of the pair (a cluster may refuse what the verdict accepts)."""
    edges = read_table(lake, "edges")
    pair = edges.filter(pc.and_(pc.equal(edges["doc_id_a"], a), pc.equal(edges["doc_id_b"], b)))
    found: list[dict[str, Any]] = pair.to_pylist()
    return found[0] if found else None


def _account(told: dict[str, Any], scorecard: Scorecard) -> tuple[float, tuple[Contribution, ...]]:
    """What each figure added to the score, the strongest first, and what the score is without them.

    Raises `BadInput` if the scorecard gives another score.
    """
    if told["rule"] in _UNSCORED:
        return 0.0, ()
    figures = np.array([told["figures"]], np.float32)
    if min(abs(told["score"] - possible) for possible in possible_scores(figures, scorecard)) > _ROUNDING:
        raise BadInput("this pair was decided with another scorecard: give it with --scorecard")
    added = weights(figures, scorecard)[0]
    rows = [
        Contribution(name, about, float(value), float(weight))
        for (name, about), value, weight in zip(FIGURES.items(), figures[0], added, strict=True)
        if weight
    ]
    base = told["score"] - sum(one.weight for one in rows)
    return base, tuple(sorted(rows, key=lambda one: -abs(one.weight)))


def _copy(row: dict[str, Any]) -> Copy:
    return _made(Copy, row)


def _made(kind: type[T], row: dict[str, Any], **more: Any) -> T:
    """A value from the columns of a row that it has."""
    names = {field.name for field in fields(kind)} & row.keys() - more.keys()  # type: ignore[arg-type]
    return kind(**{name: row[name] for name in names}, **more)
