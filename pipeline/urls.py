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


# other ways in which sites show one and the same page (AMP, for phones, for the printer): by the host, by the
# last segment of the path, by a parameter that has no other sense. Host and path count only around what looks
# like an article's address, so that the front page of `m.`, a section "print" or a tag "amp" stay their own
_VARIANT_HOST = re.compile(r"(?:amp|m|mobile)\.(?=[^.]+\.)")
_BARE_DOMAIN = re.compile(r"[^.]+\.(?:(?:com?|org|net|gov|edu|ac)\.[a-z]{2}|[^.]+)")
_VARIANT_PATH = re.compile(r"(?P<page>.*/[^/]+)(?:/(?:amp|print)(?P<slash>/?)|\.amp(?P<ending>(?:\.html?)?))")
_ARTICLE = re.compile(r"/[^/]*(?:\d{4}|(?:[^/-]+-){3}|\.(?:s?html?|php|aspx?))[^/]*/?$", re.IGNORECASE)
_YES = ("", "1", "true", "yes", "y")
_VARIANT_QUERY = {
    "amp": (*_YES, "amp"),
    "_amp": _YES,
    "outputtype": ("amp", "print", "mobile"),
    "output": ("amp",),
    "print": (*_YES, "print"),
    "printable": _YES,
    "printerfriendly": _YES,
    "mobile": _YES,
    "view": ("amp", "print", "mobile"),
}


@lru_cache(1 << 14)  # a visit asks four times for each of its pages, and each takes 12 us
def normalise_url(url: str) -> str:
    """The URL by which a page is known: no tracking parameters, fragment, login or default port, and not that
    of its variant for AMP, phones or the printer.

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
        kept = [(name, value) for name, value in parsed.query.items() if not _is_no_page(name, value)]
        host, path = _page_of(host.rstrip("."), _SLASHES.sub("/", parsed.raw_path) or "/")
        plain = URL.build(scheme=parsed.scheme, host=host, port=parsed.port, path=path, encoded=True)
        return str(plain.with_query(sorted(kept, key=lambda pair: pair[0])))
    except ValueError:
        return url


def original_url(url: str) -> str:
    """The address from which a web archive took the copy at `url`; any other URL as it is.

    Archives rewrite the addresses that a page names of itself, so by them all outlets are one.
    """
    found = _ARCHIVED.match(url.strip())
    return f"{found[1].rstrip('/')}//{url.strip()[found.end() :]}" if found else url


def linked(base: URL, link: str | None) -> URL | None:
    """Where a link on a page leads, resolved against `base`; None unless to an http(s) URL with a host."""
    try:
        url = base.join(URL((link or "").strip()))
    except ValueError:
        return None
    return url if url.scheme in ("http", "https") and url.host else None


def site_of(url: str) -> str | None:
    """The host of an http(s) URL without `www.`, or None."""
    try:
        parsed = URL(url.strip())
    except ValueError:
        return None
    if parsed.scheme not in ("http", "https") or not parsed.raw_host:
        return None
    return parsed.raw_host.rstrip(".").removeprefix("www.") or None


def _page_of(host: str, path: str) -> tuple[str, str]:
    """Host and path of the page of which these may be a variant's."""
    while variant := _VARIANT_PATH.fullmatch(path):
        page = variant["page"] + (variant["slash"] or variant["ending"] or "")
        if not _ARTICLE.search(page):
            break
        path = page
    while _VARIANT_HOST.match(host) and _ARTICLE.search(path):
        host = host.partition(".")[2]
        if _BARE_DOMAIN.fullmatch(host):
            host = f"www.{host}"  # as nearly all sites have it that have such a host
    return host, path


def _is_no_page(name: str, value: str) -> bool:
    """Whether a parameter says nothing of which page it is: it tracks, or asks for a variant."""
    lower = name.lower()
    if value.lower() in _VARIANT_QUERY.get(lower, ()):
        return True
    if _ARTICLE_ID.fullmatch(name) and value.isdigit():
        return False
    return TRACKERS_RE.search(lower) is not None
