"""`make bench-release`: a release of a million republications with their bodies, then one of a thousand new
pages.

    python -m tests.benchmarks.releasing [--stored N] [--markdown FILE]

The corpus is laid over days, ten thousand pages each, as a network of some hundred outlets has them. Of the
thousand new pages seven hundred are of a new day, three hundred late copies of stories of the last three
days. Matching is done before and not counted; `publish` runs in a process of its own. Exit code 1 if a claim
does not hold.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console

from pipeline import intake, steps
from pipeline.config import Config
from pipeline.lake.folder import FolderStore
from pipeline.model import Outlet, Run
from pipeline.publish.manifest import read_manifest
from pipeline.publish.reader import read_files
from tests.benchmarks import report
from tests.benchmarks.corpus import BLOCK
from tests.benchmarks.measure import LOCAL, corpus_of
from tests.benchmarks.run import peak_bytes
from tests.benchmarks.stages import cpu_seconds

_START = datetime(2026, 5, 1, tzinfo=UTC)
_FOLDER = LOCAL / "releasing"
_NEW, _LATE, _LATE_DAYS = 1_000, 300, 3
_SHOWN = ("republications", "stories", "edges", "versions", "pickups", "registry", "changes")
_BODIES = 200_000  # whose sizes are compared
_CONSOLE = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Took:
    """One `publish` in a process of its own. Seconds; bytes that the process held at most, and that it wrote
    under the release's tables, in all and by table; `copied`: bytes of current/ that were refreshed."""

    release: str
    republications: int
    wall: float
    cpu: float
    peak: int
    written: int
    copied: int
    lake: int
    tables: dict[str, int]


def main(stored: int, out: Path | None) -> int:
    shutil.rmtree(_FOLDER, ignore_errors=True)
    _FOLDER.mkdir(parents=True)
    took = []
    for number, what in enumerate((f"{stored:,} pages", f"{_NEW:,} new pages")):
        _CONSOLE.print(f"[dim]{what}: reading and matching[/dim]")
        _in_process(stored, number, "match")
        _CONSOLE.print(f"[dim]{what}: publishing[/dim]")
        took.append(Took(**json.loads(_in_process(stored, number, "publish"))))
    _CONSOLE.print("[dim]sizes of bodies[/dim]")
    sizes = json.loads(_in_process(stored, 1, "bodies"))
    shutil.rmtree(_FOLDER)
    sections = [*_sections(took, sizes), report.verdict(claims := _claims(took, sizes))]
    for section in sections:
        report.show(section)
    if out:
        out.write_text(report.markdown(sections), encoding="utf-8")
    return int(not all(claim.held for claim in claims))


def _claims(took: list[Took], sizes: dict[str, int]) -> list[report.Claim]:
    whole, more = took
    share = (more.written + more.copied) / (2 * whole.lake)  # tables/ and current/ hold it
    smaller = sizes["snappy, by time"] / sizes["zstd-9, by story"]
    return [
        report.Claim(
            "at most 2 GiB of memory",
            f"{whole.peak / 2**30:.2f} GiB",
            max(one.peak for one in took) <= 2 << 30,
        ),
        report.Claim(
            f"{_NEW:,} new pages write at most 5 % of tables/ and current/",
            f"{share:.1%}",
            share <= 0.05,
        ),
        report.Claim("bodies 3 times smaller than snappy by time", f"{smaller:.1f}", smaller >= 3),
    ]


def _sections(took: list[Took], sizes: dict[str, int]) -> list[report.Section]:
    mib = 2**20
    rows = [
        (
            *(f"{one.republications:,}", f"{one.wall:.1f}", f"{one.cpu:.1f}", f"{one.peak / mib:,.0f}"),
            *(f"{one.written / mib:,.1f}", f"{one.copied / mib:,.1f}", f"{one.lake / mib:,.1f}"),
            f"{one.lake / one.republications:,.0f}",
        )
        for one in took
    ]
    columns = ("rows", "wall s", "CPU s", "peak MiB", "written MiB", "current MiB", "lake MiB", "B a row")
    tables = [(name, *(f"{one.tables[name] / mib:,.2f}" for one in took)) for name in _SHOWN]
    least = min(sizes.values())
    bodies = [(name, f"{size / mib:,.1f}", f"{size / least:.1f}") for name, size in sizes.items()]
    return [
        report.Section("Releases", columns, rows),
        report.Section("Written by table, MiB", ("table", "first", "second"), tables),
        report.Section(f"Bodies of {_BODIES:,} republications", ("layout", "MiB", "times"), bodies),
    ]


def _in_process(stored: int, number: int, part: str) -> str:
    given = ["--stored", str(stored), "--number", str(number), "--part", part]
    command = [sys.executable, "-m", "tests.benchmarks.releasing", *given]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()[-1]


def run(stored: int, number: int, part: str) -> object:
    """One part of one of both releases, in this process."""
    lake = FolderStore(str(_FOLDER / "lake"))
    config = Config.for_files(lake.url, ()).with_cache(_FOLDER / "cache")
    days = stored // BLOCK
    at = Run.at(_START + timedelta(days=days + number, hours=1))
    if part == "match":
        path = _FOLDER / "part.parquet"
        _write(stored, number, path)
        intake.take_in(lake, at, config, [path], "site")
        steps.match(lake, at, config)
        steps.story(lake, at, config)
        return {}
    if part == "bodies":
        return _bodies(lake)
    before = {file.key for file in lake.list("tables/")}
    current = {file.key: (_FOLDER / "lake" / file.key).stat().st_mtime_ns for file in lake.list("current/")}
    wall, cpu = time.monotonic(), cpu_seconds()
    known = [Outlet(name, name, name) for name in _outlets(lake, at)]
    released = steps.publish(lake, at, config, known)
    spent = time.monotonic() - wall, cpu_seconds() - cpu
    new = [file for file in lake.list("tables/") if file.key not in before]
    copied = [
        file.size
        for file in lake.list("current/")
        if current.get(file.key) != (_FOLDER / "lake" / file.key).stat().st_mtime_ns
    ]
    manifest = read_manifest(lake)
    assert manifest is not None
    size = sum(file.bytes for file in manifest.files)
    tables = {name: sum(file.size for file in new if file.key.split("/")[1] == name) for name in _SHOWN}
    return asdict(
        Took(
            *(released.release, released.republications, *spent, peak_bytes()),
            *(sum(file.size for file in new), sum(copied), size, tables),
        )
    )


def _outlets(lake: FolderStore, run: Run) -> list[str]:
    sites: list[str] = []
    for stored in lake.list(f"sites/run={run.run_id}/"):
        with lake.open(stored.key) as file:
            sites += pq.read_table(file, columns=["outlet_id"])["outlet_id"].to_pylist()
    return sites


def _write(stored: int, number: int, path: Path) -> None:
    """The pages of a release, each with the time at which it was fetched: a block of the corpus is a day."""
    days = stored // BLOCK
    file = pq.ParquetFile(corpus_of(stored + BLOCK))
    late = np.random.default_rng(1).permutation(BLOCK)[: _LATE // _LATE_DAYS]
    schema = file.schema_arrow.append(pa.field("fetched_at", pa.timestamp("us", tz="UTC")))
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for day in range(days + 1) if number == 0 else range(days - _LATE_DAYS, days + 1):
            rows = file.read_row_group(day)
            is_late = np.isin(np.arange(len(rows)), late) & (day >= days - _LATE_DAYS) & (day < days)
            chosen = is_late if number else ~is_late
            if day == days:
                chosen = np.arange(len(rows)) < (_NEW - _LATE if number else 0)
            rows = rows.filter(pa.array(chosen))
            moment = _START + timedelta(days=days + 1 if number else day)
            seconds = np.sort(np.random.default_rng(day).integers(0, 3_000 if number else 86_400, len(rows)))
            times = np.datetime64(moment.replace(tzinfo=None), "us") + seconds.astype("timedelta64[s]")
            writer.write_table(
                rows.append_column(
                    schema.field("fetched_at"), pa.array(times).cast(schema.field("fetched_at").type)
                )
            )


def _bodies(lake: FolderStore) -> dict[str, int]:
    """Bytes of the bodies of some republications, as published and in other layouts."""
    manifest = read_manifest(lake)
    assert manifest is not None
    files, rows = [], 0
    for file in manifest.tables["republications"].files:
        files.append(file)
        rows += file.rows
        if rows >= _BODIES:
            break
    table = read_files(lake, "republications", files, ["body", "story_id", "published_at"])
    by_time = table.sort_by("published_at")
    return {
        "snappy, by time": _size(by_time, "snappy"),
        "zstd-9, by time": _size(by_time, "zstd"),
        "snappy, by story": _size(table, "snappy"),
        "zstd-9, by story": _size(table, "zstd"),
    }


def _size(table: pa.Table, codec: str) -> int:
    sink = pa.BufferOutputStream()
    level = 9 if codec == "zstd" else None
    pq.write_table(
        table.select(["body"]), sink, compression=codec, compression_level=level, row_group_size=8_192
    )
    return int(sink.getvalue().size)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stored", type=int, default=1_000_000)
    parser.add_argument("--number", type=int)
    parser.add_argument("--part", choices=("match", "publish", "bodies"))
    parser.add_argument("--markdown", type=Path)
    given = parser.parse_args()
    if given.part:
        print(json.dumps(run(given.stored, given.number, given.part)))
    else:
        sys.exit(main(given.stored, given.markdown))
