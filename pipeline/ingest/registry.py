"""The outlet registry: what is wrong in it is found before the first request, with file, line and field.

[[outlet]]
id = "kmrx"
name = "KMRX Morrow Bay"
domain = "kmrx.example"
feeds = ["https://kmrx.example/feed"]
sitemaps = ["https://kmrx.example/news-sitemap.xml"]
sections = ["https://kmrx.example/news/"]  # pages read where these name nothing
owner_group = "Larkfield"       # optional, as are market, call_sign and network
time_zone = "America/Denver"
poll_minutes = [10, 240]        # left alone for so long, at least and at most
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked
from pydantic_core import PydanticCustomError
from yarl import URL

from pipeline.config import PollMinutes
from pipeline.errors import BadInput
from pipeline.model import Outlet
from pipeline.tomlfile import TomlFile, read_toml

_ID = r"^[a-z0-9][a-z0-9_.-]{0,63}$"
_LABEL = re.compile(r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")


def on_site(host: str, domain: str) -> bool:
    """True if `host` is the outlet's domain or lies below it; a leading `www.` of the domain is no matter."""
    bare = domain.removeprefix("www.")
    return host == bare or host.endswith("." + bare)


def _expected(what: str) -> PydanticCustomError:
    return PydanticCustomError("registry", "expected {what}", {"what": what})


def _url(value: str) -> str:
    try:
        url = URL(value)
    except ValueError:
        url = URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise _expected("an http or https URL")
    if url.user or url.password:  # it would stand in `raw/`, reasons and the URLs of pages
        raise _expected("a URL without a login")
    return value


def host_name(value: str) -> str:
    """A domain in lower case and IDNA-encoded. Raises `ValueError` if it is none."""
    try:
        host = URL.build(scheme="http", host=value.lower()).raw_host or ""
    except ValueError:
        host = ""
    labels = host.split(".")
    if len(labels) < 2 or not all(_LABEL.match(label) for label in labels) or labels[-1].isdigit():
        raise _expected("a host name such as kmrx.example")
    return host


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise _expected("an IANA time zone such as America/Denver") from None
    return value


_Urls = tuple[Annotated[str, AfterValidator(_url)], ...]


@checked(frozen=True, config=ConfigDict(extra="forbid"))
class _Entry:
    id: Annotated[str, Field(pattern=_ID)]
    name: Annotated[str, Field(min_length=1)]
    domain: Annotated[str, AfterValidator(host_name)]
    feeds: _Urls = ()
    sitemaps: _Urls = ()
    sections: _Urls = ()
    owner_group: str | None = None
    market: str | None = None
    call_sign: str | None = None
    network: str | None = None
    time_zone: Annotated[str, AfterValidator(_time_zone)] = "UTC"
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")] = "en"
    max_concurrency: Annotated[int, Field(ge=1, le=16)] = 2
    delay_seconds: Annotated[float, Field(ge=0, le=60)] = 0.0
    poll_minutes: PollMinutes | None = None

    def outlet(self) -> Outlet:
        values = {name: getattr(self, name) for name in Outlet.__slots__ if name != "outlet_id"}
        return Outlet(outlet_id=self.id, **values)


@checked(frozen=True, config=ConfigDict(extra="forbid"))
class _Tables:
    outlet: Annotated[list[_Entry], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class _Fault:
    """What one entry says that contradicts itself or another entry."""

    index: int
    field: str
    problem: str


def load_outlets(path: Path) -> tuple[Outlet, ...]:
    """Read and check a registry, in the order of the file.

    Raises `BadInput` with file, line, field and what was expected.
    """
    outlets, problems = check_outlets(path)
    if problems:
        raise problems[0]
    return outlets


def check_outlets(path: Path) -> tuple[tuple[Outlet, ...], list[BadInput]]:
    """A registry's outlets, and everything that is wrong with it; outlets only if nothing is.

    Raises `BadInput` if it is missing or no TOML.
    """
    file = read_toml(path)
    try:
        entries = TypeAdapter(_Tables).validate_python(file.data).outlet
    except ValidationError as error:
        return (), file.problems(error)
    if problems := [_bad(file, fault) for fault in _faults(entries)]:
        return (), problems
    return tuple(entry.outlet() for entry in entries), []


def entry_toml(outlet: Outlet) -> str:
    """An outlet as an `[[outlet]]` of a registry, without what is as it is by default."""
    values = {"id" if name == "outlet_id" else name: getattr(outlet, name) for name in Outlet.__slots__}
    plain = {field.name: field.default for field in fields(Outlet)}
    # a JSON string, or a list of them, is TOML, too, once the one character that it leaves bare is gone
    lines = [
        f"{name} = {json.dumps(value, ensure_ascii=False)}".replace("\x7f", "")
        for name, value in values.items()
        if value != plain.get(name)
    ]
    return "\n".join(["[[outlet]]", *lines, ""])


def shard_outlets(outlets: Sequence[Outlet], n: int) -> dict[str, tuple[Outlet, ...]]:
    """Split outlets into at most `n` shards `000`, `001`, …; shards that would be empty are left out.

    The shard follows from the domain alone: adding an outlet moves no other, and outlets of one
    host stay together, so that its limits hold over all of them.
    """
    shards: dict[str, list[Outlet]] = {}
    for outlet in sorted(outlets, key=lambda outlet: outlet.outlet_id):
        number = int.from_bytes(hashlib.sha256(outlet.domain.encode()).digest()[:8], "big") % n
        shards.setdefault(f"{number:03d}", []).append(outlet)
    return {shard: tuple(shards[shard]) for shard in sorted(shards)}


def _faults(entries: Sequence[_Entry]) -> Iterator[_Fault]:
    first: dict[str, int] = {}
    for index, entry in enumerate(entries):
        if (before := first.setdefault(entry.id, index)) != index:
            yield _Fault(index, "id", f"expected a unique id, but outlet {before + 1} has {entry.id!r} too")
        if not entry.feeds and not entry.sitemaps and not entry.sections:
            yield _Fault(index, "feeds", "expected at least one URL in feeds, sitemaps or sections, got none")
        for name in ("feeds", "sitemaps", "sections"):
            for url in getattr(entry, name):
                host = URL(url).raw_host or ""
                if not on_site(host, entry.domain):
                    expected = f"expected a URL on {entry.domain} or a host below it"
                    yield _Fault(index, name, f"{expected}, got {url!r}")


def _bad(file: TomlFile, fault: _Fault) -> BadInput:
    location = ("outlet", fault.index, fault.field)
    return BadInput.at(file.path, file.line(location), ".".join(map(str, location)), fault.problem)
