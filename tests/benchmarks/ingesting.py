"""`make bench-ingest`: pages of three hundred outlets fetched into a lake, beside a bare aiohttp loop.

    python -m tests.benchmarks.ingesting [--scale N] [--markdown FILE]

The demo network is served by this process, each reply made once; who reads is a process of its own. First
the sound outlets: `wirefold`, and a loop that asks for the same pages and throws them away, in turn. Then all
outlets, the hostile ones too: fetched, extracted, and asked again an hour later. Exit code 1 if a claim does
not hold.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import aiohttp
import pyarrow as pa
import pyarrow.compute as pc
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from rich.console import Console

from infra.demo.network import SEED, build
from infra.demo.registry import registry_toml
from infra.demo.server import DemoServer, Request, Service
from infra.demo.sites import Site, scaled_sites
from infra.demo.web import Reply, Web
from pipeline import steps
from pipeline.config import load_config
from pipeline.lake.segment import read_segment
from pipeline.model import Run
from pipeline.segments import segment_key
from tests.benchmarks import report
from tests.benchmarks.report import Claim, Section
from tests.benchmarks.run import peak_bytes
from tests.benchmarks.stages import cpu_seconds

_SCALE = 15  # times twenty sites
_ROUNDS = 3
_RATIO = 1.25
_AT_ONCE = 16
_AWAY = (0.0, 0.03)  # seconds until an answer begins: on this machine, and in the same country
_NOW = datetime(2026, 3, 5, 20, tzinfo=UTC)
_SLOW_SECONDS = 0.5
_CONSOLE = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Took:
    """What a reader took: pages, seconds of wall and CPU, the most bytes that its process held."""

    pages: int
    wall: float
    cpu: float
    peak: int

    @property
    def speed(self) -> float:
        """Pages a second."""
        return self.pages / self.wall


class _Kept(Web):
    """Answers that are made once: what is measured is who reads, not who writes."""

    def __init__(self, scale: int) -> None:
        super().__init__(build(SEED, scale))
        self._reply = cache(super().reply)

    def reply(self, host: str, target: str, now: datetime) -> Reply | None:
        return self._reply(host, target, now)


class _Far(Service):
    """Answers `away` seconds late, as servers do that are not in this machine."""

    away = 0.0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(self.away)
        return await super().handle(request)


@contextmanager
def serving(scale: int) -> Iterator[tuple[DemoServer, _Far]]:
    """The network of so many times twenty outlets, and what answers for it."""
    server, service = DemoServer(now=_NOW), _Far(_Kept(scale), _NOW, _SLOW_SECONDS)
    server.service = service
    with server:
        yield server, service


def main(scale: int, out: Path | None) -> int:
    with tempfile.TemporaryDirectory() as folder, serving(scale) as (server, service):
        sites = scaled_sites(scale)
        sound = [site for site in sites if not site.fault]
        sections, claims = [], []
        for service.away in _AWAY:
            beside, claim = _beside_aiohttp(server, sound, Path(folder), service.away)
            sections.append(beside)
            claims.append(claim)
        service.away = 0.0
        whole, more = _whole(server, sites, Path(folder))
        claims += more
    sections += [whole, report.verdict(claims)]
    for section in sections:
        report.show(section)
    if out:
        out.write_text(report.markdown(sections), encoding="utf-8")
    return int(any(claim.held is False for claim in claims))


def _middle(ratios: Sequence[float]) -> tuple[str, bool]:
    """The middle of the rounds' ratios, and whether it holds."""
    middle = sorted(ratios)[len(ratios) // 2]
    return f"{middle:.2f}", middle <= _RATIO


def _beside_aiohttp(
    server: DemoServer, sites: Sequence[Site], folder: Path, away: float
) -> tuple[Section, Claim]:
    """Rounds of both, each after the other, so that what disturbs one disturbs the other."""
    rows, ratios = [], []
    for number in range(1, _ROUNDS + 1):
        config = _configured(folder / f"sound-{away}-{number}", sites, server.address)
        _CONSOLE.print(f"[dim]{len(sites)} sound outlets, round {number}[/dim]")
        ours = _in_process("fetch", str(config), "--number", str(number))
        bare = _in_process("bare", str(config), "--number", str(number))
        ratios.append(ours.wall / ours.pages / (bare.wall / bare.pages))
        rows += [_row(f"wirefold, round {number}", ours), _row(f"aiohttp, round {number}", bare)]
    distance = f"{away * 1e3:.0f} ms away"
    claim = Claim(f"{distance}: fetched in at most {_RATIO} times a bare loop's time", *_middle(ratios))
    return Section(f"Pages of {len(sites)} sound outlets, {distance}", ("", *_COLUMNS), rows), claim


def _whole(server: DemoServer, sites: Sequence[Site], folder: Path) -> tuple[Section, list[Claim]]:
    """All outlets, twice; what is said of it."""
    config = _configured(folder / "all", sites, server.address)
    server.service.log.clear()
    server.service.peak.clear()
    rows = []
    _CONSOLE.print(f"[dim]{len(sites)} outlets, the hostile ones too[/dim]")
    for part in ("fetch", "extract"):
        rows.append(_row(part, _in_process(part, str(config), "--number", "1")))
    first = list(server.log)
    peaks = dict(server.service.peak)
    server.service.log.clear()
    rows.append(_row("fetch an hour later", _in_process("fetch", str(config), "--number", "2")))
    again = list(server.log)
    outcomes = [_fetches(config, number).to_pylist() for number in (1, 2)]
    return Section(f"{len(sites)} outlets", ("", *_COLUMNS), rows), [
        _busiest(sites, peaks),
        _within_robots(sites, [*first, *again]),
        _contained(sites, outcomes[0]),
        _conditional(sites, again, outcomes[1]),
    ]


def _busiest(sites: Sequence[Site], peaks: dict[str, int]) -> Claim:
    over = [site.domain for site in sites if peaks.get(site.domain, 0) > site.max_concurrency]
    reached = sum(peaks.get(site.domain, 0) == site.max_concurrency for site in sites)
    told = f"{reached} of {len(peaks)} had as many, {len(over)} more"
    return Claim("no host has more requests open than its limit", told, reached > 0 and not over)


def _within_robots(sites: Sequence[Site], asked: Sequence[Request]) -> Claim:
    """Of sites that withhold something only robots.txt is asked for, and what they allow."""
    allowed = {site.domain: {"/robots.txt"} for site in sites if site.fault.startswith("robots")}
    for site in sites:
        if site.fault == "robots_pages":
            allowed[site.domain] |= {site.feed_path, site.sitemap_path}
    against = [r for r in asked if r.host in allowed and r.target not in allowed[r.host]]
    told = f"{len(against)} of {len(asked):,}"
    return Claim("no request against robots.txt", told, bool(asked) and not against)


def _contained(sites: Sequence[Site], rows: Sequence[dict[str, object]]) -> Claim:
    """Each page of a sound outlet arrived, whatever the others did."""
    sound = {site.site_id for site in sites if not site.fault}
    of_sound = [row for row in rows if row["outlet_id"] in sound]
    came = sum(row["outcome"] == "fetched" for row in of_sound)
    refused = {str(row["reason"]) for row in of_sound if row["outcome"] != "fetched"}
    told = f"{came:,} of {len(of_sound):,}; the others: {', '.join(sorted(refused)) or 'none'}"
    # each set of outlets has one page that is larger than any may be
    return Claim("hostile outlets cost sound ones no page", told, came > 0 and refused <= {"too_large"})


def _conditional(sites: Sequence[Site], asked: Sequence[Request], rows: Sequence[dict[str, object]]) -> Claim:
    """What came whole again: nothing but robots.txt, and what was cut off the first time."""
    pages = [row for row in rows if row["outcome"] == "fetched"]
    cut = {site.domain for site in sites if site.fault == "truncated_gzip"}
    whole = [r for r in asked if r.status == 200 and r.target != "/robots.txt" and r.host not in cut]
    unchanged = sum(r.status == 304 for r in asked)
    told = f"{unchanged:,} answers 304, {len(whole)} whole, {len(pages)} fetched"
    return Claim("an hour later only conditional requests", told, unchanged > 0 and not pages and not whole)


_COLUMNS = ("pages", "wall s", "pages a second", "CPU ms a page", "peak MiB")


def _row(name: str, took: Took) -> tuple[str, ...]:
    return (
        *(name, f"{took.pages:,}", f"{took.wall:.1f}", f"{took.speed:,.0f}"),
        *(f"{took.cpu / took.pages * 1e3:.2f}", f"{took.peak / 2**20:,.0f}"),
    )


def _configured(folder: Path, sites: Sequence[Site], address: str) -> Path:
    folder.mkdir()
    (folder / "outlets.toml").write_text(registry_toml(sites))
    path = folder / "wirefold.toml"
    path.write_text(
        f'lake = "{folder / "lake"}"\noutlets = "{folder / "outlets.toml"}"\nshards = 1\n\n'
        f'[network]\ntest_address = "{address}"\nread_seconds = 10.0\ntotal_concurrency = {_AT_ONCE}\n'
    )
    return path


def _in_process(part: str, config: str, *more: str) -> Took:
    command = [sys.executable, "-m", "tests.benchmarks.ingesting", "--part", part, "--config", config, *more]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return Took(**json.loads(done.stdout.splitlines()[-1]))


def _run(number: int) -> Run:
    return Run.at(_NOW + timedelta(hours=number - 1))


def _part(part: str, path: Path, number: int) -> Took:
    """What the readers' processes do."""
    config = load_config(path)
    lake, run = steps.open_lake(config), _run(number)
    [shard] = steps.plan(config)
    if part == "bare":
        rows = _fetches(path, number)
        urls = rows.filter(pc.equal(rows["outcome"], "fetched"))["url"].to_pylist()
        return _timed(lambda: asyncio.run(_bare(urls, config.network.test_address or "")))
    if part == "extract":
        return _timed(lambda: steps.extract(lake, run, config, shard.shard).published)
    return _timed(lambda: steps.ingest(lake, run, config, shard.shard).fetched)


def _fetches(path: Path, number: int) -> pa.Table:
    """The rows (segments.FETCHES) of a run, which has one shard."""
    config = load_config(path)
    [shard] = steps.plan(config)
    return read_segment(steps.open_lake(config), segment_key("fetches", _run(number).run_id, shard.shard))


def _timed(work: Callable[[], int]) -> Took:
    wall, cpu = time.monotonic(), cpu_seconds()
    pages = work()
    return Took(pages, time.monotonic() - wall, cpu_seconds() - cpu, peak_bytes())


async def _bare(urls: Sequence[str], address: str) -> int:
    """Ask for every URL, so many at once, and read what comes."""
    queue = iter(urls)
    connector = aiohttp.TCPConnector(resolver=_Here(address), limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def worker() -> None:
            for url in queue:
                async with session.get(url) as response:
                    await response.read()

        await asyncio.gather(*(worker() for _ in range(_AT_ONCE)))
    return len(urls)


class _Here(AbstractResolver):
    """All names lead to the server."""

    def __init__(self, address: str) -> None:
        self._host, _, port = address.partition(":")
        self._port = int(port)

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host, host=self._host, port=self._port, family=family or 2, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        pass


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=int, default=_SCALE, help="times twenty outlets")
    parser.add_argument("--part", choices=("bare", "fetch", "extract"), help=argparse.SUPPRESS)
    parser.add_argument("--config", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--number", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--markdown", type=Path)
    given = parser.parse_args()
    if given.part:
        print(json.dumps(asdict(_part(given.part, given.config, given.number))))
    else:
        sys.exit(main(given.scale, given.markdown))
