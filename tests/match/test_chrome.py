"""Chrome is what different articles of an outlet repeat, and nothing that one article repeats."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.match import chrome as room
from pipeline.match.blocks import boilerplate, coded, compared
from pipeline.match.chrome import Learned, learn, read_lines, strip
from pipeline.match.fold import fold
from pipeline.match.scorecard import load_scorecard
from pipeline.match.words import Words, read_words
from pipeline.model import NO_OUTLET
from pipeline.params import Params
from pipeline.schema import BOILERPLATE
from tests.match.texts import LINE_ENDS, prose, rows, tokens

# a share that no sum of the small whole numbers below meets exactly, so that rounding cannot decide
PARAMS = replace(Params(), chrome_same_article=0.2503, chrome_rare_pages=4)
PROMO = "Sign up for the Harrow Point morning letter and never miss the tide table"
LONG = prose(99, 300)  # a line past what its key can tell of its length

Line = tuple[str, ...]


@cache
def folded(line: str) -> Line:
    return tuple(token.text for token in tokens(line))


@dataclass(frozen=True, slots=True)
class Page:
    outlet: str | None
    lines: tuple[str, ...]
    url: int = 0

    @property
    def folded(self) -> list[Line]:
        return [line for line in map(folded, self.lines) if line]


@dataclass(slots=True)
class Oracle:
    """Chrome as the rule says it, over all pairs of pages."""

    pages: list[Page]
    params: Params = PARAMS
    holders: dict[tuple[str, Line], list[int]] = field(default_factory=lambda: defaultdict(list))

    def chrome(self) -> dict[tuple[str, Line], tuple[int, int]]:
        """By outlet and line the articles and pages that hold it."""
        for number, page in enumerate(self.pages):
            for line in dict.fromkeys(page.folded):
                if page.outlet is not None:
                    self.holders[page.outlet, line].append(number)
        article = list(range(len(self.pages)))
        for a in range(len(self.pages)):
            for b in range(a):
                if self.same_article(a, b):
                    article = [article[b] if one == article[a] else one for one in article]
        found = {key: (len({article[n] for n in own}), len(own)) for key, own in self.holders.items()}
        return {key: counts for key, counts in found.items() if counts[0] >= self.params.chrome_min_articles}

    def same_article(self, a: int, b: int) -> bool:
        one, other = self.pages[a], self.pages[b]
        if one.outlet != other.outlet or one.outlet is None or not (one.folded and other.folded):
            return one.outlet == other.outlet is not None and one.url == other.url != 0
        shared = sum(self.weight(a, line) for line in {*one.folded} & {*other.folded})
        least = min(self.size(a), self.size(b))
        enough = shared > 0 and shared >= self.params.chrome_same_article * least
        return enough or one.folded == other.folded or one.url == other.url != 0

    def size(self, page: int) -> Fraction:
        """A line that stands on its page again is all its own there."""
        lines = Counter(self.pages[page].folded)
        again = sum((count - 1) * min(len(line), 255) for line, count in lines.items())
        return again + sum(self.weight(page, line) for line in lines)

    def weight(self, page: int, line: Line) -> Fraction:
        outlet = self.pages[page].outlet
        assert outlet is not None
        holders = len(self.holders[outlet, line])
        return Fraction(0 if holders > self.params.chrome_rare_pages else min(len(line), 255), holders)

    def stripped(self) -> list[list[Line]]:
        chrome = self.chrome()
        return [
            [line for line in page.folded if (str(page.outlet), line) not in chrome] for page in self.pages
        ]


def texts_of(pages: list[Page]) -> pa.Array:
    return pa.array(["\n".join(page.lines) for page in pages], pa.string())


def ids_of(pages: list[Page]) -> pa.Array:
    return pa.array([page.outlet for page in pages], pa.string())


def learned(pages: list[Page], params: Params = PARAMS) -> Learned:
    outlets, _ = coded(ids_of(pages))
    urls = np.array([page.url for page in pages], np.int64)
    return learn(read_lines(read_words(texts_of(pages)), outlets), params, urls)


def rows_of(pages: list[Page], params: Params = PARAMS) -> pa.Table:
    bodies = [(np.arange(len(pages)), texts_of(pages))]
    outlets, outlet_ids = coded(ids_of(pages))
    count = np.bincount(outlets[outlets >= 0], minlength=len(outlet_ids))
    return boilerplate(learned(pages, params), outlet_ids, count, bodies)


def stripped(pages: list[Page], params: Params = PARAMS) -> list[list[int]]:
    words = compared(ids_of(pages), texts_of(pages), rows_of(pages, params))
    return [words_of(words, doc) for doc in range(len(pages))]


def words_of(words: Words, doc: int) -> list[int]:
    return words.words[words.starts[doc] : words.ends[doc]].tolist()


def read(lines: list[Line]) -> list[int]:
    """The words of a text of these lines."""
    return words_of(read_words(pa.array(["\n".join(map(" ".join, lines))])), 0)


LINES = st.sampled_from([*(prose(n, 1 + n % 7) for n in range(14)), "", "—", "1 200", "12", LONG, "ﬁn de Él"])
PAGES = st.builds(
    Page,
    st.sampled_from(["harrow", "osprey", None]),
    st.lists(LINES, max_size=7).map(tuple),
    st.sampled_from([0, 0, 0, 1, 2]),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(PAGES, max_size=14))
def test_chrome_is_what_the_oracle_finds(pages: list[Page]) -> None:
    expected = Oracle(pages).chrome()
    found = {(row["outlet_id"], folded(row["block"])): row for row in rows_of(pages).to_pylist()}
    cut = {(outlet, cut_at(line)): counts for (outlet, line), counts in expected.items()}
    assert {key: (row["articles"], row["pages"]) for key, row in found.items()} == cut
    assert stripped(pages) == [read(lines) for lines in Oracle(pages).stripped()]


def cut_at(line: Line) -> Line:
    """A line of our own words as the table has it."""
    return folded(LONG[:300]) if len(line) > 100 else line


@settings(max_examples=200, deadline=None)
@given(st.lists(PAGES, max_size=10), st.randoms(use_true_random=False), st.sampled_from([0.2503, 0.25, 0.5]))
def test_order_and_batches_make_no_difference(pages: list[Page], chance: object, share: float) -> None:
    """Also where sums meet the line exactly."""
    shuffled, params = list(pages), replace(PARAMS, chrome_same_article=share)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    hashes = [
        rows_of(order, params).drop_columns(["block"]).to_pylist()
        for order in (pages, shuffled, [*pages, Page(None, ())])
    ]
    assert hashes[0] == hashes[1] == hashes[2]


def test_lines_are_sorted_out_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = [
        Page(f"outlet-{n % 5}", (prose(n % 5, 9), *(prose(n * 40 + k, 8) for k in range(30))))
        for n in range(60)
    ]
    whole = rows_of(pages)
    monkeypatch.setattr(room, "_PART", 100)
    assert rows_of(pages).equals(whole)
    assert whole.num_rows == 5


def article(number: int, lines: int = 6) -> tuple[str, ...]:
    return tuple(prose(1_000 * number + k, 22) for k in range(lines))


def test_three_articles_are_enough_and_two_are_not() -> None:
    pages = [Page("harrow", (*article(n), PROMO, f"The end of item {n}.")) for n in range(3)]
    [row] = rows_of(pages, Params()).to_pylist()
    assert (row["outlet_id"], row["block"], row["articles"], row["pages"]) == ("harrow", PROMO, 3, 3)
    assert row["share"] == 1.0
    assert rows_of(pages[:2], Params()).num_rows == 0


def test_short_articles_under_much_chrome_are_told_apart() -> None:
    """Two thirds of each page are chrome: versions of one article would look the same on two pages."""
    chrome = tuple(prose(n, 15) for n in range(12))
    pages = [Page("harrow", (*chrome, *article(n + 1, 4))) for n in range(12)]
    assert rows_of(pages, Params())["block"].to_pylist() == sorted(chrome, key=lambda line: hash_of(line))


def hash_of(line: str) -> str:
    """What a line is sorted by."""
    pages = [Page("harrow", (line, *article(n))) for n in range(3)]
    return str(rows_of(pages, Params())["line_hash"][0].as_py())


LEADS: dict[str, tuple[int, Callable[[int], str]]] = {
    "twice": (2, lambda n: ""),
    "five times with a new lead": (5, lambda n: f"Lead number {n}, all new."),
    "sixty times the same": (60, lambda n: ""),
}


@pytest.mark.parametrize("case", LEADS)
def test_a_story_that_one_outlet_ran_often_is_no_chrome(case: str) -> None:
    times, lead = LEADS[case]
    pages = [Page("osprey", (lead(n), *article(1, 8))) for n in range(times)]
    pages += [Page("osprey", article(n + 10)) for n in range(4)]
    assert rows_of(pages, Params()).num_rows == 0
    assert stripped(pages, Params()) == [words_of(read_words(texts_of(pages)), n) for n in range(times + 4)]


def test_a_page_that_is_rewritten_sixty_times_is_known_by_its_url() -> None:
    pages = [Page("osprey", (prose(n, 300), *article(1, 4)), url=7) for n in range(60)]
    assert rows_of(pages, Params()).num_rows == 0
    assert rows_of([replace(page, url=n + 1) for n, page in enumerate(pages)], Params()).num_rows == 4


def test_another_outlets_lines_and_pages_without_outlet_stay() -> None:
    outlets = ["a", "a", "b", *[None] * 4, *[NO_OUTLET] * 4]
    pages = [Page(outlet, (*article(n), PROMO)) for n, outlet in enumerate(outlets)]
    assert rows_of(pages, Params()).num_rows == 0
    assert stripped(pages, Params()) == [words_of(read_words(texts_of(pages)), n) for n in range(len(pages))]


def test_a_line_ends_where_the_tokeniser_ends_it() -> None:
    pages = [
        Page("harrow", (*article(n), end.join([prose(n, 30), PROMO, ""]))) for n, end in enumerate(LINE_ENDS)
    ]
    [row] = rows_of(pages, Params()).to_pylist()
    assert (row["block"], row["pages"]) == (PROMO, len(LINE_ENDS))


def test_times_and_the_first_text_come_from_the_first_page() -> None:
    texts = [f"{prose(n, 90)}\n{PROMO.upper() if n == 3 else PROMO}" for n in range(5)]
    outlets, outlet_ids = coded(pa.array(["harrow"] * 5))
    times = np.array([70, 40, 60, 20, 50], np.int64)
    found = learn(read_lines(read_words(pa.array(texts)), outlets), Params(), times=times)
    bodies = ((np.array([n]), pa.array([texts[n]])) for n in (4, 3, 2, 1, 0))
    [row] = boilerplate(found, outlet_ids, np.array([5]), bodies).to_pylist()
    assert row["block"] == PROMO.upper()
    assert [row[name].microsecond for name in ("first_seen_at", "last_seen_at")] == [20, 70]


def test_nothing_to_learn_from() -> None:
    assert rows_of([]).schema.equals(BOILERPLATE.schema)
    assert stripped([Page("harrow", ()), Page(None, ("—",))]) == [[], []]


def test_what_is_stripped_is_compared_as_if_it_had_never_been_there() -> None:
    pages = [Page("harrow", (PROMO, *article(n)[:3], PROMO, *article(n)[3:])) for n in range(4)]
    outlets, _ = coded(ids_of(pages))
    lines = read_lines(read_words(texts_of(pages)), outlets)
    words = strip(lines, learn(lines, Params()).chrome)
    bare = read_words(pa.array(["\n".join(article(n)) for n in range(4)]))
    assert np.array_equal(words.digests(), bare.digests())
    assert [words_of(words, n) for n in range(4)] == [words_of(bare, n) for n in range(4)]


def test_folding_does_not_join_pages_over_chrome() -> None:
    """Twelve short reports under one outlet's long notice are twelve stories, and their copies are found."""
    notice = "\n".join(prose(n, 30) for n in range(6))
    copies = [prose(100 + n, 69) for n in range(12)]
    reports = [f"{notice}\n{text}" for text in copies]
    known = [rows(reports, outlets=["harrow"] * 12), rows(copies, outlets=[f"outlet-{n}" for n in range(12)])]
    card = load_scorecard(None)
    assert fold(known, Params(), card).labels.tolist() == [*range(12)] * 2
