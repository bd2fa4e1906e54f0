"""Questions outside the desk: its own queue, in Markdown that shows a page's words and obeys none of them."""

from __future__ import annotations

import re

from pipeline.desk import queue
from pipeline.desk.asking import _literal, questions
from pipeline.desk.shelf import Desk
from pipeline.lake.locate import open_store
from pipeline.takedown import take_down
from tests.desk.test_api import AT


def test_the_least_clear_pairs_of_the_desks_queue_are_asked_first(full: Desk) -> None:
    newest = full.newest()
    waiting = [(row["doc_id_a"], row["doc_id_b"]) for row in queue.queue(full, newest, 5.0)["rows"]]
    assert len(waiting) > 1
    asked = questions(full, newest, len(waiting) - 1, 5.0)
    assert [(one.doc_id_a, one.doc_id_b) for one in asked] == waiting[:-1]
    assert all("| outlet id |" in one.body and "log\\-odds" in one.body for one in asked)


def test_what_was_taken_down_since_the_release_is_not_asked(lake: str) -> None:
    desk = Desk(open_store(lake))
    [first, *_] = questions(desk, desk.newest(), 9, 5.0)
    take_down(desk.lake, "document", first.doc_id_a, by="us", at=AT, why="they asked")
    left = questions(desk, desk.newest(), 9, 5.0)
    assert first.doc_id_a not in {doc for one in left for doc in (one.doc_id_a, one.doc_id_b)}


def test_no_word_of_a_page_is_markup() -> None:
    hostile = "<img src=x onerror=`go`> [here](javascript:go)\n# **bold** | https://harrow.example {{ 1 }}"
    shown = _literal(hostile)
    assert "\n" not in shown
    assert re.findall(r"[!-/:-@\[-`{-~]", re.sub(r"\\.", "", shown)) == [], "each is escaped"
    assert re.sub(r"\\(.)", r"\1", shown) == " ".join(hostile.split())
