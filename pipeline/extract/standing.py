"""What is known of an outlet's template follows from its pages in their order, and from nothing else.

A template is trusted once the full path agreed with it, doubted when it does not, and forgotten when it
keeps failing: then it changed, and is learned anew under the next version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from pipeline.extract.lesson import Lesson
from pipeline.extract.template import Template, Votes
from pipeline.params import Params

# agreements that are missing to trust: of a new template, and of one that failed
_NEW, _FAILED = 1, 2
# a layout that half of the outlet's pages had while it was there, so many at least, and then so many had not
_USUAL, _USUAL_PAGES, _GONE_PAGES = 0.5, 5, 8
# old pages count less and less: a place has no more than so many words to say
_MOST_WORDS = 20_000
_MOST_BLOCKS, _MOST_CREDITS, _MOST_LAYOUTS = 2_000, 30, 60


@dataclass(frozen=True, slots=True)
class Told:
    """What reading a page told of its outlet's template.

    `layout` is the box that held most of the text; `is_full`: the full path read it. Where the template did
    not, there is a `lesson`, unless the text stands nowhere in the markup, and an `agreement` (word F1), if
    the template was clear about the page; `is_proven`: about places that it had seen before.
    """

    layout: str
    is_full: bool
    agreement: float | None = None
    is_proven: bool = False
    lesson: Lesson | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """One template of an outlet: `first` and `last` are the numbers of its pages among the outlet's."""

    layout: str
    version: int
    pages: int
    first: int
    last: int
    learned_at: datetime
    checked: int = 0
    agreed: float = 0.0  # sum over `checked`
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """An outlet's template, with how far it is trusted. `doubt`: agreements that are missing for trust;
    `failures`: since it was trusted last; `pages`: of the outlet, so far."""

    outlet_id: str
    version: int = 1
    pages: int = 0
    doubt: int = _NEW
    failures: int = 0
    blocks: Mapping[str, Votes] = field(default_factory=dict)
    credits: tuple[str, ...] = ()
    layouts: tuple[Layout, ...] = ()

    def template(self) -> Template:
        is_doubted = self.doubt > 0 and (self.failures > 0 or self.version > 1)
        return Template(self.version, self.blocks, frozenset(self.credits), self.doubt == 0, is_doubted)


def after(standing: Standing, told: Told | None, now: datetime, params: Params) -> Standing:
    """The standing after the outlet's next page; None is told of a page that could not be read."""
    standing = replace(standing, pages=standing.pages + 1)
    if told is None:
        return standing
    if told.agreement is not None:
        standing = _judged(standing, told.agreement, told.is_proven, now, params)
    if told.lesson is not None:
        standing = _taught(standing, told.lesson)
    return _used(standing, told, now) if told.layout else standing


def _judged(standing: Standing, agreement: float, is_proven: bool, now: datetime, params: Params) -> Standing:
    if agreement >= params.template_agreement:
        doubt = max(standing.doubt - 1, 0)
        return replace(standing, doubt=doubt, failures=standing.failures if doubt else 0)
    if not is_proven:
        return standing  # it would not have been used
    if standing.failures + 1 < params.template_failures:
        return replace(standing, doubt=_FAILED, failures=standing.failures + 1)
    layouts = tuple(
        replace(known, changed_at=known.changed_at or now) if known.version == standing.version else known
        for known in standing.layouts
    )
    return Standing(standing.outlet_id, standing.version + 1, standing.pages, layouts=layouts)


def _taught(standing: Standing, lesson: Lesson) -> Standing:
    blocks = dict(standing.blocks)
    for place, taken, had in lesson.blocks:
        before = blocks.get(place, (0, 0, 0))
        votes = (before[0] + taken, before[1] + had, before[2] + 1)
        blocks[place] = votes if votes[1] <= _MOST_WORDS else (votes[0] // 2, votes[1] // 2, votes[2])
    if len(blocks) > _MOST_BLOCKS:
        least = sorted(blocks, key=lambda place: (blocks[place][2], blocks[place][1], place))
        for place in least[: len(blocks) - _MOST_BLOCKS]:
            del blocks[place]
    credits = tuple(sorted({*standing.credits, *lesson.credits})[:_MOST_CREDITS])
    return replace(standing, blocks=blocks, credits=credits)


def _used(standing: Standing, told: Told, now: datetime) -> Standing:
    """Note the page's layout, and which layouts are gone."""
    number, version = standing.pages, standing.version
    known = {(each.layout, each.version): each for each in standing.layouts}
    own = known.get((told.layout, version)) or Layout(told.layout, version, 0, number, number, now)
    own = replace(own, pages=own.pages + 1, last=number, changed_at=None)
    if told.is_full and told.agreement is not None:
        own = replace(own, checked=own.checked + 1, agreed=own.agreed + told.agreement)
    known[told.layout, version] = own
    layouts = [
        replace(each, changed_at=now) if _is_gone(each, own, number) else each for each in known.values()
    ]
    if len(layouts) > _MOST_LAYOUTS:
        layouts.remove(min(layouts, key=lambda each: (each.last, each.layout)))
    return replace(standing, layouts=tuple(layouts))


def _is_gone(layout: Layout, newest: Layout, number: int) -> bool:
    """True for a usual layout that has not been seen for a while, whose place a newer one took."""
    usual = layout.pages >= max(_USUAL_PAGES, _USUAL * (layout.last - layout.first + 1))
    is_late = number - layout.last >= _GONE_PAGES and newest.first > layout.last
    return layout.changed_at is None and usual and is_late
