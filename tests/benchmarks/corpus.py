"""A generated corpus of fictional news with its truth: the same rows from the same seed, at any size.

A block of 10,000 documents depends on the seed and its number alone, so that the corpus of 50,000
documents is the head of that of 1,000,000, blocks are made in parallel, and what grows faster than
the documents can only be the matching.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.benchmarks.desk import Desk
from tests.benchmarks.sites import sites_of

SEED = 20260305
BLOCK = 10_000
SCHEMA = pa.schema(
    [
        ("doc_id", pa.string()),
        ("site", pa.string()),
        ("url", pa.string()),
        ("title", pa.string()),
        ("published_at", pa.timestamp("us", tz="UTC")),
        ("text", pa.string()),
        ("story_id", pa.string()),  # the truth
        ("edit", pa.string()),  # what was done to the copy: see desk.Piece
    ]
)


def write(path: Path, documents: int, seed: int = SEED) -> None:
    """Write the first `documents` of the seed's corpus as Parquet, a row group a block."""
    # spawned: a fork of a process that has numba's or Arrow's threads may hang
    with (
        ProcessPoolExecutor(mp_context=get_context("spawn")) as pool,
        pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer,
    ):
        for number, table in enumerate(pool.map(partial(block, seed), range(-(-documents // BLOCK)))):
            writer.write_table(table.slice(0, documents - number * BLOCK))


def block(seed: int, number: int, size: int = BLOCK) -> pa.Table:
    """The first `size` pieces of a block, shuffled: copies of a story do not lie side by side."""
    desk, sites = Desk(seed, number), sites_of(seed)
    pieces = list(islice(desk.pieces(), size))
    desk.random.shuffle(pieces)
    rows = []
    for at, piece in enumerate(pieces):
        site = sites[piece.outlet]
        slug = "-".join(piece.headline.lower().split()[:6])
        rows.append(
            {
                "doc_id": f"d{number:04d}{at:05d}",
                "site": site.host,
                "url": f"https://{site.host}/{piece.at:%Y/%m/%d}/{slug}-{number}-{at}",
                "title": piece.headline,
                "published_at": piece.at,
                "text": site.dress([" ".join(paragraph) for paragraph in piece.paragraphs], desk.random),
                "story_id": piece.story,
                "edit": piece.edit,
            }
        )
    return pa.Table.from_pylist(rows, SCHEMA)
