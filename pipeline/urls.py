"""One page, one URL: normalising is idempotent and never joins two different pages."""

from __future__ import annotations

import re
from functools import lru_cache

from courlan.clean import TRACKERS_RE
from yarl import URL

# courlan counts cid, eid and uid as trackers; older CMSs number their articles with them
_ARTICLE_ID = re.compile(r"[ceu]id", re.IGNORECASE)
_SLASHES = re.compile(r"/{2,}")
# how web archives address a copy: its time, then the address it was taken from; the Wayback Machine,
# Archive-It, archive.today and the national archives all do (RFC 7089, "URI-M")
_ARCHIVED = re.compile(
    r"^(?:https?:)?(?://[^/?#]+)?/(?:[^/?#]+/)*?\d{14}(?:[a-z]{2}_)?/(https?:/{1,2})(?=[^/])"
)


@lru_cache(1 << 14)  # a visit asks four times for each of its pages, and each takes 12 us
def normalise_url(url: str) -> str:
    """The URL by which a page is known: no tracking parameters, fragment, login or default port.

    Host in lower case and IDNA-encoded, dot segments and double slashes folded, parameters sorted
    by name with the order of equal names kept. Every other parameter stays, empty ones too, since
    it may be the article's id. What is not an http(s) URL with a host comes back stripped only.
    Trackers are courlan's list (AdGuard, ClearURLs, Firefox).
    """
    url = url.strip()
    try:
        parsed = URL(url)
        host = parsed.raw_host
        if parsed.scheme not in ("http", "https") or not host or not host.strip("."):
            return url
        kept = [(name, value) for name, value in parsed.query.items() if not _is_tracking(name, value)]
        path = _SLASHES.sub("/", parsed.raw_path) or "/"
        plain = URL.build(
            scheme=parsed.scheme, host=host.rstrip("."), port=parsed.port, path=path, encoded=True
        )
        return str(plain.with_query(sorted(kept, key=lambda pair: pair[0])))
    except ValueError:
        return url


def original_url(url: str) -> str:
    """The address from which a web archive took the copy at `url`; any other URL as it is.

    Archives rewrite the addresses that a page names of itself, so by them all outlets are one.
    """
    found = _ARCHIVED.match(url.strip())
    return f"{found[1].rstrip('/')}//{url.strip()[found.end() :]}" if found else url


def site_of(url: str) -> str | None:
    """The host of an http(s) URL without `www.`, or None."""
    try:
        parsed = URL(url.strip())
    except ValueError:
        return None
    if parsed.scheme not in ("http", "https") or not parsed.raw_host:
        return None
    return parsed.raw_host.rstrip(".").removeprefix("www.") or None


def _is_tracking(name: str, value: str) -> bool:
    if _ARTICLE_ID.fullmatch(name) and value.isdigit():
        return False
    return TRACKERS_RE.search(name.lower()) is not None
