"""Spark as what moves data: tasks to executors, what they make to parts, and what these make to the driver.

No rule stands here, and nothing of what is moved is known here: a row is the number of a part and a pickle.
Executors need this package, and the lake where the driver has it.
"""

from __future__ import annotations

import os
import pickle
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.errors import BadInput
from pipeline.lake.store import Store

_JAVA = "Spark needs Java 17 or later: apt-get install openjdk-17-jre-headless, or set JAVA_HOME"
_ROW = pa.schema([("part", pa.int32()), ("data", pa.binary())])
_SPELLED = "part int, data binary"
_TASKS = 4  # at most for each core, of those that may be few or many
Map = Callable[[Any], Iterator[tuple[int, Any]]]
Reduce = Callable[[int, list[Any]], Any]


@contextmanager
def session(master: str | None) -> Iterator[Any]:
    """A Spark session at `master` (local[2]; None: as spark-submit says). Raises `BadInput` without
    pyspark or Java."""
    need()
    from pyspark import SparkConf, SparkContext
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    # a row is all that a task makes for a part; what the driver gets back it holds anyway
    settings = {
        "spark.sql.execution.arrow.maxRecordsPerBatch": "1",
        "spark.driver.maxResultSize": "0",
    }
    # unless spark-submit or Spark's own files say otherwise, which only a JVM knows; its pages ask nobody for
    # a name
    if "PYSPARK_GATEWAY_PORT" in os.environ:
        SparkContext._ensure_initialized()
    said = SparkConf()
    by_default = {"spark.app.name": "wirefold", "spark.ui.enabled": "false"}
    settings |= {name: value for name, value in by_default.items() if not said.contains(name)}
    builder = SparkSession.builder
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
    """Has executors work."""

    spark: Any

    @property
    def cores(self) -> int:
        return int(self.spark.sparkContext.defaultParallelism)

    def run(
        self, tasks: Sequence[Any], work: Map, together: Reduce | None = None, few: bool = False
    ) -> list[tuple[int, Any]]:
        """What `work` makes of each task, for one part or another, ascending by these; or what `together`
        makes of all that goes to a part. `few`: the tasks are small, and several may be one."""
        if not tasks:
            return []
        given = pa.table([[0] * len(tasks), [pickle.dumps(task) for task in tasks]], schema=_ROW)
        frame = self.spark.createDataFrame(given)
        frame = frame.coalesce(min(len(tasks), _TASKS * self.cores)) if few else frame
        frame = frame.mapInArrow(partial(_each, work), _SPELLED)
        if together:
            frame = frame.groupBy("part").applyInArrow(_grouped(together), _SPELLED)
        made = frame.toArrow().sort_by("part")
        parts = made["part"].to_pylist()
        return [(part, _loaded(data)) for part, data in zip(parts, made["data"], strict=True)]

    @contextmanager
    def told(self, value: Any) -> Iterator[Any]:
        """Every executor has the value, as `.value` of this."""
        broadcast = self.spark.sparkContext.broadcast(value)
        try:
            yield broadcast
        finally:
            broadcast.destroy()


def clear(lake: Store, prefix: str) -> None:
    """Remove what executors put into the lake."""
    for stored in list(lake.list(prefix)):
        lake.delete(stored.key)


def _loaded(data: pa.Scalar) -> Any:
    return pickle.loads(data.as_buffer())  # noqa: S301  # only this job's own processes wrote it


def _each(work: Map, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for data in batch["data"]:
            for part, made in work(_loaded(data)):
                yield pa.RecordBatch.from_arrays([[part], [pickle.dumps(made)]], schema=_ROW)


def _grouped(together: Reduce) -> Callable[[pa.Table], pa.Table]:
    def work(rows: pa.Table) -> pa.Table:
        part = rows["part"][0].as_py()
        made = together(part, [_loaded(data) for data in rows["data"]])
        return pa.table([[part], [pickle.dumps(made)]], schema=_ROW)

    return work
