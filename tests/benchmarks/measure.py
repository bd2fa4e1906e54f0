"""Runs an engine over a generated corpus in a process of its own, and scores its labels by the truth."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from tests.benchmarks import corpus, desk, prose, sites
from tests.benchmarks.engines import OURS

LOCAL = Path(".local") / "bench"
_RIVALS_PYTHON = Path(".local") / "bench-venv" / "bin" / "python"


class Absent(Exception):
    """The engine is not installed, or fails; the message is its last word."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What one engine took and found. Seconds are of CPU over all threads; `read` is the Parquet and
    `warm_up` compiling, loading and a first run over 2,000 documents: both apart from `stages`. `peak`
    in bytes."""

    engine: str
    documents: int
    stages: dict[str, float]
    read: float
    warm_up: float
    peak: int
    precision: float
    recall: float

    @property
    def micros(self) -> float:
        """Microseconds of CPU a document, text to clusters."""
        return sum(self.stages.values()) / self.documents * 1e6

    @property
    def f1(self) -> float:
        return 2 * self.precision * self.recall / max(self.precision + self.recall, 1e-9)


def measure(engine: str, documents: int) -> Figures:
    """Raises `Absent` for a rival that does not run."""
    path = corpus_of(documents)
    labels = LOCAL / f"labels-{engine}.npy"
    python = sys.executable if engine == OURS else str(_RIVALS_PYTHON)
    command = [python, "-m", "tests.benchmarks.run", engine, str(path), str(labels)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except FileNotFoundError as error:
        raise Absent(f"{engine}: {error}") from None
    except subprocess.CalledProcessError as error:
        raise Absent(f"{engine}: {error.stderr.strip().splitlines()[-1]}") from None
    truth = pq.read_table(path, columns=["story_id"])["story_id"].combine_chunks().dictionary_encode().indices
    precision, recall = score(np.load(labels), truth.to_numpy())
    figures = json.loads(done.stdout.splitlines()[-1])
    return Figures(engine, documents, precision=precision, recall=recall, **figures)


def corpus_of(documents: int) -> Path:
    """The corpus of so many documents; made once for each state of its generator."""
    sources = [Path(module.__file__).read_bytes() for module in (corpus, desk, prose, sites)]
    state = hashlib.sha256(b"".join(sources)).hexdigest()[:8]
    path = LOCAL / f"corpus-{state}-{documents}.parquet"
    if not path.exists():
        LOCAL.mkdir(parents=True, exist_ok=True)
        corpus.write(path.with_suffix(".part"), documents)
        path.with_suffix(".part").rename(path)
    return path


def score(labels: NDArray[np.int64], stories: NDArray[np.int64]) -> tuple[float, float]:
    """Precision and recall over pairs of documents."""

    def pairs(*columns: NDArray[np.int64]) -> int:
        _, counts = np.unique(np.stack(columns), axis=1, return_counts=True)
        return int((counts * (counts - 1) // 2).sum())

    both = pairs(labels, stories)
    return both / max(pairs(labels), 1), both / max(pairs(stories), 1)
