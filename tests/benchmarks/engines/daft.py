"""Daft: its native MinHash over word 5-grams, 16 bands of 8 exploded and grouped, the groups joined.

As in its tutorial on Common Crawl (tutorials/minhash_dedupe), whose alternating stars for many
machines are replaced by one machine's connected components.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tests.benchmarks.engines.components import components
from tests.benchmarks.stages import Stages

_BANDS, _ROWS = 16, 8


def cluster(batches: Iterable[pa.Table], stages: Stages) -> NDArray[np.int64]:
    import daft
    from daft import col

    stages.enter("sign")
    texts = pa.concat_tables(batch.select(["text"]) for batch in batches)
    texts = texts.append_column("node", pa.array(np.arange(texts.num_rows)))
    plain = col("text").normalize(remove_punct=True, lowercase=True, nfd_unicode=True, white_space=True)
    rows = plain.minhash(num_hashes=_BANDS * _ROWS, ngram_size=5, seed=42, hash_function="xxhash")
    signed = daft.from_arrow(texts).select("node", rows.alias("rows")).collect()
    stages.enter("index")
    numbers = daft.lit(list(range(_BANDS)))
    banded = signed.select("node", col("rows").chunk(_ROWS).alias("band"), numbers.alias("number"))
    groups = (
        banded.explode("band", "number").groupby("number", "band").agg(col("node").list_agg().alias("nodes"))
    )
    found = groups.where(col("nodes").length() > 1).select("nodes").to_arrow()["nodes"].combine_chunks()
    stages.enter("cluster")
    firsts = found.flatten().take(pa.array(found.offsets.to_numpy()[found.value_parent_indices().to_numpy()]))
    return components(texts.num_rows, np.stack([firsts, found.flatten()], axis=1))
