"""A scorecard is fitted on labels, cross-validated without leaks, and used by the commands."""

from __future__ import annotations

import csv
import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from pipeline import cli
from pipeline.errors import BadInput
from pipeline.match.scorecard import load_scorecard
from pipeline.tune.beginnings import with_beginnings
from pipeline.tune.fit import _folds, assess
from pipeline.tune.labels import COPIES, DIFFERENT, UNSURE, Labelled, read_labels
from tests.match.texts import articles, prose

STATEMENTS = [prose(9_000 + n, 70) for n in range(12)]


def corpus(folder: Path) -> tuple[Path, Path]:
    """Sixty stories in two copies each, one cut or with a paragraph more; every five quote one statement."""
    pick = random.Random(4)
    docs, pairs = [], []
    for story in range(60):
        body = f"{prose(story, pick.randrange(120, 400))}\n{STATEMENTS[story // 5]}"
        cut = " ".join(body.split()[: pick.randrange(90, 120)])
        copy = pick.choice([cut, f"{body}\n{prose(500 + story, 40)}"])
        for number, text in enumerate((body, copy)):
            doc = {"doc_id": f"d{story:02}{number}", "site": f"station-{number}", "text": text}
            docs.append({**doc, "title": prose(700 + story, 6), "story": f"s{story}"})
        pairs.append({"a": f"d{story:02}0", "b": f"d{story:02}1", "label": "story", "kind": "copy"})
        if story % 5:
            pairs.append(
                {"a": f"d{story:02}0", "b": f"d{story - 1:02}0", "label": "different", "kind": "quote"}
            )
    pairs.append({"a": "d000", "b": "d070", "label": "unsure"})
    files = folder / "docs.jsonl", folder / "pairs.jsonl"
    for file, rows in zip(files, (docs, pairs), strict=True):
        file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return files


def test_tuning_makes_a_scorecard_that_clusters_by_it(tmp_path: Path) -> None:
    docs, pairs = corpus(tmp_path)
    out = tmp_path / "tuned"
    args = ["tune", str(pairs), "--docs", str(docs), "--out", str(out), "--story-field", "story"]
    told = CliRunner().invoke(cli.app, [*args, "--json"], catch_exceptions=False)
    found = json.loads(told.stdout)
    assert found["cross_validated"]["f1"] > 0.95
    assert found["copies"] == 60
    assert ["different", "quote", 48, 48] in found["kinds"]
    assert {file.name for file in out.iterdir()} == {
        "scorecard.json",
        "report.md",
        "curves.png",
        "precision_recall.png",
    }
    assert "| different | quote | 48 | 48 |" in (out / "report.md").read_text()
    card = out / "scorecard.json"
    assert load_scorecard(card).fitted["labels_sha256"] == found["labels_sha256"]
    lake = tmp_path / "lake"
    args = ["cluster", str(docs), "--out", str(lake), "--outlet-field", "site", "--scorecard", str(card)]
    folded = json.loads(CliRunner().invoke(cli.app, [*args, "--json"], catch_exceptions=False).stdout)
    assert folded["stories"] == 60
    args = ["explain", str(lake), "d000", "d001"]
    why = json.loads(CliRunner().invoke(cli.app, [*args, "--scorecard", str(card), "--json"]).stdout)
    assert why["decision"] == "accepted"
    added = sum(one["weight"] for one in why["contributions"])
    assert why["base"] + added == pytest.approx(why["score"], abs=1e-6)
    other = CliRunner().invoke(cli.app, args)
    assert isinstance(other.exception, BadInput)
    assert "--scorecard" in str(other.exception)


def test_a_missing_story_field_is_named(tmp_path: Path) -> None:
    """Else each document would be a story of its own, and every copy a wrong label."""
    docs, pairs = corpus(tmp_path)
    args = ["tune", str(pairs), "--docs", str(docs), "--out", str(tmp_path / "o"), "--story-field", "piece"]
    result = CliRunner().invoke(cli.app, args)
    assert isinstance(result.exception, BadInput)
    assert "expected the column piece" in str(result.exception)


def test_a_broken_scorecard_stops_before_any_work(tmp_path: Path) -> None:
    docs, _ = corpus(tmp_path)
    card, lake = tmp_path / "card.json", tmp_path / "lake"
    card.write_text('{"format": 1}')
    args = ["cluster", str(docs), "--out", str(lake), "--scorecard", str(card)]
    result = CliRunner().invoke(cli.app, args)
    assert isinstance(result.exception, BadInput)
    assert str(card) in str(result.exception)
    assert not lake.exists()


def test_labels_are_the_same_from_every_form(tmp_path: Path) -> None:
    _, pairs = corpus(tmp_path)
    rows = [json.loads(line) for line in pairs.read_text().splitlines()]
    with (tmp_path / "pairs.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, ["a", "b", "label", "kind"])
        table.writeheader()
        table.writerows(rows)
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "pairs.parquet")
    ids = [f"d{story:02}{number}" for story in range(60) for number in (0, 1)]
    words = articles([prose(n, 50) for n in range(120)]).words
    names = ("pairs.jsonl", "pairs.csv", "pairs.parquet")
    first, *others = (read_labels(tmp_path / name, ids, None, words, 5) for name in names)
    for other in others:
        assert np.array_equal(first.pairs, other.pairs)
        assert np.array_equal(first.labels, other.labels)
        assert (first.kinds, first.ignored) == (other.kinds, other.ignored)
    assert first.labels.tolist().count(COPIES) == 60
    assert first.labels.tolist().count(DIFFERENT) == 48
    # what the labels imply is the truth: the two copies of a story are one
    assert (first.stories[::2] == first.stories[1::2]).all()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"a": "d000", "b": "nobody", "label": "story"}', "110: expected documents of --docs"),
        ('{"a": "d000", "b": "d001", "label": "maybe"}', "110: expected documents of --docs"),
        ("{", "expected JSONL, CSV or Parquet"),
    ],
)
def test_a_broken_label_is_named(tmp_path: Path, line: str, told: str) -> None:
    docs, pairs = corpus(tmp_path)
    pairs.write_text(f"{pairs.read_text()}{line}\n")
    result = CliRunner().invoke(
        cli.app, ["tune", str(pairs), "--docs", str(docs), "--out", str(tmp_path / "o")]
    )
    assert isinstance(result.exception, BadInput)
    assert told in str(result.exception)


def labelled(
    pairs: list[tuple[int, int]], stories: list[int], ignored: frozenset[tuple[int, int]]
) -> Labelled:
    n = len(stories)
    labels = [COPIES if stories[a] == stories[b] else DIFFERENT for a, b in pairs]
    return Labelled(
        np.array(pairs),
        np.array(labels, np.int8),
        ("",) * len(pairs),
        np.array(stories),
        np.ones(n, np.bool_),
        ignored,
        n,
        "",
    )


def test_no_story_and_no_connected_documents_stand_in_two_folds() -> None:
    pick = random.Random(3)
    stories = [pick.randrange(60) for _ in range(200)]
    pairs = sorted({tuple(sorted(pick.sample(range(200), 2))) for _ in range(60)})
    known = labelled(pairs, stories, frozenset())  # type: ignore[arg-type]
    folds = _folds(known, 0)
    fold_of: dict[int, int] = {}
    for fold, pair in zip(folds.tolist(), pairs, strict=True):
        for doc in pair:
            assert fold_of.setdefault(stories[doc], fold) == fold
    assert len(set(folds.tolist())) > 1


def test_quality_is_counted_over_pairs_of_documents() -> None:
    # clusters {0, 1, 2}, {3, 4}; stories {0, 1}, {2}, {3, 4, 5}
    known = labelled([(0, 1), (1, 2), (3, 4), (4, 5)], [0, 0, 1, 2, 2, 2], frozenset())
    accepted = np.array([True, True, True, False])
    found = assess(known, accepted)
    assert (found.precision, found.recall) == (2 / 4, 2 / 4)
    # nobody knows whether stories 0 and 1 are one: what joins them is neither right nor wrong
    doubtful = replace(known, ignored=frozenset({(0, 1)}))
    assert assess(doubtful, accepted).precision == 1.0


def test_beginnings_are_pairs_but_no_documents() -> None:
    texts = articles([prose(n, 300) for n in range(40)])
    known = labelled([(n, n + 1) for n in range(39)], list(range(40)), frozenset())
    longer, more = with_beginnings(texts, known)
    added = more.pairs[39:]
    assert len(added) == 3
    assert (added[:, 1] >= 40).all() and len(longer) == 43
    for whole, cut in added.tolist():
        assert more.stories[whole] == more.stories[cut]
        start, end = longer.words.starts[cut], longer.words.ends[cut]
        assert start == longer.words.starts[whole] and 30 <= end - start <= 110
    assert (more.labels[39:] == COPIES).all()
    assert not more.scored[40:].any() and more.documents == 40
    assert UNSURE not in more.labels
