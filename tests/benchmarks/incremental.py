"""`make bench-incremental`: a thousand new pages against ten thousand, a hundred thousand and a million
stored.

    python -m tests.benchmarks.incremental [--stored N ...] [--markdown FILE]

Of each corpus all but the last 3,000 documents are stored, and then three runs bring a thousand each, as
workers do: every run is a process of its own. The first has no index (cold), the others read on (warm);
the last one counts. Exit code 1 if a claim does not hold.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import pyarrow.parquet as pq
from rich.console import Console

from pipeline import intake, steps
from pipeline.config import Config
from pipeline.index.standing import Index
from pipeline.lake.folder import FolderStore
from pipeline.matching import step
from pipeline.model import Run
from tests.benchmarks import report
from tests.benchmarks.measure import LOCAL, corpus_of
from tests.benchmarks.run import peak_bytes
from tests.benchmarks.stages import cpu_seconds

_STORED = (10_000, 100_000, 1_000_000)
_NEW, _RUNS = 1_000, 3
_TIMES = 2.0
_START = datetime(2026, 5, 1, tzinfo=UTC)
_FOLDER = LOCAL / "incremental"
_CONSOLE = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Took:
    """One run's `match` and `story` in a process of its own. Seconds; bytes: read from the lake, of the
    index's files that were touched (in pages of the machine), and the most memory that the process held."""

    touched: int
    wall: float
    cpu: float
    lake_bytes: int
    index_bytes: int
    peak: int


class _Counted(FolderStore):
    """A folder that counts what is read from it."""

    read = 0

    def open(self, key: str) -> BinaryIO:
        return io.BufferedReader(_Counter(super().open(key)), 1 << 16)


class _Counter(io.RawIOBase):
    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: memoryview) -> int:
        count = self._file.readinto(buffer)
        _Counted.read += count
        return count


class _Watched(Index):
    """An index that tells how much of its files was touched."""

    touched = 0

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        maps = re.split(r"^[0-9a-f]+-[0-9a-f]+ ", Path("/proc/self/smaps").read_text(), flags=re.MULTILINE)
        own = [part for part in maps if str(_FOLDER / "cache") in part.partition("\n")[0]]
        _Watched.touched = sum(int(re.search(r"Rss:\s+(\d+) kB", part)[1]) << 10 for part in own)


def main(stored: list[int], out: Path | None) -> int:
    took = {n: _measure(n) for n in stored}
    rows = [
        (
            *(f"{n:,}", name, f"{one.touched:,}", f"{one.wall:.2f}", f"{one.cpu:.2f}"),
            *(f"{size / 2**20:,.1f}" for size in (one.lake_bytes, one.index_bytes, one.peak)),
        )
        for n, runs in took.items()
        for name, one in runs.items()
    ]
    columns = ("stored", "index", "touched", "wall s", "CPU s", "lake MiB", "index MiB", "peak MiB")
    ratio = took[stored[-1]]["warm"].wall / took[stored[0]]["warm"].wall
    claim = report.Claim(
        f"against {stored[-1]:,} at most {_TIMES:.0f} times as long as against {stored[0]:,}",
        *(f"{ratio:.2f}", ratio <= _TIMES),
    )
    sections = [report.Section(f"{_NEW:,} new pages", columns, rows), report.verdict([claim])]
    for section in sections:
        report.show(section)
    if out:
        out.write_text(report.markdown(sections), encoding="utf-8")
    return int(not claim.held)


def _measure(documents: int) -> dict[str, Took]:
    _CONSOLE.print(f"[dim]{documents:,} documents: storing[/dim]")
    shutil.rmtree(_FOLDER, ignore_errors=True)
    _FOLDER.mkdir(parents=True)
    _in_process(documents, 0)
    runs = []
    for number in range(1, _RUNS + 1):
        _CONSOLE.print(f"[dim]{documents:,} documents: new pages, run {number}[/dim]")
        runs.append(_in_process(documents, number))
    shutil.rmtree(_FOLDER)
    return {"cold": runs[0], "warm": runs[-1]}


def _in_process(documents: int, number: int) -> Took:
    given = ["--run", str(number), "--stored", str(documents)]
    command = [sys.executable, "-m", "tests.benchmarks.incremental", *given]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return Took(**json.loads(done.stdout.splitlines()[-1]))


def run(documents: int, number: int) -> Took:
    """Take in the documents of a run (0: those that are stored), match them and give them their stories."""
    lake = _Counted(str(_FOLDER / "lake"))
    config = Config.for_files(lake.url, ()).with_cache(_FOLDER / "cache")
    path = _FOLDER / "part.parquet"
    first = documents - _RUNS * _NEW
    table = pq.ParquetFile(corpus_of(documents))
    _write(
        table, path, *((0, first) if number == 0 else (first + (number - 1) * _NEW, first + number * _NEW))
    )
    at = Run.at(_START + timedelta(hours=number))
    intake.take_in(lake, at, config, [path], "site")
    if number:
        _load_kernels(documents)
    _Counted.read = 0
    wall, cpu = time.monotonic(), cpu_seconds()
    step.Index = _Watched
    matched = steps.match(lake, at, config)
    steps.story(lake, at, config)
    took = time.monotonic() - wall, cpu_seconds() - cpu
    return Took(matched.touched, *took, _Counted.read, _Watched.touched, peak_bytes())


def _load_kernels(documents: int) -> None:
    """Match a few documents twice: loading what is compiled takes 2 s in each process, whatever is stored."""
    with tempfile.TemporaryDirectory() as folder:
        config = Config.for_files(f"{folder}/lake", ()).with_cache(Path(folder))
        lake, path = FolderStore(config.lake), Path(folder, "part.parquet")
        for number in range(2):
            _write(pq.ParquetFile(corpus_of(documents)), path, 200 * number, 200 * (number + 1))
            at = Run.at(_START + timedelta(hours=number))
            intake.take_in(lake, at, config, [path], "site")
            steps.match(lake, at, config)
            steps.story(lake, at, config)


def _write(file: pq.ParquetFile, path: Path, first: int, last: int) -> None:
    """Rows first:last of the corpus as a file of its own."""
    with pq.ParquetWriter(path, file.schema_arrow, compression="zstd") as writer:
        start = 0
        for group in range(file.num_row_groups):
            end = start + file.metadata.row_group(group).num_rows
            if end > first and start < last:
                rows = file.read_row_group(group)
                writer.write_table(rows.slice(max(first - start, 0), min(last, end) - max(first, start)))
            start = end


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stored", type=int, nargs="+", default=_STORED)
    parser.add_argument("--run", type=int)
    parser.add_argument("--markdown", type=Path)
    given = parser.parse_args()
    if given.run is not None:
        print(json.dumps(asdict(run(given.stored[0], given.run))))
    else:
        sys.exit(main(list(given.stored), given.markdown))
