"""The corpus says what is the same story, and its texts bear it out."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from infra.demo.corpus import Article, articles, write_corpus


@pytest.fixture(scope="module")
def corpus() -> list[Article]:
    return list(articles(1))


def shingles(text: str) -> frozenset[tuple[str, ...]]:
    words = text.lower().split()
    return frozenset(zip(*(words[start:] for start in range(5)), strict=False))


def test_it_is_as_large_as_promised_and_every_document_is_one(corpus: list[Article]) -> None:
    assert 1_500 <= len(corpus) <= 1_800
    assert (
        len({article.doc_id for article in corpus}) == len({article.url for article in corpus}) == len(corpus)
    )
    assert len({article.site for article in corpus}) == 16
    assert min(len(article.text.split()) for article in corpus) >= 25


def test_same_seed_same_corpus_and_other_seed_another(corpus: list[Article]) -> None:
    assert list(articles(1)) == corpus
    assert {article.text for article in articles(1, seed=7)}.isdisjoint(article.text for article in corpus)


def test_copies_of_a_story_share_text_and_other_stories_do_not(corpus: list[Article]) -> None:
    """All pairs that share a shingle, counted by hand; siblings, markets and digests are meant to share."""
    sets = [shingles(article.text) for article in corpus]
    holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, found in enumerate(sets):
        for shingle in found:
            holders[shingle].append(number)
    shared: dict[tuple[int, int], int] = defaultdict(int)
    for numbers in holders.values():
        if len(numbers) <= 40:
            for at, a in enumerate(numbers):
                for b in numbers[at + 1 :]:
                    shared[a, b] += 1
    near: dict[int, float] = defaultdict(float)
    strangers = 0
    for (a, b), both in shared.items():
        contained = both / min(len(sets[a]), len(sets[b]))
        if corpus[a].truth == corpus[b].truth:
            near[a], near[b] = max(near[a], contained), max(near[b], contained)
        elif contained >= 0.5:
            strangers += 1
    sizes: dict[str, int] = defaultdict(int)
    for article in corpus:
        sizes[article.truth] += 1
    copies = [n for n, article in enumerate(corpus) if sizes[article.truth] > 1]
    assert len(copies) > 800
    assert sum(near[n] >= 0.5 for n in copies) / len(copies) > 0.99
    assert strangers / len(copies) < 0.2


def test_parquet_and_jsonl_hold_the_same_rows(tmp_path: Path, corpus: list[Article]) -> None:
    assert write_corpus(tmp_path / "c.parquet", 1) == write_corpus(tmp_path / "c.jsonl", 1) == len(corpus)
    table = pq.read_table(tmp_path / "c.parquet")
    lines = [json.loads(line) for line in (tmp_path / "c.jsonl").read_text(encoding="utf-8").splitlines()]
    assert table.column_names == [
        "doc_id",
        "url",
        "site",
        "title",
        "published_at",
        "authors",
        "text",
        "truth",
    ]
    for name in ("doc_id", "text", "truth", "authors"):
        assert table[name].to_pylist() == [line[name] for line in lines]


def test_row_groups_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.demo.corpus.ROW_GROUP", 500)
    write_corpus(tmp_path / "c.parquet", 1)
    groups = pq.ParquetFile(tmp_path / "c.parquet").metadata
    assert groups.num_row_groups >= 3
    assert max(groups.row_group(n).num_rows for n in range(groups.num_row_groups)) == 500
