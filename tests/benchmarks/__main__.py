"""`make bench`: CPU time of the matching stages on a generated corpus, beside datasketch in the same run.

    python -m tests.benchmarks [--scale N]

Figures are CPU microseconds a document. The claim that is guarded: a signature costs at most a tenth
of what datasketch takes for the same hashes. Compile time is reported apart; numba caches it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import pyarrow as pa
from datasketch import MinHash
from rich.console import Console
from rich.table import Table

from infra.demo.corpus import articles
from pipeline.match.blocks import coded
from pipeline.match.chrome import learn, read_lines, strip
from pipeline.match.cluster import cluster
from pipeline.match.kernels.shingles import shingles_of
from pipeline.match.sign import SCHEME, SEED, sign
from pipeline.match.verify import Verifier
from pipeline.match.words import Words, read_words
from pipeline.params import Params

T = TypeVar("T")
SAMPLE = 300
CLAIM = 10.0


def cpu(stages: dict[str, float], name: str, work: Callable[[], T]) -> T:
    """The work's result; its CPU seconds go to `stages`."""
    start = time.process_time()
    result = work()
    stages[name] = time.process_time() - start
    return result


def main(scale: int) -> int:
    params, stages = Params(), {}
    rows = [(article.site, article.text, article.truth) for article in articles(scale)]
    sites, texts, truth = zip(*rows, strict=True)
    outlets, bodies = pa.array(sites), pa.array(texts)
    cpu(stages, "compile", lambda: fold_all(outlets[:50], bodies[:50], params, {}))
    labels = fold_all(outlets, bodies, params, stages)
    words = read_words(bodies[:SAMPLE])
    hashes = shingle_hashes(words, params)
    theirs = cpu(stages, "datasketch", lambda: datasketch_signatures(hashes))
    ours = cpu(stages, "ours", lambda: sign(words, params).signatures)
    ratio = stages.pop("datasketch") / max(stages.pop("ours"), 1e-9)
    assert np.array_equal(theirs, ours)
    report(stages, len(rows), score(labels, truth), ratio)
    return 0 if ratio >= CLAIM else 1


def fold_all(outlets: pa.Array, bodies: pa.Array, params: Params, stages: dict[str, float]) -> np.ndarray:
    words = cpu(stages, "words", lambda: read_words(bodies))
    lines = cpu(stages, "lines", lambda: read_lines(words, coded(outlets)[0]))
    chrome = cpu(stages, "learn chrome", lambda: learn(lines, params).chrome)
    words = cpu(stages, "take it off", lambda: strip(lines, chrome))
    signed = cpu(stages, "sign", lambda: sign(words, params))
    return cpu(stages, "cluster", lambda: cluster(words, signed, Verifier(words, params), params)).labels


def shingle_hashes(words: Words, params: Params) -> list[list[int]]:
    room = np.empty(words.longest + 1, np.uint32)
    return [
        room[: shingles_of(words.words, start, end, params.shingle_words, room)].tolist()
        for start, end in zip(words.starts, words.ends, strict=True)
    ]


def datasketch_signatures(hashes: list[list[int]]) -> np.ndarray:
    signatures = []
    for values in hashes:
        one = MinHash(num_perm=128, seed=SEED, scheme=SCHEME, hashfunc=lambda value: value)
        one.update_batch(values)
        signatures.append(one.hashvalues)
    return np.array(signatures)


def score(labels: np.ndarray, truth: tuple[str, ...]) -> tuple[float, float]:
    """Pairwise precision and recall."""

    def pairs(*columns: np.ndarray) -> int:
        _, counts = np.unique(np.stack(columns), axis=1, return_counts=True)
        return int((counts * (counts - 1) // 2).sum())

    stories = np.unique(np.array(truth), return_inverse=True)[1]
    both = pairs(labels, stories)
    return both / max(pairs(labels), 1), both / max(pairs(stories), 1)


def report(stages: dict[str, float], n: int, quality: tuple[float, float], ratio: float) -> None:
    compiled = stages.pop("compile")
    table = Table("stage", "CPU µs a document", title=f"{n:,} documents")
    for name, seconds in stages.items():
        table.add_row(name, f"{seconds / n * 1e6:.1f}")
    console = Console()
    console.print(table)
    console.print(f"compiling or loading the kernels: {compiled:.2f} s, once a process")
    console.print(f"precision {quality[0]:.4f}, recall {quality[1]:.4f} against the corpus' truth")
    console.print(
        f"signatures: {ratio:.0f} times datasketch's speed on the same hashes (claimed: {CLAIM:.0f})"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=int, default=3)
    sys.exit(main(parser.parse_args().scale))
