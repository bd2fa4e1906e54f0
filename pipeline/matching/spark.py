"""What is done document by document, done by Spark: reading words from pages, and signing them.

No rule stands here: executors run the functions that match in memory, on the segments of the lake that they
read themselves, and put what they made beside them; what comes of it in scratch files is the same to the
byte. They need this package, and the lake where the driver has it. What is learned or found from all
documents together (chrome, pairs, stories) is the driver's, within its budget of memory.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.errors import BadInput
from pipeline.lake.locate import open_store
from pipeline.lake.pages import Documents
from pipeline.lake.segment import count_rows, read_rows, read_segment, to_parquet
from pipeline.match.blocks import compared, url_keys
from pipeline.match.sign import sign
from pipeline.match.words import Words, buffers, read_words
from pipeline.params import Params
from pipeline.segments import PAGES

_JAVA = "Spark needs Java 17 or later: apt-get install openjdk-17-jre-headless, or set JAVA_HOME"
_TASK = "key string, rows binary, docs binary, out string"
_DONE = "out string"
_READ = ("outlet_id", "url_normalised", "headline", "published_at", "body")
_SIGNED = ("outlet_id", "body")
Work = Callable[[NDArray[np.int64], pa.Table], pa.Table]


@contextmanager
def session(master: str | None) -> Iterator[Any]:
    """A Spark session at `master` (local[2]; None: as spark-submit says). Raises `BadInput` without
    pyspark or Java."""
    need()
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("wirefold")
    settings = {"spark.ui.enabled": "false", "spark.sql.execution.arrow.maxRecordsPerBatch": "1"}
    if master:
        builder = builder.master(master)
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    try:
        yield spark
    finally:
        spark.stop()


def need() -> None:
    """Raises `BadInput` without pyspark or Java."""
    try:
        import pyspark.sql  # noqa: F401
    except ModuleNotFoundError:
        raise BadInput("the engine spark needs pyspark: pip install 'wirefold[spark]'") from None
    home = os.environ.get("JAVA_HOME")
    if not (Path(home, "bin", "java").exists() if home else shutil.which("java")):
        raise BadInput(_JAVA)


@dataclass(frozen=True, slots=True)
class Cluster:
    """Runs work on the segments of the pages of n documents. `prefix`: of the keys in the lake under which
    executors put what they made, until it is read."""

    spark: Any
    docs: Documents
    prefix: str

    def words(self) -> Iterator[pa.Table]:
        """For the documents of each segment: doc, body, headline (words), url, published_at, outlet_id."""
        return self._run("read", _READ, _words_of)

    def signed(self, chrome: pa.Table, params: Params) -> Iterator[pa.Table]:
        """The same: doc, digest, signature, of the words without the chrome (schema.BOILERPLATE)."""
        return self._run("sign", _SIGNED, partial(_signed_of, to_parquet(chrome), params))

    def clear(self) -> None:
        """Remove what executors put into the lake."""
        for stored in list(self.docs.lake.list(self.prefix)):
            self.docs.lake.delete(stored.key)

    def _run(self, name: str, columns: tuple[str, ...], work: Work) -> Iterator[pa.Table]:
        tasks = list(self._tasks(name))
        if not tasks:
            return
        frame = self.spark.createDataFrame(self.spark.sparkContext.parallelize(tasks, len(tasks)), _TASK)
        executed = frame.mapInArrow(partial(_execute, self.docs.lake.url, columns, work), _DONE)
        for out in sorted(row["out"] for row in executed.collect()):
            yield read_segment(self.docs.lake, out)

    def _tasks(self, name: str) -> Iterator[tuple[str, bytes, bytes, str]]:
        order = np.argsort(self.docs.rows)
        rows, start = self.docs.rows[order], 0
        for number, key in enumerate(self.docs.segments):
            end = start + count_rows(self.docs.lake, key)
            first, last = np.searchsorted(rows, [start, end])
            if last > first:
                own = rows[first:last] - start, order[first:last]
                yield key, own[0].tobytes(), own[1].tobytes(), f"{self.prefix}{name}-{number:06d}"
            start = end


def _execute(
    url: str, columns: tuple[str, ...], work: Work, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """On an executor: have the work done on the documents of some segments."""
    lake = open_store(url, single_writer=True)
    for task in (row for batch in batches for row in batch.to_pylist()):
        rows, docs = (np.frombuffer(task[name], np.int64) for name in ("rows", "docs"))
        made = []
        for start, batch in read_rows(lake, PAGES, [task["key"]], columns, rows):
            first, last = np.searchsorted(rows, [start, start + batch.num_rows])
            if last > first:
                made.append(work(docs[first:last], batch.take(pa.array(rows[first:last] - start))))
        lake.put(task["out"], to_parquet(pa.concat_tables(made)))
        yield pa.RecordBatch.from_pydict({"out": [task["out"]]})


def _words_of(docs: NDArray[np.int64], pages: pa.Table) -> pa.Table:
    words = {name: read_words(pages[name].combine_chunks()) for name in ("body", "headline")}
    return pa.table(
        {
            "doc": docs,
            **{name: _binary(some) for name, some in words.items()},
            "url": url_keys(pages["url_normalised"]),
            "published_at": pages["published_at"],
            "outlet_id": pages["outlet_id"],
        }
    )


def _signed_of(chrome: bytes, params: Params, docs: NDArray[np.int64], pages: pa.Table) -> pa.Table:
    rows = pq.ParquetFile(pa.BufferReader(chrome)).read()
    words = compared(pages["outlet_id"].combine_chunks(), pages["body"].combine_chunks(), rows)
    signed = sign(words, params)
    values = pa.py_buffer(np.ascontiguousarray(signed.signatures))
    signatures = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(4 * params.num_perm), len(docs), [None, values]
    )
    return pa.table({"doc": docs, "digest": signed.digests, "signature": signatures})


def _binary(words: Words) -> pa.Array:
    """The words of n documents as binary[n]."""
    offsets = np.append(4 * words.starts, 4 * words.ends[-1:])
    return pa.Array.from_buffers(
        pa.large_binary(), len(words), [None, pa.py_buffer(offsets), pa.py_buffer(words.words)]
    )


def words_in(column: pa.ChunkedArray) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """The words of n documents (binary[n]) one after the other, and where each one's end, int64[n]."""
    data, offsets = buffers(column.cast(pa.large_binary()).combine_chunks().view(pa.large_string()))
    return data[offsets[0] : offsets[-1]].view(np.uint32), (offsets[1:] - offsets[0]) // 4


def signatures_in(column: pa.ChunkedArray) -> NDArray[np.uint32]:
    """The signatures of n documents (binary[n] of one length), uint32[n, k]."""
    data, _ = words_in(column)
    return data.reshape(len(column), -1)
