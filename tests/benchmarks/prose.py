"""Sentences of fictional news by the thousand: invented words that occur about as often as real ones do.

A text has 6.1 bytes a word, as 1,891 real news documents have 6.0. Words follow Zipf's law, so that
unrelated texts share a 5-gram as seldom as they do; the people and places of a story recur in it.
"""

from __future__ import annotations

from functools import cache
from itertools import accumulate, pairwise

import numpy as np

_COMMON = (
    "the of to a in and said that for on is was with at by it as from he his be has are have an they"
    " who not but their will this its had were been which or after more one about when would she her"
    " up out than also new last over year two people first could against into other time before some"
    " no there most all during if while under between three week since where percent government city"
    " state officials police company president million court county school public former"
)
_WORDS, _NAMES, _NUMBERS = 24_000, 5_000, 1_500
_DRAWS = 1 << 20  # the law of the words as a table: a draw is one look-up
_ENTITIES, _ENTITY_SHARE = 8, 0.05
_ONSETS = "b br c ch cl d dr f fl g gr h j k l m n p pl pr qu r s sh sl st t th tr v w"
_NUCLEI = "a e i o u a e i o u ai ea ou"
_CODAS = "b ck d l m n nd ng nt p r rn s st t x"


class Prose:
    """A writer whose sentences depend on the seed and the desk's number alone."""

    def __init__(self, seed: int, desk: int) -> None:
        self._random = np.random.default_rng([seed, desk])
        self._vocabulary, self._law = _vocabulary(seed)

    def paragraphs(self, count: int) -> list[list[str]]:
        """Paragraphs of one to three sentences about the same few people and places."""
        sizes = self._random.integers(1, 4, count).tolist()
        told = self.sentences(sum(sizes))
        return [told[a:b] for a, b in pairwise(accumulate(sizes, initial=0))]

    def sentences(self, count: int) -> list[str]:
        """Sentences of 8 to 32 words; one in six is a quotation."""
        lengths = self._random.integers(8, 33, count).tolist()
        words = self._draw(sum(lengths))
        quotes = (self._random.random(count) < 1 / 6).tolist()
        told = []
        for (a, b), quote in zip(pairwise(accumulate(lengths, initial=0)), quotes, strict=True):
            if b - a > 14:
                words[a + 6] += ","
            if quote:
                speaker = f"{words[b - 2]} {words[b - 1]}".title()
                told.append(f"“{_capital(' '.join(words[a : b - 2]))},” {speaker} said.")
            else:
                told.append(_capital(" ".join(words[a:b])) + ".")
        return told

    def sentence(self) -> str:
        return self.sentences(1)[0]

    def headline(self) -> str:
        return _capital(" ".join(self._draw(int(self._random.integers(7, 12)))))

    def number(self) -> str:
        """A number as reports have them: 17, 3.4, 2,480."""
        return _number(int(self._random.integers(0, 1 << 30)))

    def _draw(self, count: int) -> list[str]:
        ids = self._law[self._random.integers(0, _DRAWS, count)]
        recurring = self._random.random(count) < _ENTITY_SHARE
        names = self._random.integers(_WORDS, _WORDS + _NAMES, _ENTITIES)
        ids[recurring] = names[self._random.integers(0, _ENTITIES, int(recurring.sum()))]
        vocabulary = self._vocabulary
        return [vocabulary[i] for i in ids.tolist()]


@cache
def _vocabulary(seed: int) -> tuple[list[str], np.ndarray]:
    """Words, then names, then numbers; and int64[_DRAWS] of them, each as often as it occurs."""
    random = np.random.default_rng([seed, 1 << 40])
    onsets, nuclei, codas, common = (text.split() for text in (_ONSETS, _NUCLEI, _CODAS, _COMMON))

    def invented(syllables: int) -> str:
        parts = ((onsets, nuclei, codas) if i % 2 else (onsets, nuclei) for i in range(syllables))
        return "".join(choices[random.integers(len(choices))] for part in parts for choices in part)

    # longer words are rarer; some of the invented ones coincide, as homonyms do
    words = [*common, *(invented(2 + i * 2 // _WORDS) for i in range(_WORDS - len(common)))]
    names = [invented(2 + i % 2).title() for i in range(_NAMES)]
    numbers = [_number(int(random.integers(0, 1 << 30))) for _ in range(_NUMBERS)]
    # Zipf and Mandelbrot's law, so that the 80 commonest words are half of a text
    zipf = (np.arange(_WORDS) + 3.7) ** -1.15
    shares = [zipf / zipf.sum() * 0.93, np.full(_NAMES, 0.05 / _NAMES), np.full(_NUMBERS, 0.02 / _NUMBERS)]
    law = random.choice(_WORDS + _NAMES + _NUMBERS, _DRAWS, p=np.concatenate(shares))
    return words + names + numbers, law


def _number(bits: int) -> str:
    kind, value = bits % 3, bits // 3
    return (str(value % 98 + 2), f"{value % 990 / 10:.1f}", f"{value % 9_000 + 1_000:,}")[kind]


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
