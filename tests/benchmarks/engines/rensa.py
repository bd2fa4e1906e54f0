"""rensa: RMinHash over word 5-grams, RMinHashLSH at .7 in 16 bands of 8, its answers joined.

As in https://github.com/beowolx/rensa, in bulk. Its rho pipeline is left out: it gives flags of
duplicates, not which documents they are copies of.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tests.benchmarks.engines.components import components
from tests.benchmarks.engines.shingles import shingles
from tests.benchmarks.stages import Stages


def cluster(batches: Iterable[pa.Table], stages: Stages) -> NDArray[np.int64]:
    from rensa import RMinHash, RMinHashLSH

    lsh, pairs, n = RMinHashLSH(threshold=0.7, num_perm=128, num_bands=16), [], 0
    for batch in batches:
        stages.enter("shingles")
        sets = [list(shingles(text)) for text in batch["text"].to_pylist()]
        stages.enter("sign")
        signed = RMinHash.from_token_sets(sets, num_perm=128, seed=42)
        stages.enter("index")
        lsh.insert_many(signed, start_key=n)
        for at, keys in enumerate(lsh.query_all(signed), n):
            pairs += [(at, key) for key in keys if key != at]
        n += len(signed)
    stages.enter("cluster")
    return components(n, np.array(pairs, np.int64).reshape(-1, 2))
