"""What the copies of a story tell of each other: versions, the text that stands for each, what each copy did.

Copies of stories that have no other are not read: they stand for themselves.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.match.kernels import groups, overlap
from pipeline.match.words import Words
from pipeline.params import Params
from pipeline.segments import TOLD
from pipeline.story.canonical import choose
from pipeline.story.confirmed import Confirmed, confirm
from pipeline.story.consensus import repair, to_columns
from pipeline.story.edits import EXACT, Edits, find_edits, told, word_changes
from pipeline.story.kernels.strict import unite_near
from pipeline.story.lines import Read, read_lines
from pipeline.story.versions import Shown, find_versions, single_kinds

CANONICAL, OLDER, NEWER = "canonical", "older_version", "newer_version"
_ALONE = "the only copy"
# columns of TOLD that are 0 for the only copy of a story
_ZERO = ("n_paragraphs_omitted", "n_paragraphs_added", "headline_distance", "words_added", "words_removed")

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Columns = Mapping[str, pa.Array | NDArray[np.generic]]


def tell(
    pages: pa.Table, stories: Ints, owners: Ints, at: Shown, free: Flags, read: Read, params: Params
) -> pa.Table:
    """segments.TOLD of n documents, all of some stories.

    `pages`: segments.PAGES sorted by doc_id; `stories`, `owners` int64[n]: the number of each one's story and
    of the group that owns its outlet; `at`: since when each shows its text; `free` bool[n]: it may stand for
    its story and version, where any may; `read` gives the words of some texts as they are compared.
    """
    _, story = np.unique(stories, return_inverse=True)
    alone = np.bincount(story, minlength=1)[story] == 1
    single, several = np.flatnonzero(alone), np.flatnonzero(~alone)
    parts = [_singles(pages.take(single), single, at, params)]
    if len(several):
        _, whose = np.unique(owners[several], return_inverse=True)
        _, of = np.unique(story[several], return_inverse=True)
        columns = _several(pages.take(several), of, whose, at.take(several), free[several], read, params)
        rows = {
            name: several[columns[name]] for name in ("chosen", "representative", "strict", "independent")
        }
        parts.append(_table(dict(columns) | rows))
    order = np.argsort(np.concatenate([single, several]))
    return pa.concat_tables(parts).take(order).combine_chunks()


def _singles(pages: pa.Table, rows: Ints, at: Shown, params: Params) -> pa.Table:
    n = len(rows)
    lists = pa.array([[]] * n, TOLD.field("paragraphs_added").type)
    one, zero = np.ones(n), np.zeros(n, np.int32)
    return _table(
        {
            **dict.fromkeys(("chosen", "representative", "strict", "independent"), rows),
            **dict.fromkeys(("jaccard", "in_canonical", "of_canonical"), one),
            **dict.fromkeys(_ZERO, zero),
            **{name: lists for name in TOLD.names if pa.types.is_list(TOLD.field(name).type)},
            "policy": pa.repeat(pa.scalar(params.canonical_policy), n),
            "reason": pa.repeat(pa.scalar(_ALONE), n),
            "version_no": np.ones(n, np.int32),
            "version_kind": pa.array(single_kinds(pages), pa.string()),
            "relation": pa.repeat(pa.scalar(CANONICAL), n),
            "shape": pa.repeat(pa.scalar(EXACT), n),
            "local_insert": np.zeros(n, bool),
            "since": at.since[rows],
            "firm": at.firm[rows],
            "repaired_body": pa.nulls(n, pa.string()),
        }
    )


def _several(
    pages: pa.Table, stories: Ints, owners: Ints, at: Shown, free: Flags, read: Read, params: Params
) -> Columns:
    """The columns of TOLD for stories with several copies."""
    lines = read_lines(pages, read)
    words, n = lines.texts(), len(stories)
    confirmed = confirm(pages, stories, words, owners, params)
    versions = find_versions(pages, stories, confirmed, owners, at, params)
    choice = choose(pages, stories, confirmed, versions, at, free, params)
    added, removed = word_changes(lines, stories, versions, choice.representatives)
    edits = find_edits(
        lines, pages["headline"].combine_chunks(), stories, choice.representatives, owners, params
    )
    jaccard, inside, around = _against_canonical(words, edits, choice.chosen, params)
    ahead = versions.number - versions.number[choice.chosen]
    relation = np.select(
        [choice.chosen == np.arange(n), ahead < 0, ahead > 0],
        np.array([CANONICAL, OLDER, NEWER], object),
        edits.shape,
    )
    strict, independent = _ties(stories, owners, confirmed, edits, params)
    return {
        "chosen": choice.chosen,
        "policy": pa.repeat(pa.scalar(params.canonical_policy), n),
        "reason": choice.reasons,
        "version_no": versions.number,
        "version_kind": pa.array(versions.kind, pa.string()),
        "words_added": added,
        "words_removed": removed,
        "representative": choice.representatives,
        "strict": strict,
        "independent": independent,
        "relation": pa.array(relation, pa.string()),
        "shape": pa.array(edits.shape, pa.string()),
        "jaccard": jaccard,
        "in_canonical": inside,
        "of_canonical": around,
        **told(edits, lines),
        "since": at.since,
        "firm": at.firm,
        **to_columns(repair(lines, edits, choice.chosen, owners, free), n),
    }


def _against_canonical(
    words: Words, edits: Edits, chosen: Ints, params: Params
) -> tuple[NDArray[np.float64], ...]:
    """Jaccard, and both containments, of each copy with its canonical one."""
    other = np.flatnonzero(edits.to != chosen)
    pairs, shared = np.stack([chosen[other], other], axis=1), np.zeros(len(other), np.int64)
    texts = words.words, words.starts, words.ends, words.longest
    overlap.shared_all(*texts, pairs, params.shingle_words, shared)
    jaccard, inside, around = edits.jaccard.copy(), edits.inside.copy(), edits.around.copy()
    own, canonical = edits.sizes[other], edits.sizes[chosen[other]]
    jaccard[other] = shared / np.maximum(own + canonical - shared, 1)
    inside[other], around[other] = shared / np.maximum(own, 1), shared / np.maximum(canonical, 1)
    same = chosen == np.arange(len(chosen))
    jaccard[same] = inside[same] = around[same] = 1.0
    return jaccard, inside, around


def _ties(
    stories: Ints, owners: Ints, confirmed: Confirmed, edits: Edits, params: Params
) -> tuple[Ints, Ints]:
    """For each copy the least row of those of its story that are all but the same, and of those tied by the
    same words or the same owner.

    All but the same are texts within `strict_jaccard` of the one that stands for their version, or of one of
    those next to them in length.
    """
    n, words = len(stories), confirmed.words
    near, tied = np.arange(n), np.arange(n)
    for parent in (near, tied):
        groups.unite_all(parent, np.arange(n), confirmed.firsts[confirmed.text])
    _, one, place = np.unique(np.stack([stories, owners]), axis=1, return_index=True, return_inverse=True)
    groups.unite_all(tied, np.arange(n), one[place])
    close = np.flatnonzero(edits.jaccard >= params.strict_jaccard)
    groups.unite_all(near, close, edits.to[close])
    order, opens = confirmed.ordered(confirmed.sizes)
    arrays = words.words, words.starts, words.ends, words.longest, order, opens, confirmed.sizes
    unite_near(*arrays, params.strict_jaccard, params.shingle_words, confirmed.firsts, near)
    return np.asarray(groups.roots(near), np.int64), np.asarray(groups.roots(tied), np.int64)


def _table(columns: Columns) -> pa.Table:
    arrays = [columns[field.name] for field in TOLD]
    cast = [
        (array if isinstance(array, pa.Array) else pa.array(array)).cast(field.type)
        for array, field in zip(arrays, TOLD, strict=True)
    ]
    return pa.Table.from_arrays(cast, schema=TOLD)
