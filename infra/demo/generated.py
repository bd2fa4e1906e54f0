"""Stories by grammar and vocabulary, as many as asked for: story n of a seed is always the same story.

Two stories share next to no word 5-gram (mean J .0003 over 3,000 pairs, .005 at the most) but where they
are made to: market reports keep their template and change the numbers (every 50th story), and every 25th
quotes two paragraphs of the one before.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import product

from infra.demo.content import TEXT, Story, Version

_DAY = datetime(2026, 3, 5, tzinfo=UTC)
_WIRES = ("cnn", "ap", "reuters", "afp", "cnn", "ap", "northline", "cnn", "ap", "harborstone")
_MARKET_EVERY, _SIBLING_EVERY = 50, 25
_WORDS = ("noun", "adj", "verb", "month", "day", "role", "moved", "section")


@dataclass(frozen=True, slots=True)
class _Lexicon:
    """Words by slot, names made of syllables (the same in every network), and templates."""

    words: Mapping[str, Sequence[str]]
    people: tuple[str, ...]
    places: tuple[str, ...]
    orgs: tuple[str, ...]
    lead: tuple[str, ...]
    sentence: tuple[str, ...]
    market: tuple[str, ...]
    kill: tuple[str, ...]
    headline: str
    caption: str
    correction: str


@cache
def _lexicon() -> _Lexicon:
    file = tomllib.loads((TEXT / "generated.toml").read_text(encoding="utf-8"))
    parts = {name: file[name].split() for name in ("heads", "middles", "tails", "given", "body")}
    rng = random.Random("names")
    names = ["".join(syllables) for syllables in product(parts["heads"], parts["middles"], parts["tails"])]
    rng.shuffle(names)
    given = ["".join(syllables) for syllables in product(parts["heads"], parts["given"])]
    return _Lexicon(
        words={name: file[name].split() for name in _WORDS},
        people=tuple(f"{rng.choice(given)} {name}" for name in names[:4000]),
        places=tuple(names[4000:6000]),
        orgs=tuple(
            f"{name} {parts['body'][n % len(parts['body'])]}" for n, name in enumerate(names[6000:8000])
        ),
        **{name: tuple(file[name]) for name in ("lead", "sentence", "market", "kill")},
        **{name: file[name] for name in ("headline", "caption", "correction")},
    )


class _Slots(Mapping[str, str]):
    """Fills templates: numbered names belong to the story, all else is drawn anew each time."""

    def __init__(self, rng: random.Random) -> None:
        self._random = rng.random
        self.lexicon = _lexicon()
        pools = {"who": self.lexicon.people, "place": self.lexicon.places, "org": self.lexicon.orgs}
        self._kept = {f"{name}{n}": self.draw(pool) for name, pool in pools.items() for n in (1, 2)}

    def draw(self, pool: Sequence[str]) -> str:
        return pool[int(self._random() * len(pool))]

    def __getitem__(self, name: str) -> str:
        if name in self._kept:
            return self._kept[name]
        if name == "number":
            return f"{int(self._random() * 9_000) + 12:,}"
        if name == "adj_":
            return self.draw(self.lexicon.words["adj"]).capitalize()
        return self.draw(self.lexicon.words[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)

    def fill(self, template: str) -> str:
        text = template.format_map(self)
        return text[0].upper() + text[1:]


def generated_wire(seed: int, number: int) -> Story:
    """Wire story `number`: 8 to 18 paragraphs; one in ten has updates, a correction or a kill."""
    rng = random.Random(f"{seed}:wire:{number}")
    slots = _Slots(rng)
    lexicon = slots.lexicon
    service = _WIRES[number % len(_WIRES)]
    published = _DAY + timedelta(minutes=rng.randrange(17 * 60))
    if number % _MARKET_EVERY == 7:
        service, paragraphs = "reuters", [slots.fill(template) for template in lexicon.market]
    else:
        paragraphs = _paragraphs(rng, slots, rng.randint(8, 18))
    if number % _SIBLING_EVERY == 3:
        paragraphs[3:5] = generated_wire(seed, number - 1).versions[0].paragraphs[2:4]
    headlines = tuple(slots.fill(lexicon.headline) for _ in range(3))
    byline, dateline, footer = _credit(service, slots["who1"], slots["place1"])
    first = Version("first", published, "", headlines[0], tuple(paragraphs))
    return Story(
        key=f"{service}-g{number:06d}",
        service=service,
        town="",
        byline=byline,
        dateline=dateline,
        section=slots["section"],
        topic=f"{service.upper()} - {slots['section']}",
        photo_caption=slots.fill(lexicon.caption),
        photo_credit=slots["who2"],
        footer=footer,
        contributors="",
        other_headlines=headlines[1:],
        versions=(first, *_later(rng, slots, first, number)),
    )


def generated_local(seed: int, number: int, town: str) -> Story:
    """Local story `number`, of a town: 4 to 7 paragraphs."""
    rng = random.Random(f"{seed}:local:{number}")
    slots = _Slots(rng)
    published = _DAY + timedelta(minutes=rng.randrange(4 * 60, 18 * 60))
    paragraphs = tuple(_paragraphs(rng, slots, rng.randint(4, 7)))
    return Story(
        key=f"local-g{number:06d}",
        service="",
        town=town,
        byline=f"By {slots['who1']}",
        dateline="",
        section=slots["section"],
        topic="Local News",
        photo_caption="",
        photo_credit="",
        footer=(),
        contributors="",
        other_headlines=(),
        versions=(Version("first", published, "", slots.fill(slots.lexicon.headline), paragraphs),),
    )


def _paragraphs(rng: random.Random, slots: _Slots, count: int) -> list[str]:
    """A lead, then paragraphs of one or two sentences; no template comes up more than twice."""
    lexicon = slots.lexicon
    templates = rng.sample(lexicon.sentence, len(lexicon.sentence)) * 2
    rest = [
        " ".join(slots.fill(templates.pop()) for _ in range(rng.choice((1, 2, 2)))) for _ in range(count - 1)
    ]
    return [slots.fill(slots.draw(lexicon.lead)), *rest]


def _later(rng: random.Random, slots: _Slots, first: Version, number: int) -> tuple[Version, ...]:
    at = first.published + timedelta(minutes=rng.randrange(45, 120))
    lexicon, fill, text = slots.lexicon, slots.fill, first.paragraphs
    if number % 20 == 1:
        second = (fill(lexicon.lead[0]), *text[1:], *_paragraphs(rng, slots, 3))
        third = (fill(lexicon.lead[1]), second[1], fill(lexicon.sentence[1]), *second[3:])
        return (
            Version("update", at, "", fill(lexicon.headline), second),
            Version("update", at + timedelta(minutes=60), "", fill(lexicon.headline), third),
        )
    if number % 40 == 11:
        fixed = (*text[:2], fill(lexicon.sentence[3]), *text[3:])
        return (Version("correction", at, fill(lexicon.correction), first.headline, fixed),)
    if number % 40 == 31:
        note, *told = (fill(template) for template in lexicon.kill)
        return (Version("kill", at, note, f"KILL: {first.headline}", tuple(told)),)
    return ()


def _credit(service: str, who: str, place: str) -> tuple[str, str, tuple[str, ...]]:
    """Byline, dateline and footer in the service's manner."""
    match service:
        case "cnn":
            owner = "Cable News Network, Inc., a Warner Bros. Discovery Company"
            closing = f"™ & © 2026 {owner}. All rights reserved."
            return f"By {who}, CNN", "(CNN) —", ("The-CNN-Wire", closing)
        case "ap":
            closing = "Copyright 2026 The Associated Press. All rights reserved."
            return f"By {who}, Associated Press", f"{place.upper()} (AP) —", (closing,)
        case "reuters":
            return f"By {who}", f"{place.upper()}, March 5 (Reuters) -", (f"(Reporting by {who} in {place})",)
        case "afp":
            return f"By {who}, AFP", f"{place} (AFP) -", ("© 2026 AFP",)
        case "northline":
            closing = "Copyright 2026 Northline Media Inc. All rights reserved."
            return f"By {who}, Northline News Network", f"{place.upper()} (Northline) —", (closing,)
        case _:
            closing = "Copyright 2026 Harborstone Broadcasting. All rights reserved."
            return f"by: {who}", "(Harborstone) —", (closing,)
