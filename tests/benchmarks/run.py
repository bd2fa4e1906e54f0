"""One engine over one corpus in this process: labels into a file, figures as JSON on standard output.

python -m tests.benchmarks.run ENGINE CORPUS LABELS
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.benchmarks.stages import READ, Stages

_COLUMNS = ["site", "title", "text"]
_BATCH, _WARM_UP = 1_000, 2


def main(engine: str, corpus: Path, labels: Path) -> None:
    start = Stages()
    cluster = import_module(f"tests.benchmarks.engines.{engine}").cluster
    # compiles or loads what is compiled, opens what is opened once a process
    cluster(start.reading(islice(_batches(corpus), _WARM_UP)), start)
    start.enter("done")
    stages = Stages()
    np.save(labels, cluster(stages.reading(_batches(corpus)), stages))
    stages.enter("done")
    del stages.seconds["other"]
    read = stages.seconds.pop(READ)
    warm_up = sum(start.seconds.values()) - start.seconds[READ]
    print(json.dumps({"stages": stages.seconds, "read": read, "warm_up": warm_up, "peak": peak_bytes()}))


def _batches(corpus: Path) -> Iterator[pa.Table]:
    # in the thread that asks, as what is read ahead could not be told from what is done; a pre-buffered
    # file is held until its end
    file = pq.ParquetFile(corpus, pre_buffer=False)
    batches = file.iter_batches(_BATCH, columns=_COLUMNS, use_threads=False)
    return (pa.Table.from_batches([batch]) for batch in batches)


def peak_bytes() -> int:
    """The most memory that this process ever held."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) << 10


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
