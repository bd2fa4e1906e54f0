"""datasketch 2: MinHash over xxhash of word 5-grams, MinHashLSH at .7, its answers joined.

As in https://ekzhu.com/datasketch/lsh.html, with the faster hash function that its MinHash page advises.
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
    from datasketch import MinHash, MinHashLSH
    from xxhash import xxh32_intdigest

    lsh, pairs, n = MinHashLSH(threshold=0.7, num_perm=128), [], 0
    for batch in batches:
        stages.enter("shingles")
        sets = [[shingle.encode() for shingle in shingles(text)] for text in batch["text"].to_pylist()]
        stages.enter("sign")
        signed = MinHash.bulk(sets, num_perm=128, hashfunc=xxh32_intdigest)
        stages.enter("index")
        for minhash in signed:
            pairs += [(n, other) for other in lsh.query(minhash)]
            lsh.insert(n, minhash, check_duplication=False)
            n += 1
    stages.enter("cluster")
    return components(n, np.array(pairs, np.int64).reshape(-1, 2))
