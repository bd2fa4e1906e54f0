"""The benchmark's corpus is what it says: repeatable, mixed as declared, and true in its truth."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.benchmarks.corpus import SCHEMA, SEED, block, write
from tests.benchmarks.desk import ALONE, DIGEST, EDITS, FORM, Desk, Piece
from tests.benchmarks.sites import OUTLETS, sites_of

SIZE = 3_000


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return block(SEED, 3, SIZE).to_pylist()


@pytest.fixture(scope="module")
def pieces() -> dict[str, list[Piece]]:
    """By story, before any chrome."""
    desk, stories = Desk(SEED, 4), defaultdict(list)
    for piece, _ in zip(desk.pieces(), range(SIZE), strict=False):
        stories[piece.story].append(piece)
    return stories


def grams(piece: Piece) -> set[tuple[str, ...]]:
    words = " ".join(" ".join(paragraph) for paragraph in piece.paragraphs).lower().split()
    return set(zip(*(words[at:] for at in range(5)), strict=False))


def containment(one: Piece, other: Piece) -> float:
    a, b = grams(one), grams(other)
    return len(a & b) / min(len(a), len(b))


def test_the_same_seed_gives_the_same_rows_and_another_does_not() -> None:
    assert block(SEED, 7, 50).equals(block(SEED, 7, 50))
    texts = [set(block(*which, 50)["text"].to_pylist()) for which in ((SEED, 7), (SEED, 8), (SEED + 1, 7))]
    assert all(one.isdisjoint(other) for one, other in combinations(texts, 2))


def test_ids_are_unique_and_every_field_is_filled(rows: list[dict[str, Any]]) -> None:
    assert len({row["doc_id"] for row in rows}) == len({row["url"] for row in rows}) == SIZE
    assert all(all(row.values()) for row in rows)


def test_the_mixture_is_as_declared(rows: list[dict[str, Any]]) -> None:
    edits = Counter(row["edit"] for row in rows)
    copies = sum(edits[edit] for edit in EDITS)
    assert set(edits) == {*EDITS, ALONE, DIGEST, FORM}
    assert 0.4 < copies / SIZE < 0.6
    for edit, share in EDITS.items():
        assert abs(edits[edit] / copies - share) < 0.05, edit
    sizes = Counter(row["story_id"] for row in rows if row["edit"] in EDITS).values()
    assert max(sizes) <= 60
    assert sum(size <= 3 for size in sizes) > len(sizes) / 3, "most stories stand on few outlets"
    assert 4_400 < sum(len(row["text"].encode()) for row in rows) / SIZE < 5_000


def test_copies_do_not_lie_side_by_side(rows: list[dict[str, Any]]) -> None:
    neighbours = sum(a["story_id"] == b["story_id"] for a, b in pairwise(rows))
    assert neighbours < SIZE / 50


def test_each_page_wears_its_outlets_chrome_and_no_other(rows: list[dict[str, Any]]) -> None:
    chrome = {site.host: {*site.before, *site.after} for site in sites_of(SEED)}
    assert len(chrome) == OUTLETS
    worn = defaultdict(set)
    for row in rows:
        worn[row["site"]] |= chrome[row["site"]] & set(row["text"].splitlines())
    assert sum(map(len, worn.values())) > 0.9 * sum(map(len, chrome.values()))


def test_an_outlet_runs_a_story_once(pieces: dict[str, list[Piece]]) -> None:
    for told in pieces.values():
        assert len({piece.outlet for piece in told}) == len(told)


def test_every_copy_holds_much_of_another_copy_of_its_story(pieces: dict[str, list[Piece]]) -> None:
    copied = [told for told in pieces.values() if len(told) > 1]
    assert len(copied) > 100
    for told in copied:
        for piece in told:
            nearest = max(containment(piece, other) for other in told if other is not piece)
            assert nearest > 0.25, piece.story


def test_truncated_copies_are_much_shorter_and_lie_inside(pieces: dict[str, list[Piece]]) -> None:
    held = [
        max(containment(piece, other) for other in told if other.edit == "whole")
        for told in pieces.values()
        if any(other.edit == "whole" for other in told) and len(told) > 8
        for piece in told
        if piece.edit == "truncated"
    ]
    assert len(held) > 30
    assert sum(share > 0.9 for share in held) > 0.8 * len(held)


def test_what_looks_like_a_copy_and_is_none_shares_text(pieces: dict[str, list[Piece]]) -> None:
    """Digests hold the leads of stories, forms repeat, and stories of a topic share quotes: each its own."""
    topics = defaultdict(list)
    for story, told in pieces.items():
        topics[story.rpartition("-")[0].removesuffix(f"-{FORM}")].append(told[0])
    shared = defaultdict(list)
    for topic in topics.values():
        for one, other in combinations(topic, 2):
            shared[" ".join(sorted({one.edit, other.edit} & {DIGEST, FORM}))].append(containment(one, other))
    assert max(shared[DIGEST]) > 0.2
    assert max(shared[FORM]) > 0.3
    assert 0.02 < max(shared[""]) < 0.6


@pytest.mark.slow
def test_a_smaller_corpus_is_the_head_of_a_larger_one(tmp_path: Path) -> None:
    """Three blocks, so that more than one process has made them."""
    for documents in (20_100, 10_050):
        write(tmp_path / f"{documents}.parquet", documents)
    larger, smaller = (pq.read_table(tmp_path / f"{n}.parquet") for n in (20_100, 10_050))
    assert larger.schema.equals(SCHEMA)
    assert larger.num_rows == 20_100
    assert smaller.equals(larger.slice(0, 10_050))
