"""Chrome that is learned outlet by outlet, by tasks, is what is learned of all pages in one place."""

from __future__ import annotations

import pickle
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.lake.pages import Documents, documents
from pipeline.matching.executed import Place
from pipeline.matching.scratch import Scratch
from pipeline.matching.shelf import Shelf
from pipeline.matching.spark import Map, Reduce
from pipeline.matching.spread import Executors, SpreadTexts
from pipeline.matching.texts import CHROME, READ, Texts
from pipeline.model import NO_OUTLET
from pipeline.params import Params
from tests.matching.desk import Desk, Page, pages_of


class InTurn:
    """Has tasks done one after the other, through the same pickles as Spark has them; what goes to a part
    arrives in another order than it was sent."""

    cores = 2

    def run(
        self, tasks: Sequence[Any], work: Map, together: Reduce | None = None, few: bool = False
    ) -> list[tuple[int, Any]]:
        made = [each for task in tasks for each in work(pickle.loads(pickle.dumps(task)))]
        if together is None:
            return sorted(made, key=lambda each: each[0])
        parts = defaultdict(list)
        for part, one in reversed(made):
            parts[part].append(pickle.loads(pickle.dumps(one)))
        return [(part, together(part, parts[part])) for part in sorted(parts)]


def learned(texts: Texts) -> Texts:
    texts.scratch.run(READ, texts.read)
    texts.scratch.run(CHROME, texts.chrome)
    return texts


def both(folder: Path, docs: Documents, shelf: Shelf) -> tuple[Texts, SpreadTexts]:
    """Texts whose chrome was learned here, and by tasks."""
    executors = Executors(InTurn(), docs, Place(docs.lake.url, "spark/"))  # type: ignore[arg-type]
    scratches = [Scratch(folder / name, docs.lake.url, "input") for name in ("here", "spread")]
    with scratches[0] as here, scratches[1] as there:
        own = Texts(docs, here, shelf, Params(), lambda *_: None)
        spread = SpreadTexts(docs, there, shelf, Params(), lambda *_: None, executors)
        learned(own), learned(spread)
    return own, spread


def test_the_same_rows_and_the_same_texts(tmp_path: Path) -> None:
    """Pages of five outlets in four runs, some of them fetched again, some of no outlet, one line at all."""
    line = "This line stands on the pages of every outlet of ours"
    pages = [replace(page, body=f"{page.body}\n{line}") for page in pages_of(5, 30)]
    pages += [replace(page, doc_id=f"n{page.doc_id}", outlet=NO_OUTLET) for page in pages[:9]]
    desk = Desk(tmp_path / "lake")
    for at in range(4):
        desk.take(pages[at::4] + pages[:3])
    docs = documents(desk.lake, desk.runs[-1])
    with Shelf(1 << 30) as shelf:
        own, spread = both(tmp_path, docs, shelf)
        rows = own.chrome_rows()
        assert spread.chrome_rows().equals(rows)
        assert set(rows["outlet_id"].to_pylist()) == {page.outlet for page in pages} - {NO_OUTLET}
        assert rows["block"].to_pylist().count(line) == 5
        here, there = own.articles(), spread.articles()
        for name in ("words", "headlines"):
            assert np.array_equal(getattr(there, name).lengths, getattr(here, name).lengths)
        assert np.array_equal(there.urls, here.urls)
        assert np.array_equal(there.times, here.times)


def test_no_page_has_an_outlet(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "lake")
    desk.take([Page(f"d{n}", NO_OUTLET, "a headline", "a line\nand another") for n in range(4)])
    with Shelf(1 << 30) as shelf:
        own, spread = both(tmp_path, documents(desk.lake, desk.runs[-1]), shelf)
        assert spread.chrome_rows().equals(own.chrome_rows())
        assert spread.chrome_rows().num_rows == 0
