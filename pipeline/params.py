"""One frozen `Params`: everything that can change a result, named once, with a fingerprint.

No other module holds a threshold. The clock, the seed and the run's id are not here: they come
with the `Run`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

_MIB = 1 << 20
_TOKENS = 2  # the version of pipeline.match.normalise: other words make other signatures
# services that invite everybody to republish under terms of theirs (their pages say so, November 2026)
_OPEN = dict.fromkeys(("KFF Health News", "ProPublica", "States Newsroom", "The Conversation"), "open")
_RIGHTS = ("usage_classes", "expire_days", "publish_text", "keep_text_days", "keep_quarantine_days")


@dataclass(frozen=True, slots=True)
class Params:
    """Thresholds and bounds. Times in seconds, sizes in bytes, shares between 0 and 1."""

    # extract: what a page must be to count as an article
    min_words: int = 25
    # shorter pages are asked whether a wall stands in front of the rest
    teaser_words: int = 200
    max_page_bytes: int = 8 * _MIB
    extract_seconds: float = 20.0
    extract_bytes: int = 2048 * _MIB
    extract_workers: int = 2
    earliest_year: int = 1850
    future_tolerance_seconds: float = 86_400.0
    max_bad_characters_share: float = 0.001

    # templates: one page in so many is read by the full path too, for ever; the template agrees with it if
    # the F1 of their words is so high, and changed if it failed so often while it was doubted
    template_check_rate: int = 64
    template_agreement: float = 0.9
    template_failures: int = 3

    # chrome: a line that this many different articles of an outlet repeat is not their text; two pages are
    # versions of one article if they share this much of the shorter one's words, each divided by the
    # number of pages that hold its line (of twins half, of five versions five eighths of their text), lines
    # on more pages than `chrome_rare_pages` aside
    chrome_min_articles: int = 3
    chrome_same_article: float = 0.25
    chrome_rare_pages: int = 32

    # signatures: datasketch.MinHash(num_perm, seed=1, scheme="affine32") over word 5-grams
    shingle_words: int = 5
    num_perm: int = 128

    # candidates: 42 bands of 3 rows find J = .3 with probability .68 and J = .5 with .996;
    # one shingle in `anchor_rate` is an anchor, which finds short copies by containment; a copy cut to
    # its first paragraphs has few, so of the first `lead_shingles` one in `lead_anchor_rate` is one too
    bands: int = 42
    rows: int = 3
    anchor_rate: int = 32
    lead_shingles: int = 64
    lead_anchor_rate: int = 4
    bucket_cap: int = 16
    # texts published further apart are not held against each other, unless they are the same or had the same
    # address; 0: no such bound
    window_days: float = 0.0

    # verdict: by the scorecard; under the floor no real copy was found among 342
    min_shared_shingles: int = 12
    # how rare the shared words are is asked of so many doubtful pairs between the same two groups of copies,
    # the likeliest first
    doubtful_pairs: int = 4
    # accepted pairs below it are held to be a shorter text inside a longer one
    alike_jaccard: float = 0.5
    # borderline pairs are kept in `edges` from here on, so that a person can judge them
    keep_jaccard: float = 0.2
    keep_containment: float = 0.4

    # groups are joined over a truncated copy only if of the shorter of their longest texts this share
    # lies in the other: a digest of three stories holds a third of each at most
    bridge_containment: float = 0.5

    # versions: two texts of a story are different ones if words that several owners carry were replaced, or
    # so many of them in a row added or taken out
    version_words: int = 12

    # canonical: which copy stands for its story (docs/versions.md); `preferred_outlets` names them in order;
    # texts whose score is this close to the best are held to be equally good
    canonical_policy: Literal[
        "most_confirmed_text",
        "most_complete",
        "latest_corrected",
        "earliest",
        "origin_first",
        "preferred_outlets",
    ] = "most_confirmed_text"
    preferred_outlets: tuple[str, ...] = ()
    canonical_close: float = 0.95
    # a copy is truncated or extended, not near, if so much of the one lies in a so much longer other
    copy_share: float = 0.9

    # strictness: copies of a story whose Jaccard is at least this have one story_id_strict; two stories have
    # one story_id_loose if a pair of them was refused though its score (log-odds) is at least this
    strict_jaccard: float = 0.9
    loose_score: float = -2.0

    # rights (docs/rights.md): the usage class of each wire's stories, others' is `licensed`; after how many
    # days the texts of a class expire, from the day on which a story was first seen; whether texts are
    # published at all, and for how many days; for how many days quarantine is (0: for ever)
    usage_classes: Mapping[str, str] = field(default_factory=lambda: dict(_OPEN))
    expire_days: Mapping[str, int] = field(default_factory=dict)
    publish_text: bool = True
    keep_text_days: int = 0
    keep_quarantine_days: int = 0

    # checks that warn, against the median of so many of the last releases: one may be odd
    warn_drift_releases: int = 7
    # the share of republications whose story another outlet ran too moves slowly, and an outlet of which
    # fewer than half the pages can be read has changed its templates
    warn_duplicate_drift: float = 0.15
    warn_readable_share: float = 0.5
    warn_min_pages: int = 5
    # as many rows come in as usual: nights and holidays bring a fifth of that, and small lakes anything
    warn_drift_times: float = 5.0
    warn_drift_rows: float = 100.0
    # an outlet against its own past: a share that fell by so much, and by so many standard errors
    warn_share_drop: float = 0.3
    warn_share_errors: float = 4.0
    warn_quarantine_share: float = 0.3
    # nothing new for so many times as long as ever before, and for so long at all: a weekend is no news
    warn_silent_times: float = 2.0
    warn_silent_days: float = 3.0
    # copies beyond one an outlet and version, from which on a story is looked at
    warn_story_copies: int = 20
    # an outlet of whose usual chrome less than this share is left on the newest pages has a new template
    warn_template_pages: int = 5
    warn_template_share: float = 0.2
    # a credit rule that by its past share should have been found so often in the last days, and never was
    warn_mark_days: float = 7.0
    warn_mark_pages: float = 10.0

    def __post_init__(self) -> None:
        for name in ("shingle_words", "anchor_rate", "lead_anchor_rate", "min_shared_shingles"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if min([1, *self.expire_days.values()]) < 1:
            raise ValueError("expire_days must be at least 1")
        if min(self.keep_text_days, self.keep_quarantine_days) < 0:
            raise ValueError("keep_text_days and keep_quarantine_days must be at least 0")
        if self.num_perm % 4:  # the kernel makes four values at a time
            raise ValueError(f"num_perm must be a multiple of 4, got {self.num_perm}")
        if self.canonical_policy == "preferred_outlets" and not self.preferred_outlets:
            raise ValueError("preferred_outlets must name an outlet if it is the canonical_policy")
        if self.bands * self.rows > self.num_perm:
            raise ValueError(
                f"bands x rows must not exceed num_perm: {self.bands} x {self.rows} > {self.num_perm}"
            )

    @property
    def least_words(self) -> int:
        """Words of a text that can prove anything: shorter ones share too few shingles."""
        return self.min_shared_shingles + self.shingle_words - 1

    def fingerprint(self) -> str:
        """Twelve hex digits over what decides the index's content: signatures and their input."""
        kept = ("shingle_words", "num_perm", "bands", "rows", "anchor_rate")
        leads = ("lead_shingles", "lead_anchor_rate")
        return _digest({name: getattr(self, name) for name in (*kept, *leads)} | {"tokens": _TOKENS})

    def matching(self) -> str:
        """Twelve hex digits over what decides which documents are one story."""
        apart = ("warn_", "extract_", "template_", "canonical_", "copy_share", *_RIGHTS)
        return _digest(
            {k: v for k, v in asdict(self).items() if not k.startswith(apart)} | {"tokens": _TOKENS}
        )

    def digest(self) -> str:
        """Twelve hex digits over all params, recorded in each release's manifest."""
        return _digest(asdict(self))


def _digest(values: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]
