"""The configuration file `wirefold.toml`: where the lake is, whom to ask, how politely.

    lake = "s3://news-lake"              # or a folder
    outlets = "outlets.toml"             # beside this file
    cache = "/var/cache/wirefold"        # this machine's index of the lake
    memory = "4GiB"                      # matching all pages at once keeps within it

    [network]
    contact = "https://example.org/bot"  # stands in the user agent

    [params]                             # any field of pipeline.params.Params
    alike_jaccard = 0.5

Credentials are never here: they come from the standard AWS chain or from Airflow's connections.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked
from pydantic_core import PydanticCustomError
from yarl import URL

from pipeline.errors import BadInput
from pipeline.params import Params
from pipeline.tomlfile import read_toml

_SCRATCH = "scratch"
Engine = Literal["local", "spark"]
_STRICT = ConfigDict(extra="forbid")
MOST_DAYS = 36_500  # for which a release is kept by its age
_LONGEST_POLL = 7 * 24 * 60


def _ages(hours: tuple[float, ...]) -> tuple[float, ...]:
    if any(hour <= before for before, hour in pairwise((0.0, *hours))):
        raise PydanticCustomError("ages", "expected hours above 0, each more than the one before")
    return hours


def _poll(minutes: tuple[float, float]) -> tuple[float, float]:
    if not 0 <= minutes[0] <= minutes[1] <= _LONGEST_POLL:
        raise PydanticCustomError(
            "poll", f"expected two numbers of minutes, 0 <= least <= most <= {_LONGEST_POLL}"
        )
    return minutes


PollMinutes = Annotated[tuple[float, float], AfterValidator(_poll)]


def _proxy(address: str | None) -> str | None:
    try:
        url = URL(address or "http://none")
        fits = url.scheme in ("http", "https") and url.raw_host and url.path_qs in ("", "/")
    except ValueError:
        fits = False
    if not fits:
        raise PydanticCustomError("proxy", "expected http://host:port")
    return address


@checked(frozen=True, config=_STRICT)
class Network:
    """How pages are asked for. Times in seconds, sizes in bytes."""

    contact: str = ""
    connect_seconds: float = 10.0
    read_seconds: float = 30.0
    total_concurrency: int = 16
    pages_per_outlet: int = 500
    # of all outlets together, shared out among the shards by their outlets; 0: no bound
    pages_per_run: int = 0
    requests_per_run: int = 0
    bytes_per_run: int = 0
    # for so long an outlet is left alone, at least and at most; in between as long as one new page takes
    poll_minutes: PollMinutes = (0.0, 0.0)
    max_feed_bytes: int = 16 << 20
    retries: int = 2
    # a site that asks for a longer pause (Retry-After) is asked again in the next run
    longest_pause_seconds: float = 30.0
    # so many pages failing in a row mean that the site is down; its other pages are left for the next run
    give_up_after: int = 5
    # an outlet of which nothing could be read in so many visits on end (0: never) is paused so many hours,
    # after each trial that fails for twice as long, at most for the longest
    pause_after: int = 6
    pause_hours: float = 2.0
    longest_pause_hours: float = 48.0
    # a page is asked for again at these ages, in hours after it was first seen, whether or not a feed still
    # names it: so corrections and removals are seen
    recheck_hours: Annotated[tuple[float, ...], AfterValidator(_ages)] = (
        1.0,
        3.0,
        6.0,
        12.0,
        24.0,
        48.0,
        72.0,
    )
    # a page that could not be fetched is asked for by each run for so long after it was first seen
    retry_hours: float = 72.0
    # http://host:port through which everything is asked; a login stands in WIREFOLD_PROXY or a connection
    proxy: Annotated[str | None, AfterValidator(_proxy)] = field(default=None, repr=False)
    # host:port that stands in for every site under the reserved names .example and .test (RFC 2606);
    # it is the only way to a non-public address
    test_address: str | None = None

    def share(self, part: int, whole: int) -> Network:
        """The same with the part of what a run may cost that `part` of `whole` outlets have."""

        def own(bound: int) -> int:
            return -(-bound * part // whole)

        return replace(
            self,
            pages_per_run=own(self.pages_per_run),
            requests_per_run=own(self.requests_per_run),
            bytes_per_run=own(self.bytes_per_run),
        )


@checked(frozen=True, config=_STRICT)
class _File:
    lake: str
    outlets: str = "outlets.toml"
    wires: tuple[str, ...] = ()
    scorecard: str | None = None
    shards: Annotated[int, Field(ge=1)] = 4
    single_writer: bool = False
    keep_releases: Annotated[int, Field(ge=0)] = 14
    keep_days: Annotated[float, Field(ge=0, le=MOST_DAYS)] = 30.0
    cache: str | None = None
    memory: str | None = None
    scratch: str | None = None
    engine: Engine = "local"
    master: str | None = None
    network: Network = field(default_factory=Network)
    params: Params = field(default_factory=Params)


@dataclass(frozen=True, slots=True)
class Config:
    """A checked configuration; paths are absolute."""

    lake: str
    outlets: Path
    wires: tuple[Path, ...]
    # how pairs are judged; the one that comes with the package, if None
    scorecard: Path | None
    shards: int
    single_writer: bool
    # releases are kept while they are among the newest so many, or younger than so many days
    keep_releases: int
    keep_days: float
    # where this machine keeps its index of the lake; it can be thrown away at any time
    cache: Path
    # bytes that matching all pages at once may hold, the rest being files under `scratch`; None: no bound
    memory: int | None
    scratch: Path
    # what works on single documents when all pages are matched; where Spark is (None: as spark-submit says)
    engine: Engine
    master: str | None
    network: Network
    params: Params

    @classmethod
    def for_files(cls, lake: str, wires: tuple[Path, ...], scorecard: Path | None = None) -> Config:
        """The configuration of commands that read files: no registry, no network."""
        cache = _user_cache()
        settings = 1, False, 14, 30.0, cache, None, cache / _SCRATCH
        return cls(lake, Path(), wires, scorecard, *settings, "local", None, Network(), Params())

    def with_cache(self, folder: Path) -> Config:
        """The same with this machine's index of the lake in another folder."""
        return replace(self, cache=folder)

    def run_by(self, engine: Engine, master: str | None) -> Config:
        """The same with another engine."""
        return replace(self, engine=engine, master=master)

    def within(self, memory: str | None, scratch: Path | None) -> Config:
        """The same within a budget of memory ("4GiB"), or with scratch files elsewhere. Raises `BadInput`."""
        held = self.memory if memory is None else bytes_of(memory)
        return replace(self, memory=held, scratch=scratch or self.scratch)


def through(network: Network, proxy: str, where: str) -> Network:
    """The same through a proxy; its URL may have a login. Raises `BadInput` that does not quote it."""
    try:
        return replace(network, proxy=proxy)
    except ValidationError:
        raise BadInput(f"{where}: expected http://host:port, or http://login:password@host:port") from None


def load_config(path: Path) -> Config:
    """Read and check a configuration file. Raises `BadInput` with file, line and field."""
    file = read_toml(path)
    said = file.data.get("network")
    # first, as what is wrong is quoted, and the whole file where something is missing
    if isinstance(said, dict) and "@" in str(said.get("proxy")):
        line = file.line(("network", "proxy"))
        raise BadInput.at(path, line, "network.proxy", "expected no login: WIREFOLD_PROXY is for that")
    parsed = file.check(TypeAdapter(_File), file.data)
    network = parsed.network
    if proxy := os.environ.get("WIREFOLD_PROXY"):
        network = through(network, proxy, "WIREFOLD_PROXY")
    here = path.resolve().parent
    cache = here / parsed.cache if parsed.cache else _user_cache()
    is_url = "://" in parsed.lake
    return Config(
        lake=parsed.lake if is_url else str(here / parsed.lake),
        outlets=here / parsed.outlets,
        wires=tuple(here / wire for wire in parsed.wires),
        scorecard=here / parsed.scorecard if parsed.scorecard else None,
        shards=parsed.shards,
        single_writer=parsed.single_writer,
        keep_releases=parsed.keep_releases,
        keep_days=parsed.keep_days,
        cache=cache,
        memory=bytes_of(parsed.memory) if parsed.memory else None,
        scratch=here / parsed.scratch if parsed.scratch else cache / _SCRATCH,
        engine=parsed.engine,
        master=parsed.master,
        network=network,
        params=parsed.params,
    )


def bytes_of(size: str) -> int:
    """The bytes of a size as people write it: 4GiB, 512MiB. Raises `BadInput`."""
    found = re.fullmatch(r"(\d+) ?([KMGT])i?B?", size.strip(), re.IGNORECASE)
    if not found:
        raise BadInput(f"memory: expected a size like 4GiB or 512MiB, got {size!r}")
    return int(found[1]) << 10 * ("KMGT".index(found[2].upper()) + 1)


def _user_cache() -> Path:
    """Where programs of this user keep what they can make again (XDG Base Directory Specification)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wirefold"
