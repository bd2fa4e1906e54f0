"""The versions of a story: its different texts as the wire sent them, in order.

What makes a version is what several independent copies carry and others do not (kernels.versions), so that
neither a cut nor what one desk wrote makes one; or the wire's own mark in a copy: a kill, a correction, an
update. A copy that was cut so short that it may be of several versions is of the one that was out when it
was published. Versions are in the order in which pages that followed the wire showed them, then of times.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.params import Params
from pipeline.story.confirmed import Confirmed
from pipeline.story.kernels import versions as kernel

INITIAL, UPDATE, CORRECTION, SUBSTITUTE, KILL = "initial", "update", "correction", "substitute", "kill"
# notices by which a story is taken back
TAKEN_BACK = ("kill", "withhold", "retraction")
_UPDATES = r"^\W*(?:UPDATE[DS]?\b|RECASTS\b|ADDS\b|(?:\S+ )?\d+(?:st|nd|rd|th) Ld\b)|\b[Ww]rite-?[Tt]hru\b"
_SUBSTITUTES = r"^\W*(?:SUBS?\b|SUBSTITUTE\b|(?:\S+ )?Sub\b)"
_LEAD = 200  # characters of a body in which such a mark stands

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Shown:
    """Since when n pages showed their texts, int64[n] microseconds, as far as they tell; `firm` bool[n]: the
    page itself says so of this text, or it was seen to change. `before` int64[n]: the row of the text that
    stood at the address before, or -1."""

    since: Ints
    firm: Flags
    before: Ints

    def take(self, rows: Ints) -> Shown:
        """Of those rows alone (ascending); what stood before is -1 where it is not among them."""
        before = self.before[rows]
        place = np.minimum(np.searchsorted(rows, before), max(len(rows) - 1, 0))
        return Shown(self.since[rows], self.firm[rows], np.where(rows[place] == before, place, -1))


@dataclass(frozen=True, slots=True)
class Versions:
    """Of each of n copies the version's `number` (int64[n], from 1) and `kind` (str[n]): initial, update,
    correction, substitute, kill."""

    number: Ints
    kind: NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class _Marks:
    """What the wire says itself on n copies, bool[n]."""

    killed: Flags
    corrected: Flags
    updated: Flags
    substituted: Flags

    def any(self) -> Flags:
        return self.killed | self.corrected | self.updated | self.substituted


def find_versions(
    pages: pa.Table, stories: Ints, confirmed: Confirmed, owners: Ints, shown: Shown, params: Params
) -> Versions:
    """The versions of some stories from all their n copies.

    `pages`: headline, body, notices of segments.PAGES; `stories`, `owners` int64[n]: the number of each
    copy's story, from 0, and of the group that owns its outlet.
    """
    marks = _marks(pages)
    candidates = _candidates(confirmed, params)
    number = np.ones(len(stories), np.int64)
    kind = np.full(len(stories), INITIAL, object)
    several = np.zeros(int(stories.max(initial=-1)) + 1, bool)
    several[stories[(candidates != 1) | marks.any()]] = True
    rows = np.flatnonzero(several[stories])
    rows = rows[np.argsort(stories[rows], kind="stable")]
    for _, own in groupby(rows.tolist(), key=stories.__getitem__):
        docs = np.fromiter(own, np.int64)
        order = _versions_of(docs, candidates[docs], owners, shown, marks)
        for place, version in enumerate(order, 1):
            number[version] = place
            kind[version] = _kind(version, order[place - 2] if place > 1 else None, owners, marks)
    return Versions(number, kind)


def single_kinds(pages: pa.Table) -> NDArray[np.object_]:
    """The kinds of the versions of n stories with one copy each, str[n]: what the copy says of itself."""
    marks = _marks(pages)
    said = [marks.killed, marks.corrected, marks.substituted, marks.updated]
    return np.select(said, np.array([KILL, CORRECTION, SUBSTITUTE, UPDATE], object), INITIAL)


def _marks(pages: pa.Table) -> _Marks:
    lead = pc.utf8_slice_codeunits(pages["body"], 0, _LEAD)
    lead = pc.list_element(pc.split_pattern(lead, "\n", max_splits=1), 0)

    def says(pattern: str) -> Flags:
        found = (pc.match_substring_regex(texts, pattern) for texts in (pages["headline"], lead))
        return np.asarray(pc.or_(*found).to_numpy(), bool)

    notices = pages["notices"].combine_chunks()
    taken_back = [holds(notices, notice) for notice in TAKEN_BACK]
    return _Marks(
        np.any(taken_back, axis=0), holds(notices, "correction"), says(_UPDATES), says(_SUBSTITUTES)
    )


def holds(lists: pa.Array, value: str) -> Flags:
    """Whether each list holds `value`, bool[n]."""
    found = np.zeros(len(lists), bool)
    rows = pc.list_parent_indices(lists).filter(pc.equal(pc.list_flatten(lists), value))
    found[rows.to_numpy()] = True
    return found


def _candidates(confirmed: Confirmed, params: Params) -> NDArray[np.uint64]:
    """For each copy a bit for each version of its story that it may be of, uint64[n]."""
    texts, found = confirmed.words, np.empty(len(confirmed.words), np.uint64)
    # a text with a local paragraph must stand for no version: it lacks the seam that its copies have there
    order, opens = confirmed.ordered(confirmed.score())
    arrays = texts.words, texts.starts, texts.ends, texts.longest, order, opens, confirmed.holders
    kernel.versions_all(*arrays, params.shingle_words, params.version_words, found)
    return found[confirmed.text]


def _versions_of(
    docs: Ints, candidates: NDArray[np.uint64], owners: Ints, shown: Shown, marks: _Marks
) -> list[Ints]:
    """The copies of each version of a story, the versions in order."""
    label = _assigned(docs, candidates, shown)
    groups = [docs[label == one] for one in np.unique(label)]
    groups = [part for group in groups for part in _split(group, marks.killed)]
    groups = _ordered(groups, shown, marks)
    for mark in (marks.corrected, marks.updated):
        if not mark[groups[0]].all():  # what marks an older text as a newer one
            groups = _ordered([*_split(groups[0], mark), *groups[1:]], shown, marks)
    return groups


def _assigned(docs: Ints, candidates: NDArray[np.uint64], shown: Shown) -> Ints:
    """The version of each copy, as a place of its candidates' bits."""
    bits = np.unpackbits(candidates.astype("<u8").view(np.uint8).reshape(-1, 8), axis=1, bitorder="little")
    label = np.asarray(bits.argmax(axis=1), np.int64)
    sure = bits.sum(axis=1) == 1
    starts = {int(one): _start(docs[sure & (label == one)], shown) for one in np.unique(label[sure])}
    for row in np.flatnonzero(~sure).tolist():
        known = [(starts[one], one) for one in np.flatnonzero(bits[row]).tolist() if one in starts]
        out = [one for one in known if one[0] <= shown.since[docs[row]]]
        label[row] = max(out)[1] if out else min(known)[1] if known else label[row]
    return label


def _start(docs: Ints, shown: Shown) -> int:
    """When a version came out: the earliest time of its copies that is firm, or of all if none is."""
    firm = docs[shown.firm[docs]]
    return int(shown.since[firm if len(firm) else docs].min())


def _split(docs: Ints, mark: Flags) -> list[Ints]:
    return [part for part in (docs[~mark[docs]], docs[mark[docs]]) if len(part)]


def _ordered(groups: Sequence[Ints], shown: Shown, marks: _Marks) -> list[Ints]:
    """The versions in order: of those that no page showed after another that is left, the earliest."""
    of = {doc: place for place, group in enumerate(groups) for doc in group.tolist()}
    followed: Counter[tuple[int, int]] = Counter()
    for doc, place in of.items():
        old = of.get(int(shown.before[doc]), place)
        if old != place:
            followed[old, place] += 1
    after: defaultdict[int, set[int]] = defaultdict(set)
    for (old, new), pages in followed.items():
        if pages > followed[new, old]:
            after[new].add(old)
    key = {
        place: (_start(group, shown), bool(marks.any()[group].all()), int(group.min()))
        for place, group in enumerate(groups)
    }
    left, order = set(key), list[int]()
    while left:
        first = min((place for place in left if not after[place] & left), key=key.__getitem__, default=None)
        order.append(min(left, key=key.__getitem__) if first is None else first)
        left.discard(order[-1])
    return [groups[place] for place in order]


def _kind(version: Ints, before: Ints | None, owners: Ints, marks: _Marks) -> str:
    if marks.killed[version].all():
        return KILL
    if before is not None and marks.killed[before].all():
        return SUBSTITUTE
    if _carried(version, marks.corrected, owners) and (
        before is None or not _carried(before, marks.corrected, owners)
    ):
        return CORRECTION
    if _carried(version, marks.substituted, owners):
        return SUBSTITUTE
    return UPDATE if before is not None or _carried(version, marks.updated, owners) else INITIAL


def _carried(docs: Ints, mark: Flags, owners: Ints) -> bool:
    """Whether several owners' copies carry the mark, or half of all."""
    marked = docs[mark[docs]]
    return len(set(owners[marked].tolist())) > 1 or 2 * len(marked) >= len(docs)


def shown(pages: pa.Table, before: Ints, last_seen_at: pa.Array) -> Shown:
    """Since when n pages showed their texts.

    `pages`: published_at, modified_at, fetched_at of segments.PAGES; `before` int64[n]: the row that stood at
    the address before, or -1; `last_seen_at` timestamp[us][n].
    """
    seen = _micros(pages["fetched_at"])
    modified, published = (pages[name].cast(pa.int64()) for name in ("modified_at", "published_at"))
    said = pc.fill_null(modified, -1).to_numpy()
    since = pc.fill_null(pc.coalesce(modified, published), pa.scalar(np.iinfo(np.int64).max)).to_numpy()
    since = np.minimum(since, seen)
    # a page that was seen with another text before must say that it changed since; else it was seen to
    changed = before >= 0
    old = np.where(changed, _micros(last_seen_at)[before], 0)
    since = np.where(changed & (since <= old), seen, since)
    return Shown(since, changed | (said >= 0), before)


def _micros(times: pa.Array | pa.ChunkedArray) -> Ints:
    return np.asarray(times.cast(pa.int64()).to_numpy(), np.int64)
