"""Stories of the generated corpus, and what outlets make of them: cuts, local paragraphs, updates, blends.

Beside copies there is what looks like one: stories of a topic share quotes and background, round-ups
hold the first paragraphs of several stories, and forms are filled in with new numbers each day. Each
of these is a story of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random

from tests.benchmarks.prose import Prose
from tests.benchmarks.sites import OUTLETS

START = datetime(2026, 3, 1, tzinfo=UTC)
# how many outlets ran a story that more than one ran, 7.6 on average; with the share of stories that
# one outlet alone ran, half of the documents stand alone
_SIZES = range(2, 61)
_SIZE_WEIGHTS = [size**-1.7 for size in _SIZES]
_ALONE_SHARE = 0.88
# what is done to a copy, and to what share of copies
EDITS = {"whole": 0.60, "truncated": 0.14, "regional": 0.12, "local": 0.13, "blended": 0.01}
ALONE, DIGEST, FORM = "alone", "digest", "form"
_STYLED, _RETITLED = 0.25, 0.4
# of documents
_DIGESTS, _FORMS, _FORM_DAYS = 0.004, 0.012, 12

Paragraphs = list[list[str]]  # a paragraph is its sentences


@dataclass(frozen=True, slots=True)
class Piece:
    """One document, before its outlet dresses it in chrome. `edit` is a key of EDITS, or ALONE, DIGEST
    or FORM; `outlet` a number below OUTLETS."""

    story: str
    edit: str
    headline: str
    paragraphs: Paragraphs
    outlet: int
    at: datetime


class Desk:
    """Writes the pieces of one block of the corpus."""

    def __init__(self, seed: int, number: int) -> None:
        self.number, self.random, self.prose = number, Random(f"{seed} {number}"), Prose(seed, number)

    def pieces(self) -> Iterator[Piece]:
        """Pieces topic by topic, without end."""
        for topic in count():
            name = f"s{self.number:04d}-{topic:05d}"
            background, quotes = self.prose.paragraphs(3), self.prose.sentences(5)
            told: list[Piece] = []
            for story in range(self.random.randint(1, 10)):
                told += self._story(f"{name}-{story}", background, quotes)
            yield from told
            if self.random.random() < _DIGESTS * len(told):
                yield self._digest(name, told)
            if self.random.random() < _FORMS * len(told) / _FORM_DAYS:
                yield from self._form(name)

    def _story(self, name: str, background: Paragraphs, quotes: list[str]) -> Iterator[Piece]:
        paragraphs, headline = self._text(background, quotes), self.prose.headline()
        at = self._time()
        if self.random.random() < _ALONE_SHARE:
            yield Piece(name, ALONE, headline, paragraphs, self.random.randrange(OUTLETS), at)
            return
        size = self.random.choices(_SIZES, _SIZE_WEIGHTS)[0]
        versions = [paragraphs]
        # what many outlets run is news that moves
        while len(versions) < 4 and self.random.random() < 0.1 + size / 120:
            versions.append(self._update(versions[-1]))
        edits = self.random.choices(list(EDITS), list(EDITS.values()), k=size)
        for outlet, edit in zip(self.random.sample(range(OUTLETS), size), edits, strict=True):
            at += timedelta(minutes=self.random.expovariate(1 / 40))
            yield Piece(
                name,
                edit,
                self._retitle(headline) if self.random.random() < _RETITLED else headline,
                self._style(self._edit(edit, self.random.choice(versions))),
                outlet,
                at,
            )

    def _text(self, background: Paragraphs, quotes: list[str]) -> Paragraphs:
        """A wire piece of 9 to 27 paragraphs; two in five take something of what its topic shares."""
        paragraphs = self.prose.paragraphs(self.random.randint(9, 27))
        if self.random.random() < 0.4:
            for quote in self.random.sample(quotes, self.random.randint(1, 2)):
                self.random.choice(paragraphs[2:]).append(quote)
            shared = self.random.sample(background, self.random.randint(0, 2))
            paragraphs[-2:-2] = [list(paragraph) for paragraph in shared]
        return paragraphs

    def _update(self, paragraphs: Paragraphs) -> Paragraphs:
        """The next write-thru: a new lead, a twentieth to a fifth of the sentences rewritten, news added."""
        share = self.random.uniform(0.05, 0.2)
        told = [
            [self.prose.sentence() if self.random.random() < share else old for old in paragraph]
            for paragraph in paragraphs
        ]
        at = self.random.randint(1, len(told))
        return [*self.prose.paragraphs(1), *told[1:at], *self.prose.paragraphs(1), *told[at:]]

    def _edit(self, edit: str, paragraphs: Paragraphs) -> Paragraphs:
        treatment: dict[str, Callable[[Paragraphs], Paragraphs]] = {
            "whole": list,
            "truncated": self._truncate,
            "regional": self._cut,
            "local": self._localise,
            "blended": self._blend,
        }
        return treatment[edit](paragraphs)

    def _truncate(self, paragraphs: Paragraphs) -> Paragraphs:
        return paragraphs[: self.random.randint(4, max(5, len(paragraphs) * 6 // 10))]

    def _cut(self, paragraphs: Paragraphs) -> Paragraphs:
        """A regional edit: up to a third of the text after the lead is left out; some get a new lead."""
        share = self.random.uniform(0.05, 0.33)
        lead = self.prose.paragraphs(1) if self.random.random() < 0.3 else paragraphs[:1]
        return lead + [paragraph for paragraph in paragraphs[1:] if self.random.random() >= share]

    def _localise(self, paragraphs: Paragraphs) -> Paragraphs:
        at = self.random.randint(2, len(paragraphs))
        return [*paragraphs[:at], *self.prose.paragraphs(self.random.randint(1, 3)), *paragraphs[at:]]

    def _blend(self, paragraphs: Paragraphs) -> Paragraphs:
        """The first half of the wire's text or so, with half as much of the outlet's own among it."""
        kept = paragraphs[: max(3, int(len(paragraphs) * self.random.uniform(0.4, 0.8)))]
        blended = kept[1:] + self.prose.paragraphs(len(kept) // 2)
        self.random.shuffle(blended)
        return [*kept[:1], *blended]

    def _style(self, paragraphs: Paragraphs) -> Paragraphs:
        """House style: in two copies of five, a word is changed in some sentences."""
        if self.random.random() >= _STYLED:
            return paragraphs
        styled = [list(paragraph) for paragraph in paragraphs]
        for _ in range(self.random.randint(1, 3)):
            paragraph = self.random.choice(styled)
            at = self.random.randrange(len(paragraph))
            words = paragraph[at].split()
            words[self.random.randrange(1, len(words))] = self.prose.number()
            paragraph[at] = " ".join(words)
        return styled

    def _retitle(self, headline: str) -> str:
        words = headline.split()
        del words[self.random.randrange(len(words))]
        words[self.random.randrange(len(words)) :] = self.prose.headline().lower().split()[:3]
        return " ".join(words)

    def _digest(self, name: str, told: list[Piece]) -> Piece:
        """A round-up: the first paragraphs of up to six stories of a topic."""
        firsts = {piece.story: piece.paragraphs[: self.random.randint(1, 2)] for piece in told}
        taken = self.random.sample(list(firsts.values()), min(len(firsts), 6))
        paragraphs = [*self.prose.paragraphs(1), *(each for first in taken for each in first)]
        outlet, at = self.random.randrange(OUTLETS), max(piece.at for piece in told)
        return Piece(f"{name}-{DIGEST}", DIGEST, self.prose.headline(), paragraphs, outlet, at)

    def _form(self, name: str) -> Iterator[Piece]:
        """Twelve days' reports of one form: one to three numbers a sentence are new each day."""
        slots = self.random.randint(1, 3)
        form = self.prose.paragraphs(self.random.randint(5, 10))
        for paragraph in form:
            for i, sentence in enumerate(paragraph):
                words = sentence.split()
                for at in self.random.sample(range(1, len(words)), slots):
                    words[at] = "{}"
                paragraph[i] = " ".join(words)
        headline, outlet = self.prose.headline(), self.random.randrange(OUTLETS)
        for day in range(_FORM_DAYS):
            filled = [[self._fill(sentence) for sentence in paragraph] for paragraph in form]
            at = self._time() + timedelta(days=day)
            yield Piece(f"{name}-{FORM}-{day}", FORM, headline, filled, outlet, at)

    def _fill(self, sentence: str) -> str:
        return sentence.format(*(self.prose.number() for _ in range(sentence.count("{}"))))

    def _time(self) -> datetime:
        """Within the hour of the desk."""
        return START + timedelta(hours=self.number, minutes=self.random.uniform(0, 60))
