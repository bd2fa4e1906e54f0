"""The configuration file `wirefold.toml`: where the lake is, whom to ask, how politely.

    lake = "s3://news-lake"              # or a folder
    outlets = "outlets.toml"             # beside this file
    cache = "/var/cache/wirefold"        # this machine's index of the lake

    [network]
    contact = "https://example.org/bot"  # stands in the user agent

    [params]                             # any field of pipeline.params.Params
    alike_jaccard = 0.5

Credentials are never here: they come from the standard AWS chain or from Airflow's connections.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass as checked

from pipeline.params import Params
from pipeline.tomlfile import read_toml

_STRICT = ConfigDict(extra="forbid")


@checked(frozen=True, config=_STRICT)
class Network:
    """How pages are asked for. Times in seconds, sizes in bytes."""

    contact: str = ""
    connect_seconds: float = 10.0
    read_seconds: float = 30.0
    total_concurrency: int = 16
    pages_per_outlet: int = 500
    # an outlet with nothing new is left alone for twice as long as before, and for so long at most
    rest_minutes: float = 0.0
    max_feed_bytes: int = 16 << 20
    retries: int = 2
    # a site that asks for a longer pause (Retry-After) is asked again in the next run
    longest_pause_seconds: float = 30.0
    # so many pages failing in a row mean that the site is down; its other pages are left for the next run
    give_up_after: int = 5
    # host:port that stands in for every site under the reserved names .example and .test (RFC 2606);
    # it is the only way to a non-public address
    test_address: str | None = None


@checked(frozen=True, config=_STRICT)
class _File:
    lake: str
    outlets: str = "outlets.toml"
    wires: tuple[str, ...] = ()
    scorecard: str | None = None
    shards: int = 4
    single_writer: bool = False
    keep_releases: int = 14
    keep_days: float = 30.0
    cache: str | None = None
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
    network: Network
    params: Params

    @classmethod
    def for_files(cls, lake: str, wires: tuple[Path, ...], scorecard: Path | None = None) -> Config:
        """The configuration of commands that read files: no registry, no network."""
        return cls(lake, Path(), wires, scorecard, 1, False, 14, 30.0, _user_cache(), Network(), Params())

    def with_cache(self, folder: Path) -> Config:
        """The same with this machine's index of the lake in another folder."""
        return replace(self, cache=folder)


def load_config(path: Path) -> Config:
    """Read and check a configuration file. Raises `BadInput` with file, line and field."""
    file = read_toml(path)
    parsed = file.check(TypeAdapter(_File), file.data)
    here = path.resolve().parent
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
        cache=here / parsed.cache if parsed.cache else _user_cache(),
        network=parsed.network,
        params=parsed.params,
    )


def _user_cache() -> Path:
    """Where programs of this user keep what they can make again (XDG Base Directory Specification)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wirefold"
