"""The network as an outlet registry: what a pipeline is told about the sites, in TOML."""

from __future__ import annotations

import json
from collections.abc import Sequence

from infra.demo.sites import Site

_HEAD = "# The demo network's outlets; written by `python -m infra.demo outlets`, not by hand.\n"


def registry_toml(sites: Sequence[Site]) -> str:
    """One `[[outlet]]` a site. JSON strings and lists of them are TOML too."""
    return "\n".join([_HEAD, *("\n".join(["[[outlet]]", *_lines(site), ""]) for site in sites)])


def _lines(site: Site) -> list[str]:
    values = (
        ("id", site.site_id),
        ("name", site.name),
        ("domain", site.domain),
        ("feeds", [site.absolute(site.feed_path)]),
        ("sitemaps", [site.absolute(site.sitemap_path)]),
        ("owner_group", site.owner_group),
        ("market", site.market),
        ("call_sign", site.call_sign),
        ("network", site.network),
        ("time_zone", site.time_zone),
        ("language", "en"),
        ("max_concurrency", site.max_concurrency),
        ("delay_seconds", 0.0),
    )
    return [
        f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in values if value is not None
    ]
