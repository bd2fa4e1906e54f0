"""`make bench-scale`: matching all pages within a budget of memory, from a hundred thousand to a million.

    python -m tests.benchmarks.scaling [--documents N ...] [--memory 4GiB] [--skewed N] [--markdown FILE]

Each size is matched in a process of its own, with its kernels loaded before; the smallest in memory as well,
which must leave the same bytes. Then a corpus that is skewed: one body in a quarter of all pages, one site
with three tenths of them, a legal footer on each, beside the even one of its size. If there is a Spark, it
matches the skewed one and each size of `--spark-documents`, which must leave the same bytes as well; its CPU
is that of the driver's Python, its JVM and its executors' Python, by sampling /proc. Exit code 1 if a claim
does not hold. A million takes ten minutes and 20 GB of disk, five million an hour and 60 GB, most of it for
making them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console

from pipeline import intake, steps
from pipeline.config import Config, bytes_of
from pipeline.lake.folder import FolderStore
from pipeline.matching import spilled
from pipeline.matching.scratch import Scratch
from pipeline.model import Run
from tests.benchmarks import corpus, report
from tests.benchmarks.measure import LOCAL, corpus_of
from tests.benchmarks.run import peak_bytes
from tests.benchmarks.stages import cpu_seconds

_DOCUMENTS, _SKEWED, _MEMORY = (100_000, 1_000_000), 200_000, "4GiB"
_GROWTH, _TIMES_MEMORY, _TIMES_EVEN = 1.25, 1.5, 2.0
NOW = Run.at(datetime(2026, 5, 1, tzinfo=UTC))
_FOLDER = LOCAL / "scaling"
_FOOTER = (
    "This material may not be published, broadcast, rewritten or redistributed without written permission of "
    "its owner, and any quotation of it names the desk that first reported it and the day on which it did so."
)
_TICKS = os.sysconf("SC_CLK_TCK")
_CONSOLE = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Took:
    """Matching in a process of its own. Seconds of wall and CPU, the latter by stage, too; bytes: the most
    memory that the process held, of scratch files the most that lay there at the end of a stage, and of the
    lake's pages. `moved`: what was written between Spark's tasks, and what executors put into the lake, in
    bytes. `digest`: of what it left in the lake."""

    documents: int
    wall: float
    cpu: float
    peak: int
    spilled: int
    pages: int
    stages: dict[str, float]
    digest: str
    moved: tuple[int, int] = (0, 0)

    @property
    def micros(self) -> float:
        return self.cpu / self.documents * 1e6


def main(documents: list[int], memory: str, skewed: int, by_spark: list[int], out: Path | None) -> int:
    sizes = sorted(documents)
    in_memory = _measure(sizes[0], None)
    within = [_measure(n, memory) for n in sizes]
    even = next((one for one in within if one.documents == skewed), None) or _measure(skewed, memory)
    odd = _measure(skewed, memory, skew=True)
    named = [("in memory", in_memory), *((memory, one) for one in within)]
    named += [(f"{memory}, even", even), (f"{memory}, skewed", odd)]
    claims = _claims(in_memory, within, even, odd, memory)
    if find_spec("pyspark") and shutil.which("java"):
        for n, skew in [*((n, False) for n in by_spark), (skewed, True)]:
            beside = [one for one in (odd, *within, even) if (one is odd) == skew and one.documents == n]
            local = beside[0] if beside else _measure(n, memory, skew)
            spark = _measure(n, memory, skew, spark=True)
            named += [] if beside else [(memory, local)]
            named.append((f"Spark at local[2]{', skewed' if skew else ''}", spark))
            same = local.digest == spark.digest
            what = f"the same bytes by Spark, {n:,}{' skewed' if skew else ''}"
            claims.append(report.Claim(what, "yes" if same else "NO", same))
    sections = [_section(named), _by_stage(named), report.verdict(claims)]
    for section in sections:
        report.show(section)
    if out:
        out.write_text(report.markdown(sections), encoding="utf-8")
    return int(any(claim.held is False for claim in claims))


def _claims(in_memory: Took, within: list[Took], even: Took, odd: Took, memory: str) -> list[report.Claim]:
    first, last = within[0], within[-1]
    peak, budget = max(one.peak for one in (*within, even, odd)), bytes_of(memory)
    ratios = (
        (
            f"CPU a document from {first.documents:,} to {last.documents:,}",
            last.micros / first.micros,
            _GROWTH,
        ),
        (f"CPU beside that in memory, {first.documents:,}", first.micros / in_memory.micros, _TIMES_MEMORY),
        ("CPU, skewed beside even", odd.cpu / even.cpu, _TIMES_EVEN),
        ("peak memory, skewed beside even", odd.peak / even.peak, _TIMES_EVEN),
        ("memory beside the budget", peak / budget, 1.0),
    )
    same = in_memory.digest == first.digest
    return [
        *(report.Claim(f"{what}: at most {most} times", f"{x:.2f}", x <= most) for what, x, most in ratios),
        report.Claim("the same bytes as in memory", "yes" if same else "NO", same),
    ]


def _section(named: list[tuple[str, Took]]) -> report.Section:
    rows = [
        (
            *(f"{took.documents:,}", name, f"{took.micros:.1f}", f"{took.wall:,.0f}"),
            *(f"{size / 2**20:,.0f}" for size in (took.peak, took.spilled, took.pages, *took.moved)),
        )
        for name, took in named
    ]
    columns = ("documents", "matched", "CPU µs a document", "wall s")
    columns += ("peak MiB", "scratch MiB", "pages MiB", "shuffled MiB", "put into the lake MiB")
    return report.Section("All pages at once", columns, rows)


def _by_stage(named: list[tuple[str, Took]]) -> report.Section:
    stages = list(named[1][1].stages)
    rows = [
        (
            *(f"{took.documents:,}", name),
            *(f"{took.stages.get(stage, 0) / took.documents * 1e6:.1f}" for stage in stages),
        )
        for name, took in named
        if took.stages
    ]
    return report.Section("By stage, CPU µs a document", ("documents", "matched", *stages), rows)


def _measure(documents: int, memory: str | None, skew: bool = False, spark: bool = False) -> Took:
    how = [memory or "in memory", *(("skewed",) if skew else ()), *(("Spark",) if spark else ())]
    _CONSOLE.print(f"[dim]{documents:,} documents, {', '.join(how)}[/dim]")
    given = ["--measure", str(documents), *(("--skew",) if skew else ()), *(("--spark",) if spark else ())]
    given += ["--memory", memory] if memory else ["--memory", ""]
    command = [sys.executable, "-m", "tests.benchmarks.scaling", *given]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return Took(**json.loads(done.stdout.splitlines()[-1]))


def stored(documents: int, skew: bool) -> Path:
    """A folder with a lake that holds the corpus and was never matched; made once, in a process of its own,
    and so is the corpus."""
    folder = _FOLDER / f"{'skewed' if skew else 'even'}-{documents}"
    if not (folder / "stored").exists():
        command = [sys.executable, "-m", "tests.benchmarks.scaling", "--store", str(documents)]
        subprocess.run([*command, *(("--skew",) if skew else ())], check=True)
    for kind in ("clusters", "pairs", "boilerplate", "index", "order"):
        shutil.rmtree(folder / "lake" / kind, ignore_errors=True)
    return folder


def store(documents: int, skew: bool) -> None:
    folder = _FOLDER / f"{'skewed' if skew else 'even'}-{documents}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    path = corpus_of(documents)
    if skew:
        path = folder / "articles.parquet"
        with pq.ParquetWriter(path, corpus.SCHEMA, compression="zstd") as writer:
            for table in skewed(pq.ParquetFile(corpus_of(documents))):
                writer.write_table(table)
    lake = FolderStore(str(folder / "lake"))
    intake.take_in(lake, NOW, Config.for_files(lake.url, ()), [path], "site")
    (folder / "stored").touch()


def skewed(file: pq.ParquetFile) -> Iterator[pa.Table]:
    """The corpus with one body in every fourth page, under a line of its own; three tenths at one site; and a
    footer on all."""
    body = None
    for number in range(file.num_row_groups):
        rows = file.read_row_group(number).to_pylist()
        body = body or rows[0]["text"]
        for at, row in enumerate(rows):
            if at % 4 == 0:
                row["text"] = f"From the {row['site']} desk, item {row['doc_id']}\n{body}"
            if at % 10 < 3:
                row["site"] = "giant.example"
            row["text"] += f"\n{_FOOTER}"
        yield pa.Table.from_pylist(rows, corpus.SCHEMA)


def measure(documents: int, memory: str | None, skew: bool, spark: bool) -> Took:
    folder = stored(documents, skew)
    with tempfile.TemporaryDirectory() as name:
        _match(Path(name), 400, memory)  # loading what is compiled takes seconds in each process
    lake, config = lake_in(folder, memory)
    config = config.run_by("spark", "local[2]") if spark else config
    watched, tree = _Watched(), _Tree()
    wall, cpu = time.monotonic(), cpu_seconds()
    with tree if spark else nullcontext():
        matched = steps.match(lake, NOW, config)
    took = time.monotonic() - wall, tree.seconds if spark else cpu_seconds() - cpu
    sizes = peak_bytes(), watched.most, sum(each.size for each in lake.list("pages/"))
    return Took(matched.pages, *took, *sizes, {} if spark else watched.seconds, digest_of(lake), tree.moved)


def lake_in(folder: Path, memory: str | None) -> tuple[FolderStore, Config]:
    """A folder's lake, and how it is matched."""
    lake = FolderStore(str(folder / "lake"))
    config = Config.for_files(lake.url, ()).with_cache(folder / "cache")
    return lake, config.within(memory, folder / "scratch")


def digest_of(lake: FolderStore) -> str:
    """Of all that matching leaves in a lake."""
    digest = hashlib.sha256()
    for kind in ("boilerplate", "clusters", "pairs", "index"):
        for each in lake.list(f"{kind}/"):
            digest.update(Path(lake.url, each.key).read_bytes())
    return digest.hexdigest()[:16]


def _match(folder: Path, documents: int, memory: str | None) -> None:
    pq.write_table(corpus.block(corpus.SEED, 0, documents), folder / "articles.parquet")
    lake, config = lake_in(folder, memory)
    intake.take_in(lake, NOW, config, [folder / "articles.parquet"], "site")
    steps.match(lake, NOW, config)


class _Watched:
    """From now on scratch stages tell their CPU seconds, and how much lies there when they are done."""

    def __init__(self) -> None:
        self.most, self.seconds = 0, dict[str, float]()
        plain = Scratch.run

        def run(scratch: Scratch, stage: str, work: Callable[[Path], None]) -> None:
            since = cpu_seconds()
            plain(scratch, stage, work)
            name = stage.partition("-")[0]
            self.seconds[name] = self.seconds.get(name, 0.0) + cpu_seconds() - since
            held = sum(path.stat().st_size for path in scratch.folder.rglob("*") if path.is_file())
            self.most = max(self.most, held)

        Scratch.run = run


class _Tree:
    """While entered, `seconds` of CPU of this process and all below it, by sampling; and the bytes that were
    `moved`: shuffled, as Spark counts them, and put into the lake by executors until they were removed."""

    def __init__(self) -> None:
        self.moved = 0, 0
        self._used, self._over = dict[tuple[int, str], float](), threading.Event()

    @property
    def seconds(self) -> float:
        return sum(self._used.values()) - self._before

    def __enter__(self) -> None:
        self._before = sum(_below(os.getpid()).values())
        self._watch = threading.Thread(target=self._sample, daemon=True)
        self._watch.start()
        clear = spilled.clear

        def counted(lake: FolderStore, prefix: str) -> None:
            self.moved = _shuffled(), sum(each.size for each in lake.list(prefix))
            clear(lake, prefix)

        spilled.clear = counted

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watch.join()

    def _sample(self) -> None:
        while not self._over.wait(0.1):
            self._used |= _below(os.getpid())


def _below(root: int) -> dict[tuple[int, str], float]:
    """Seconds of CPU of a process and all below it, by number and birth; each one's own."""
    parents, used = dict[int, int](), dict[int, tuple[str, float]]()
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            parents[int(path.parent.name)] = int(fields[1])
            used[int(path.parent.name)] = fields[19], (int(fields[11]) + int(fields[12])) / _TICKS
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return {(pid, used[pid][0]): used[pid][1] for pid in found}


def _shuffled() -> int:
    """Bytes that Spark's tasks wrote for each other so far."""
    from pyspark.sql import SparkSession

    executors = SparkSession.getActiveSession().sparkContext._jsc.sc().statusStore().executorList(False)
    return sum(executors.apply(k).totalShuffleWrite() for k in range(executors.size()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, nargs="+", default=_DOCUMENTS)
    parser.add_argument("--memory", default=_MEMORY)
    parser.add_argument("--spark-documents", type=int, nargs="*", default=[_SKEWED])
    parser.add_argument("--skewed", type=int, default=_SKEWED)
    parser.add_argument("--skew", action="store_true")
    parser.add_argument("--spark", action="store_true")
    parser.add_argument("--measure", type=int)
    parser.add_argument("--store", type=int)
    parser.add_argument("--markdown", type=Path)
    given = parser.parse_args()
    if given.store:
        store(given.store, given.skew)
    elif given.measure:
        print(json.dumps(asdict(measure(given.measure, given.memory or None, given.skew, given.spark))))
    else:
        sys.exit(
            main(list(given.documents), given.memory, given.skewed, given.spark_documents, given.markdown)
        )
