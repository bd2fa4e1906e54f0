"""Labelled pairs, the documents they are of, and the truth that clusters are held against."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from pipeline.errors import BadInput
from pipeline.ingest.articles import read_articles
from pipeline.match.kernels.shingles import shingles_of
from pipeline.match.words import Words
from pipeline.model import Run
from pipeline.params import Params

COPIES, DIFFERENT, UNSURE = 1, 0, -1
_LABELS = {"story": COPIES, "same": COPIES, "different": DIFFERENT, "unsure": UNSURE}
# without a label but with known stories, pairs that share so much are learned from
_MIN_SHARED, _MIN_CONTAINMENT = 8, 0.12
_COMMON = 200  # a shingle in more documents says nothing about two of them


@dataclass(frozen=True, slots=True)
class Labelled:
    """m pairs of n documents and the truth.

    `pairs` int64[m, 2], the smaller first; `labels` int8[m]: COPIES, DIFFERENT, UNSURE; `kinds`: what makes
    each hard, or ""; `stories` int64[n]: the true story of each document; `scored` bool[n]: documents of
    which all is known; `ignored`: pairs of stories of which nobody could say whether they are one;
    `documents`: how many are documents and not beginnings; `sha256` of the labels.
    """

    pairs: NDArray[np.int64]
    labels: NDArray[np.int8]
    kinds: tuple[str, ...]
    stories: NDArray[np.int64]
    scored: NDArray[np.bool_]
    ignored: frozenset[tuple[int, int]]
    documents: int
    sha256: str

    def take(self, kept: NDArray[np.bool_]) -> Labelled:
        """Some of the pairs, against the same truth."""
        kinds = tuple(kind for kind, keep in zip(self.kinds, kept.tolist(), strict=True) if keep)
        return replace(self, pairs=self.pairs[kept], labels=self.labels[kept], kinds=kinds)


def read_docs(path: Path, run: Run, params: Params, outlet_field: str | None) -> pa.Table:
    """The documents as segments.PAGES. Raises `BadInput` if none can be read, or two have one id."""
    pages = pa.concat_tables([batch.pages for batch in read_articles(path, run, params, outlet_field)])
    ids = pages["doc_id"].to_pylist()
    if len(set(ids)) < len(ids) or not ids:
        raise BadInput(
            f"{path}: expected documents of different ids, got {len(ids)}, {len(set(ids))} different"
        )
    return pages


def read_labels(
    path: Path, doc_ids: list[str], stories: Mapping[str, str] | None, words: Words, width: int
) -> Labelled:
    """The labels of a JSONL, CSV or Parquet file with columns a, b, label (story or same, different,
    unsure) and perhaps kind.

    With `stories` (document to story) these are the truth, and pairs that share much are labelled by it
    too; else truth is what the labels imply. Raises `BadInput` with the row that is wrong.
    """
    places = {doc_id: place for place, doc_id in enumerate(doc_ids)}
    rows = list(_rows(path))
    labelled: dict[tuple[int, int], tuple[int, str]] = {}
    for number, row in enumerate(rows, start=1):
        try:
            a, b = sorted((places[str(row["a"])], places[str(row["b"])]))
            labelled[a, b] = _LABELS[str(row["label"])], str(row.get("kind") or "")
        except KeyError as error:
            expected = f"expected documents of --docs as a and b, and a label of {', '.join(_LABELS)}"
            raise BadInput(f"{path}:{number}: {expected}; got {error}") from None
    if not {COPIES, DIFFERENT} <= {label for label, _ in labelled.values()}:
        raise BadInput(f"{path}: expected pairs labelled story and pairs labelled different")
    n = len(doc_ids)
    if stories is None:
        truth = components(n, np.array([pair for pair, (label, _) in labelled.items() if label == COPIES]))
        scored = np.zeros(n, np.bool_)
        scored[np.array(list(labelled)).ravel()] = True
    else:
        names = [stories.get(doc_id, f" {doc_id}") for doc_id in doc_ids]
        truth, scored = np.unique(names, return_inverse=True)[1], np.ones(n, np.bool_)
    unsure = [pair for pair, (label, _) in labelled.items() if label == UNSURE]
    ignored = frozenset(_ordered(truth[a], truth[b]) for a, b in unsure if truth[a] != truth[b])
    if stories is not None:
        for a, b in _sharing(words, width):
            known = UNSURE if _ordered(truth[a], truth[b]) in ignored else int(truth[a] == truth[b])
            labelled.setdefault((a, b), (known, ""))
    pairs = sorted(labelled)
    return Labelled(
        np.array(pairs),
        np.array([labelled[pair][0] for pair in pairs], np.int8),
        tuple(labelled[pair][1] for pair in pairs),
        truth,
        scored,
        ignored,
        n,
        hashlib.sha256(json.dumps(rows, sort_keys=True, default=str).encode()).hexdigest(),
    )


def components(n: int, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """The component of each of n documents under pairs int64[m, 2], int64[n]."""
    pairs = pairs.reshape(-1, 2)
    graph = csr_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def _ordered(a: int, b: int) -> tuple[int, int]:
    return (int(a), int(b)) if a < b else (int(b), int(a))


def _sharing(words: Words, width: int) -> list[tuple[int, int]]:
    """Pairs that share at least so many shingles of `width` words, by brute force."""
    room = np.empty(words.longest + 1, np.uint32)
    sets = [
        np.unique(room[: shingles_of(words.words, start, end, width, room)])
        for start, end in zip(words.starts, words.ends, strict=True)
    ]
    sizes = np.array([len(one) for one in sets])
    hashes, columns, counts = np.unique(np.concatenate(sets), return_inverse=True, return_counts=True)
    rows = np.repeat(np.arange(len(sets)), sizes)
    kept = counts[columns] <= _COMMON
    held = csr_array(
        (np.ones(kept.sum(), np.int32), (rows[kept], columns[kept])), shape=(len(sets), len(hashes))
    )
    shared = (held @ held.T).tocoo()
    a, b, n = shared.row, shared.col, shared.data
    much = (a < b) & (n >= _MIN_SHARED) & (n >= _MIN_CONTAINMENT * np.minimum(sizes[a], sizes[b]))
    return list(zip(a[much].tolist(), b[much].tolist(), strict=True))


def _rows(path: Path) -> Iterator[Mapping[str, object]]:
    try:
        if path.suffix == ".parquet":
            yield from pq.read_table(path).to_pylist()
        elif path.suffix == ".csv":
            with path.open(encoding="utf-8", newline="") as file:
                yield from csv.DictReader(file)
        else:
            with path.open(encoding="utf-8") as file:
                yield from (json.loads(line) for line in file if line.strip())
    except (OSError, ValueError, pa.ArrowInvalid) as error:
        raise BadInput(f"{path}: expected JSONL, CSV or Parquet: {error}") from error
