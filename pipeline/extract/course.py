"""Which template each page is read with is settled by the order of pages, never by which worker is faster.

An outlet's pages go in groups. All pages of a group are read with the template as it stood before the
group, and change it, in their order, once all of them are read. Groups grow: the first pages, which teach
most, go one by one, and later ones can be read side by side. Outlets do not wait for each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pipeline.extract.standing import Standing, Told, after
from pipeline.extract.template import Template
from pipeline.model import RawPage, Run
from pipeline.params import Params
from pipeline.urls import original_url, site_of

# some 60 KB each; pages of further outlets are read as if each came alone
_MOST_OUTLETS = 2_000
# (pages of the outlet so far, pages in a group from there on)
_GROUPS = ((128, 16), (32, 4), (0, 1))
_SNIFFED_BYTES = 1 << 17
_NAMES_ITSELF = (
    re.compile(
        rb"""<meta[^>]{0,200}?["']og:url["'][^>]{0,200}?\scontent\s*=\s*["']([^"'<>\s]{8,400})""", re.I
    ),
    re.compile(
        rb"""<meta[^>]{0,200}?\scontent\s*=\s*["']([^"'<>\s]{8,400})["'][^>]{0,200}?["']og:url["']""", re.I
    ),
    re.compile(
        rb"""<link[^>]{0,200}?["']?canonical["'\s][^>]{0,200}?\shref\s*=\s*["']([^"'<>\s]{8,400})""", re.I
    ),
    re.compile(
        rb"""<link[^>]{0,200}?\shref\s*=\s*["']([^"'<>\s]{8,400})["'][^>]{0,200}?["']canonical""", re.I
    ),
)


class _Group:
    """Pages of an outlet that are read with the same template: their positions, and what is told of them."""

    __slots__ = ("missing", "size", "standing", "template", "told")

    def __init__(self, standing: Standing) -> None:
        self.standing, self.template = standing, standing.template()
        self.size = next(size for pages, size in _GROUPS if standing.pages >= pages)
        self.told: dict[int, Told | None] = {}
        self.missing: set[int] = set()


class Course:
    """The templates of a run's outlets, as they are learned. `known`: as the runs before left them."""

    def __init__(self, run: Run, params: Params, known: Iterable[Standing] = ()) -> None:
        self._run, self._params = run, params
        self._groups = {standing.outlet_id: _Group(standing) for standing in known}

    def enter(self, raw: RawPage) -> str | None:
        """Under which outlet a page is read; called for each page in the order of the input."""
        outlet = outlet_of_bytes(raw)
        if outlet is not None and outlet not in self._groups:
            if len(self._groups) >= _MOST_OUTLETS:
                return None
            self._groups[outlet] = _Group(Standing(outlet))
        return outlet

    def may_go(self, outlet: str | None) -> bool:
        """Whether the outlet's next page can be read now; if not, pages before it must be told first."""
        if outlet is None:
            return True
        group = self._groups[outlet]
        return len(group.told) + len(group.missing) < group.size

    def send(self, at: int, outlet: str | None) -> Template | None:
        """The template for the page at a position, the outlet's next; None for one without outlet."""
        if outlet is None:
            return None
        group = self._groups[outlet]
        group.missing.add(at)
        return group.template

    def tell(self, at: int, outlet: str | None, told: Told | None) -> None:
        """What a page told; the outlet's next group begins when it was the last of its own."""
        if outlet is None:
            return
        group = self._groups[outlet]
        group.missing.remove(at)
        group.told[at] = told
        if len(group.told) == group.size:
            self._groups[outlet] = _Group(self._after(group))

    def standings(self) -> list[Standing]:
        """All outlets' templates, by outlet, once no page is under way."""
        return [self._after(self._groups[outlet]) for outlet in sorted(self._groups)]

    def _after(self, group: _Group) -> Standing:
        standing = group.standing
        for at in sorted(group.told):
            standing = after(standing, group.told[at], self._run.now, self._params)
        return standing


def outlet_of_bytes(raw: RawPage) -> str | None:
    """The outlet whose template a page has: as given, its URL's site, or the site that its bytes name.

    Told before the page is parsed, in some 50 µs; None if nothing names a site.
    """
    known = raw.outlet_id or site_of(original_url(raw.url))
    if known:
        return known
    head = raw.content[:_SNIFFED_BYTES]
    named = (found[1].decode("utf-8", "replace") for form in _NAMES_ITSELF if (found := form.search(head)))
    return next(filter(None, (site_of(original_url(url)) for url in named)), None)
