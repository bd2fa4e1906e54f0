"""`make bench-archive`: from a generated WARC file of 1 GB to a release: how fast, in how much memory.

    python -m tests.benchmarks.archive [--gigabytes N] [--markdown FILE]

The pages are the demo network's, each with a script block of some 70 kB, as news pages have: 27 kB in gzip,
of hundreds of outlets, in the order in which they were published. The reader is a process of its own; what it
and its workers hold is looked at as it goes. So is each step to the release, as a task of Airflow's is; pages
are matched within a budget of memory. Exit code 1 if a claim does not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console

from infra.demo.generated import generated_wire
from infra.demo.network import SEED, Copy, build
from infra.demo.pages import page_bytes
from pipeline import intake, steps
from pipeline.config import Config, bytes_of
from pipeline.ingest.fetch import Reply, Validators
from pipeline.ingest.warc import WarcSpool
from pipeline.lake.locate import open_store
from pipeline.model import Run
from tests.benchmarks import report
from tests.benchmarks.report import Claim, Section
from tests.benchmarks.run import peak_bytes
from tests.benchmarks.stages import cpu_seconds

_RUN = Run.at(datetime(2026, 3, 5, 20, tzinfo=UTC))
_BLOCKS, _PER_PAGE = 400, 15  # of some 4.6 kB
_PAGES_A_SCALE = 290  # of the network
_PAGE = 27_000  # bytes in the file
_GROWTH = 1.2
_EVERY_SECONDS = 0.5
_MEMORY = "1GiB"
_WORK: dict[str, Callable[..., Any]] = {
    "match": steps.match,
    "story": steps.story,
    "publish": partial(steps.publish, outlets=()),
}
_HEADERS = ((b"Content-Type", b"text/html; charset=utf-8"),)
_CONSOLE = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Took:
    """What the reader took: pages that came and were held back, bytes of the file, seconds of wall and CPU,
    the most bytes that it and its workers held in the first quarter of the file, and in all of it."""

    pages: int
    held: int
    size: int
    wall: float
    cpu: float
    early: int
    peak: int


@dataclass(frozen=True, slots=True)
class Step:
    """What a step behind the reader took, seconds and bytes; `rows`: the release's republications."""

    name: str
    wall: float
    cpu: float
    peak: int
    rows: int


def write_warc(path: Path, size: int) -> int:
    """A WARC file of at least so many bytes, the same each time; how many pages."""
    scale = size // (_PAGE * _PAGES_A_SCALE) + 1
    pages = 0
    with WarcSpool(path.parent, path.name.removesuffix(".warc.gz"), "bench-archive", _RUN.now) as spool:
        for copy, content in _pages(scale):
            request = f"GET {copy.path} HTTP/1.1\r\nHost: {copy.site.domain}\r\n\r\n".encode()
            said = (_HEADERS, content, content, "text/html", "utf-8", Validators(), request, "192.0.2.1")
            kept = spool.add(
                pages, Reply(f"http://{copy.site.domain}{copy.path}", 200, "HTTP/1.1 200 OK", *said)
            )
            assert kept
            pages += 1
        spool.finish()
    return pages


def _pages(scale: int) -> Iterator[tuple[Copy, bytes]]:
    """The sound pages of so many times twenty outlets, by when they were published."""
    rng, blocks, network = random.Random(SEED), list(_blocks()), build(SEED, scale)
    for copy in sorted(network.copies, key=lambda copy: (copy.showings[0].at, copy.site.domain, copy.path)):
        showing = copy.at(_RUN.now)
        if showing and not copy.fault and not copy.site.fault:
            script = ",".join(rng.choices(blocks, k=_PER_PAGE))
            state = f'<script type="application/json">[{script}]</script></body>'.encode()
            yield copy, page_bytes(copy, showing, network.inserts).replace(b"</body>", state)


def _blocks() -> Iterator[str]:
    """What scripts carry: lists of objects, of our fiction's words and of numbers."""
    for number in range(_BLOCKS):
        rng = random.Random(number)
        words = " ".join(generated_wire(SEED, number).versions[0].paragraphs).split()
        yield json.dumps(
            [
                {"id": rng.getrandbits(48), "slug": "-".join(rng.choices(words, k=5)), "at": rng.random()}
                for _ in range(46)
            ]
        )


def main(gigabytes: float, out: Path | None) -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "generated.warc.gz")
        began = time.monotonic()
        pages = write_warc(path, int(gigabytes * 1e9))
        _CONSOLE.print(f"[dim]{pages:,} pages written in {time.monotonic() - began:.0f} s[/dim]")
        lake = ["--lake", str(Path(folder, "lake"))]
        took = Took(**_in_process(["--read", str(path), *lake]))
        behind = [Step(**_in_process(["--step", name, *lake])) for name in _WORK]
    claims = claims_of(took, behind, pages)
    sections = [_section(took), _behind(took, behind), report.verdict(claims)]
    for section in sections:
        report.show(section)
    if out:
        out.write_text(report.markdown(sections), encoding="utf-8")
    return int(any(claim.held is False for claim in claims))


def claims_of(took: Took, behind: Sequence[Step], pages: int) -> list[Claim]:
    grown = took.peak / took.early if took.early else float("inf")
    came, released = took.pages + took.held, behind[-1].rows
    share = max(step.peak for step in behind) / bytes_of(_MEMORY)
    return [
        Claim(
            f"memory is flat: in all at most {_GROWTH} times the first quarter's",
            f"{grown:.2f}",
            grown <= _GROWTH,
        ),
        Claim("each page ends as one row", f"{came:,} of {pages:,}", 0 < came == pages),
        Claim(
            "each that was not held back is in the release",
            f"{released:,} of {took.pages:,}",
            0 < released == took.pages,
        ),
        Claim(f"matching and releasing it hold at most {_MEMORY}", f"{share:.2f} of it", share <= 1),
    ]


def _section(took: Took) -> Section:
    n = took.pages + took.held
    row = (
        *(f"{took.size / 1e9:.2f}", f"{n:,}", f"{took.held:,}", f"{took.wall:,.0f}", f"{n / took.wall:,.0f}"),
        *(f"{took.size / took.wall / 1e6:.1f}", f"{took.cpu / n * 1e3:.1f}"),
        *(f"{took.early / 2**20:,.0f}", f"{took.peak / 2**20:,.0f}"),
    )
    columns = ("GB", "pages", "held back", "wall s", "pages a second", "MB a second", "CPU ms a page")
    memory = ("MiB, first quarter", "MiB, in all")
    return Section("A WARC file into pages, workers included", (*columns, *memory), [row])


def _behind(took: Took, behind: Sequence[Step]) -> Section:
    rows = [
        (
            *(step.name, f"{step.wall:,.0f}", f"{took.pages / step.wall:,.0f}"),
            *(f"{step.cpu / took.pages * 1e3:.2f}", f"{step.peak / 2**20:,.0f}"),
        )
        for step in behind
    ]
    return Section(
        "From pages to a release", ("step", "wall s", "pages a second", "CPU ms a page", "peak MiB"), rows
    )


def _in_process(given: Sequence[str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks.archive", *given]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    made: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return made


def read(path: Path, lake: Path) -> Took:
    """Take the file in, and look now and then at what is held."""
    seen: list[tuple[float, int]] = []
    looked = 0.0

    def look(done: int, total: int) -> None:
        nonlocal looked
        if time.monotonic() - looked >= _EVERY_SECONDS:
            looked = time.monotonic()
            seen.append((done / total, _held()))

    wall, cpu = time.monotonic(), cpu_seconds()
    config = Config.for_files(str(lake), ())
    counts = intake.take_in(open_store(str(lake)), _RUN, config, [path], progress=look)
    early, peak = most(seen)
    size = path.stat().st_size
    spent = (time.monotonic() - wall, cpu_seconds() - cpu)
    return Took(counts.published, counts.quarantined, size, *spent, early, peak)


def step(name: str, lake: Path) -> Step:
    """One step of the run that took the file in."""
    config = Config.for_files(str(lake), ()).with_cache(lake.with_name("cache"))
    config = config.within(_MEMORY, lake.with_name("scratch"))
    wall, cpu = time.monotonic(), cpu_seconds()
    made = _WORK[name](open_store(str(lake)), _RUN, config)
    spent = (time.monotonic() - wall, cpu_seconds() - cpu)
    return Step(name, *spent, peak_bytes(), made.republications if name == "publish" else 0)


def most(seen: Sequence[tuple[float, int]]) -> tuple[int, int]:
    """The most that was held in the first quarter, and in all."""
    return max((held for share, held in seen if share <= 0.25), default=0), max(held for _, held in seen)


def _held() -> int:
    """Bytes in memory of this process and its workers."""
    total = 0
    for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=1.0)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--step", choices=_WORK, help=argparse.SUPPRESS)
    parser.add_argument("--lake", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step:
        print(json.dumps(asdict(step(given.step, given.lake))), flush=True)
    elif given.read:
        print(json.dumps(asdict(read(given.read, given.lake))), flush=True)
        os._exit(0)  # as `wirefold` ends: an interpreter that is taken down may abort after the work is done
    else:
        sys.exit(main(given.gigabytes, given.markdown))
