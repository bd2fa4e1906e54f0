"""`make bench-scale`: matching all pages within a budget of memory, from a hundred thousand to a million.

    python -m tests.benchmarks.scaling [--documents N ...] [--memory 4GiB] [--skewed N] [--markdown FILE]

Each size is matched in a process of its own, with its kernels loaded before; the smallest in memory as well,
which must leave the same bytes. Then a corpus that is skewed: one body in a quarter of all pages, one site
with three tenths of them, a legal footer on each, beside the even one of its size; that one by Spark as well,
if there is a Spark. Exit code 1 if a claim does not hold. A million takes ten minutes and 20 GB of disk;
`--documents 5000000` needs a budget of `--memory 5GiB`. Of Spark's CPU only the driver's Python is counted.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console

from pipeline import intake, steps
from pipeline.config import Config, bytes_of
from pipeline.lake.folder import FolderStore
from pipeline.lake.segment import read_segment, to_parquet
from pipeline.matching import spark
from pipeline.matching.scratch import Scratch
from pipeline.model import Run
from pipeline.params import Params
from pipeline.schema import BOILERPLATE
from tests.benchmarks import corpus, report
from tests.benchmarks.measure import LOCAL, corpus_of
from tests.benchmarks.run import peak_bytes
from tests.benchmarks.stages import cpu_seconds

_DOCUMENTS, _SKEWED, _MEMORY = (100_000, 1_000_000), 200_000, "4GiB"
_GROWTH, _TIMES_MEMORY, _TIMES_EVEN = 1.25, 1.5, 2.0
_NOW = Run.at(datetime(2026, 5, 1, tzinfo=UTC))
_FOLDER = LOCAL / "scaling"
_FOOTER = (
    "This material may not be published, broadcast, rewritten or redistributed without written permission of "
    "its owner, and any quotation of it names the desk that first reported it and the day on which it did so."
)
_CONSOLE = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Took:
    """Matching in a process of its own. Seconds of wall and CPU, the latter by stage, too; bytes: the most
    memory that the process held, of scratch files the most that lay there at the end of a stage, and of the
    lake's pages. `digest`: of what it left in the lake."""

    documents: int
    wall: float
    cpu: float
    peak: int
    spilled: int
    pages: int
    stages: dict[str, float]
    digest: str

    @property
    def micros(self) -> float:
        return self.cpu / self.documents * 1e6


def main(documents: list[int], memory: str, skewed: int, out: Path | None) -> int:
    sizes = sorted(documents)
    in_memory = _measure(sizes[0], None)
    within = [_measure(n, memory) for n in sizes]
    even = next((one for one in within if one.documents == skewed), None) or _measure(skewed, memory)
    odd = _measure(skewed, memory, skew=True)
    by_spark = _measure(skewed, memory, spark=True) if find_spec("pyspark") and shutil.which("java") else None
    named = [("in memory", in_memory), *((memory, one) for one in within)]
    named += [(f"{memory}, even", even), (f"{memory}, skewed", odd)]
    if by_spark:
        named.append((f"{memory}, Spark at local[2]", by_spark))
    claims = _claims(in_memory, within, even, odd, memory)
    if by_spark:
        same = by_spark.digest == even.digest
        claims.append(report.Claim("the same bytes by Spark", "yes" if same else "NO", same))
    sections = [_section(named), _by_stage(named), moved(sizes[0]), report.verdict(claims)]
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
            *(f"{size / 2**20:,.0f}" for size in (took.peak, took.spilled, took.pages)),
        )
        for name, took in named
    ]
    columns = ("documents", "matched", "CPU µs a document", "wall s", "peak MiB", "scratch MiB", "pages MiB")
    return report.Section("All pages at once", columns, rows)


def _by_stage(named: list[tuple[str, Took]]) -> report.Section:
    stages = list(named[-1][1].stages)
    rows = [
        (
            *(f"{took.documents:,}", name),
            *(f"{took.stages.get(stage, 0) / took.documents * 1e6:.1f}" for stage in stages),
        )
        for name, took in named
        if took.stages
    ]
    return report.Section("By stage, CPU µs a document", ("documents", "matched", *stages), rows)


def moved(documents: int, segments: int = 2) -> report.Section:
    """What executors would hand to the driver, made here of a corpus's first segments by the same functions:
    bytes a document in the lake, and on their way."""
    lake = FolderStore(str(_FOLDER / f"even-{documents}" / "lake"))
    rows = []
    for stored in [*lake.list("pages/")][:segments]:
        pages = read_segment(lake, stored.key)
        docs = np.arange(pages.num_rows)
        words = spark._words_of(docs, pages)
        signed = spark._signed_of(to_parquet(BOILERPLATE.schema.empty_table()), Params(), docs, pages)
        sizes = stored.size, words.nbytes, len(to_parquet(words)), signed.nbytes, len(to_parquet(signed))
        rows.append((f"{len(docs):,}", *(f"{size / len(docs):,.0f}" for size in sizes)))
    columns = ("documents of a segment", "pages", "words", "as stored", "signatures", "as stored")
    return report.Section("From executors to the driver, bytes a document", columns, rows)


def _measure(documents: int, memory: str | None, skew: bool = False, spark: bool = False) -> Took:
    how = [memory or "in memory", *(("skewed",) if skew else ()), *(("Spark",) if spark else ())]
    _CONSOLE.print(f"[dim]{documents:,} documents, {', '.join(how)}[/dim]")
    given = ["--measure", str(documents), *(("--skew",) if skew else ()), *(("--spark",) if spark else ())]
    given += ["--memory", memory] if memory else ["--memory", ""]
    command = [sys.executable, "-m", "tests.benchmarks.scaling", *given]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return Took(**json.loads(done.stdout.splitlines()[-1]))


def _stored(documents: int, skew: bool) -> Path:
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
            for table in _skewed(pq.ParquetFile(corpus_of(documents))):
                writer.write_table(table)
    lake = FolderStore(str(folder / "lake"))
    intake.take_in(lake, _NOW, Config.for_files(lake.url, ()), [path], "site")
    (folder / "stored").touch()


def _skewed(file: pq.ParquetFile) -> Iterator[pa.Table]:
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
    folder = _stored(documents, skew)
    with tempfile.TemporaryDirectory() as name:
        _match(Path(name), 400, memory)  # loading what is compiled takes seconds in each process
    lake = FolderStore(str(folder / "lake"))
    config = Config.for_files(lake.url, ()).with_cache(folder / "cache").within(memory, folder / "scratch")
    config = config.run_by("spark", "local[2]") if spark else config
    watched = _Watched()
    wall, cpu = time.monotonic(), cpu_seconds()
    matched = steps.match(lake, _NOW, config)
    took = time.monotonic() - wall, cpu_seconds() - cpu
    digest = hashlib.sha256()
    for kind in ("boilerplate", "clusters", "pairs", "index"):
        for stored in lake.list(f"{kind}/"):
            digest.update(Path(lake.url, stored.key).read_bytes())
    pages = sum(stored.size for stored in lake.list("pages/"))
    sizes = peak_bytes(), watched.most, pages
    return Took(matched.pages, *took, *sizes, watched.seconds, digest.hexdigest()[:16])


def _match(folder: Path, documents: int, memory: str | None) -> None:
    pq.write_table(corpus.block(corpus.SEED, 0, documents), folder / "articles.parquet")
    lake = FolderStore(str(folder / "lake"))
    config = Config.for_files(lake.url, ()).with_cache(folder / "cache").within(memory, folder / "scratch")
    intake.take_in(lake, _NOW, config, [folder / "articles.parquet"], "site")
    steps.match(lake, _NOW, config)


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


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, nargs="+", default=_DOCUMENTS)
    parser.add_argument("--memory", default=_MEMORY)
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
        sys.exit(main(list(given.documents), given.memory, given.skewed, given.markdown))
