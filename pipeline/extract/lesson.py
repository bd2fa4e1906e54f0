"""What one page teaches about its outlet's template: which of its blocks were taken for text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from selectolax.lexbor import LexborNode

from pipeline.extract.evident import Evident
from pipeline.extract.layout import (
    MAX_DEPTH,
    Block,
    blocks_of,
    is_teaser,
    lines_of,
    place_of,
    short_place_of,
)
from pipeline.extract.pictures import picture_places
from pipeline.extract.template import Votes
from pipeline.extract.text import squash, words

# a block that the full path cut or joined otherwise: so many of its runs of three words are in the text
_MOST_RUNS = 0.8
_MIN_WORDS = 6
# boxes that had no text on so many pages are passed over, as long as the page's text is found elsewhere
_CLOSED_PAGES = 2
_MOST_LINES = 0.7


@dataclass(frozen=True, slots=True)
class Lesson:
    """Of each kind of block, by its place: words that were text, and all words. `layout` is the box that
    holds most of the text; `credits` are the places of blocks with photo credits."""

    blocks: tuple[tuple[str, int, int], ...]
    layout: str
    credits: tuple[str, ...]


def learn_from(
    body: LexborNode,
    lines: Sequence[str],
    photo_credits: Sequence[str],
    known: Mapping[str, Votes],
    evident: Evident | None = None,
) -> Lesson | None:
    """The lesson of a page of which `lines` are the text; None if they are nowhere in its markup.

    Blocks of boxes that neither the page nor `known` found text in are left out: none will be asked about.
    `evident`: what told the lines, if it was not the full path; then boxes beside its own are passed by, in
    half the time.
    """
    pupil = _Pupil(lines, known, evident)
    pupil.read(body)
    if pupil.taken < _MOST_LINES * sum(len(line.split()) for line in lines):
        pupil = _Pupil(lines, {}, evident)
        pupil.read(body)
    layout = pupil.settle()
    if layout is None:
        return None
    total: dict[str, tuple[int, int]] = {}
    for seen in pupil.seen:
        for place in seen.places:
            took, had = total.get(place, (0, 0))
            total[place] = (took + seen.taken, had + seen.words)
    nothing = (0, 0, 0)
    opened = {place for place in total if total[place][0] or known.get(place, nothing)[0]}
    is_open = [not opened.isdisjoint(seen.places) for seen in pupil.seen]
    asked = {place for seen in pupil.seen if seen.box < 0 or is_open[seen.box] for place in seen.places}
    blocks = tuple((place, *votes) for place, votes in total.items() if place in asked)
    return Lesson(blocks, layout, picture_places(body, photo_credits, opened.__contains__))


@dataclass(slots=True)
class _Seen:
    """A block of the page: its places, the number of the box that it is in, and what that box is called."""

    places: tuple[str, str]
    box: int
    layout: str
    words: int = 0
    taken: int = 0


class _Pupil:
    """Goes through a page with the text of it in mind."""

    def __init__(self, lines: Sequence[str], known: Mapping[str, Votes], evident: Evident | None) -> None:
        self._known = known
        # the boxes around the text, its own last
        self._path = _path_to(evident.box) if evident else []
        self._doubted = evident.doubted if evident else frozenset()
        self._lines = {line.removeprefix("- ") for line in lines}
        # lines of an evident page stand as they are in its blocks
        spoken = words(" ".join(lines).casefold()) if evident is None else []
        self._runs = set(zip(spoken, spoken[1:], spoken[2:], strict=False))
        self._found: list[tuple[str, int, int]] = []  # line, number of its block, its words
        self.seen: list[_Seen] = []  # boxes before what is in them
        self.taken = 0

    def read(
        self, box: LexborNode, mark: str = "body", above: str = "", number: int = -1, depth: int = 0
    ) -> None:
        """Take down the blocks of a box and of the boxes in it; `number` is its own."""
        for block in blocks_of(box):
            if _is_teaser(block) or (block.element is not None and block.element.mem_id in self._doubted):
                continue
            places = (place_of(block.mark, mark, above), short_place_of(block.mark, mark))
            seen = _Seen(places, number, f"{mark}<{above}")
            self.seen.append(seen)
            if block.text is not None:
                self._weigh(block.text, seen)
            elif (
                block.element is not None
                and depth < MAX_DEPTH
                and self._is_open(block.element, places[0], depth)
            ):
                self.read(block.element, block.mark, mark, len(self.seen) - 1, depth + 1)

    def _is_open(self, element: LexborNode, place: str, depth: int) -> bool:
        if depth < len(self._path) and element.mem_id != self._path[depth]:
            return False
        votes = self._known.get(place)
        return votes is None or votes[0] > 0 or votes[2] < _CLOSED_PAGES

    def settle(self) -> str | None:
        """Count what was taken, and return the layout: what the box is called that holds most of it.

        A line that stands on the page more than once, in the text and in what is offered for sharing,
        counts where most of the text is.
        """
        weight: Counter[str] = Counter()
        for _, at, count in self._found:
            weight[self.seen[at].layout] += count
        places: dict[str, tuple[int, int]] = {}
        for line, at, count in self._found:
            before = places.get(line)
            if before is None or weight[self.seen[before[0]].layout] < weight[self.seen[at].layout]:
                places[line] = (at, count)
        for at, count in places.values():
            self.seen[at].taken += count
        for seen in reversed(self.seen):
            if seen.box >= 0:
                self.seen[seen.box].taken += seen.taken
                self.seen[seen.box].words += seen.words
        return max(weight, key=lambda box: weight[box], default=None)

    def _weigh(self, text: str, seen: _Seen) -> None:
        for line in lines_of(text):
            count = len(line.split())
            seen.words += count
            if line in self._lines or (self._runs and self._is_told(line)):
                self._found.append((line, len(self.seen) - 1, count))
                self.taken += count

    def _is_told(self, line: str) -> bool:
        spoken = words(line.casefold())
        if len(spoken) < _MIN_WORDS:
            return False
        runs = list(zip(spoken, spoken[1:], spoken[2:], strict=False))
        return sum(run in self._runs for run in runs) > _MOST_RUNS * len(runs)


def _path_to(box: LexborNode) -> list[int]:
    """The ids of the boxes from the body, left out, down to a box."""
    path = []
    around: LexborNode | None = box
    while around is not None and around.tag not in ("body", "html"):
        path.append(around.mem_id)
        around = around.parent
    return path[::-1]


def _is_teaser(block: Block) -> bool:
    """Paragraphs that `prune.drop_teasers` drops say nothing about the others in their place."""
    if block.element is None or block.text is None:
        return False
    return is_teaser(block.element, squash(block.text))
