"""What was taken down or has expired is in no table any more, and the rows say so; all else stays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.errors import BadInput
from pipeline.lake import takedowns
from pipeline.params import Params
from pipeline.publish.manifest import list_releases, read_manifest
from pipeline.publish.reader import read_table
from pipeline.publish.retention import collect_garbage, rollback
from pipeline.publish.rights import CONTENT
from pipeline.takedown import take_down
from tests.drafting.test_onto import anew, published, written
from tests.match.texts import prose
from tests.matching.desk import START, Desk, Page


def local(n: int) -> str:
    """The paragraph of its own in a copy of story n."""
    return prose(500_000 + n, 50)


def copies(n: int, outlets: Iterable[str], own: str = "") -> list[Page]:
    """Copies of story n: the same text, and at `own` a paragraph more."""
    told = [prose(1_000 * n + k, 60) for k in range(4)]
    return [
        Page(f"d{n}-{outlet}", outlet, f"Headline {n}", "\n".join([*told, *([local(n)] * (outlet == own))]))
        for outlet in outlets
    ]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    for n in range(3):
        desk.take(copies(n, ("harrow", "tidewater", "bellmoor"), "harrow"), 24 * n)
    desk.publish()
    return desk


def ask(desk: Desk, kind: str, value: str) -> int:
    return take_down(desk.lake, kind, value, by="us", at=START, why="they asked")[1]


def rows(desk: Desk, name: str) -> dict[str, dict[str, Any]]:
    key = {"stories": "story_id", "republications": "doc_id"}[name]
    return {row[key]: row for row in read_table(desk.lake, name).to_pylist()}


def words_in(desk: Desk) -> str:
    """All words in all columns of all files that the newest release names, and of current/."""
    manifest = read_manifest(desk.lake)
    assert manifest is not None
    keys = [file.key for file in manifest.files] + [
        stored.key for stored in desk.lake.list("current/") if stored.key.endswith(".parquet")
    ]
    found = []
    for key in keys:
        with desk.lake.open(key) as file:
            found.append(repr(pq.read_table(file).to_pylist()))
    return "\n".join(found)


def test_a_page_that_is_taken_down_leaves_its_id_and_no_word(desk: Desk) -> None:
    before, stories = rows(desk, "republications"), rows(desk, "stories")
    own, url = local(0), "https://harrow.example/d0-harrow?utm_source=mail"
    assert own in words_in(desk)
    assert ask(desk, "url", url) == 1
    desk.take([], 72)
    desk.publish()
    assert own not in words_in(desk)
    after = rows(desk, "republications")
    taken = after["d0-harrow"]
    assert taken["takedown_id"] == takedowns.read(desk.lake)["takedown_id"][0].as_py()
    assert not any(taken[name] for name in CONTENT["republications"])
    kept = set(taken) - set(CONTENT["republications"]) - {"takedown_id"}
    assert {name: taken[name] for name in kept} == {name: before["d0-harrow"][name] for name in kept}
    assert {doc: row for doc, row in after.items() if doc != "d0-harrow"} == {
        doc: row for doc, row in before.items() if doc != "d0-harrow"
    }
    assert rows(desk, "stories") == stories


def test_the_canonical_copy_gives_way_and_a_whole_story_is_withheld(desk: Desk) -> None:
    stories = rows(desk, "stories")
    of_doc = {row["doc_id"]: row for row in rows(desk, "republications").values()}
    first, second = (of_doc[f"d{n}-harrow"]["story_id"] for n in (0, 1))
    chosen = stories[first]["canonical_doc_id"]
    assert (ask(desk, "document", chosen), ask(desk, "story", second)) == (1, 3)
    desk.take([], 72)
    desk.publish()
    now = rows(desk, "stories")
    assert now[first]["canonical_doc_id"] != chosen
    assert now[first]["body"] == stories[first]["body"]
    assert now[first]["pub_status"] == "usable"
    assert now[second]["pub_status"] == "withheld"
    assert not any(now[second][name] for name in CONTENT["stories"])
    assert now[second]["n_republications"] == 3
    assert prose(1_000, 60) not in words_in(desk)
    told = read_table(desk.lake, "changes").to_pylist()
    assert [(row["story_id"], row["after"]) for row in told if row["change"] == "status_changed"] == [
        (second, "withheld")
    ]


@pytest.mark.parametrize(
    ("kind", "page"),
    [
        ("story", copies(1, ["quarryside"])[0]),
        ("outlet", copies(7, ["bellmoor"])[0]),
        ("url", replace(copies(7, ["tidewater"])[0], path="d1-tidewater")),
    ],
)
def test_later_pages_are_covered_and_drawn_onto(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, page: Page
) -> None:
    story = next(
        row["story_id"] for row in rows(desk, "republications").values() if row["doc_id"] == "d1-harrow"
    )
    ask(desk, kind, {"story": story, "outlet": "bellmoor", "url": page.url}[kind])
    desk.take([], 72)
    release = desk.publish()
    assert len(written(release, "republications")) == (3 if kind == "outlet" else 1)
    desk.take([page, *copies(9, ["northgate"])], 96)
    release = desk.publish()
    assert rows(desk, "republications")[page.doc_id]["takedown_id"]
    assert page.body not in words_in(desk)
    assert published(release) == anew(desk, release, tmp_path / "anew", monkeypatch)
    assert len(written(release, "republications")) < len(release.tables["republications"].files)


def test_an_older_release_that_shows_it_is_not_gone_back_to_nor_kept(desk: Desk) -> None:
    old = desk.runs[-1].run_id
    ask(desk, "document", "d0-harrow")
    run = desk.take([], 72)
    desk.publish()
    with pytest.raises(BadInput, match="taken down since"):
        rollback(desk.lake, old)
    collect_garbage(desk.lake, run, keep_releases=9, keep_days=9)
    assert [manifest.release for manifest in list_releases(desk.lake)] == [run.run_id]
    named = {file.key for manifest in list_releases(desk.lake) for file in manifest.files}
    assert {stored.key for stored in desk.lake.list("tables/")} == named


def test_a_takedown_after_a_run_took_its_place_waits_for_the_next(desk: Desk) -> None:
    run = desk.take(copies(5, ["harrow"]), 72)
    ask(desk, "document", "d0-harrow")
    assert desk.publish().takedowns == 0
    assert rows(desk, "republications")["d0-harrow"]["body"]
    desk.take([], 96)
    assert desk.publish().takedowns == 1
    assert not rows(desk, "republications")["d0-harrow"]["body"]
    assert run.run_id in {manifest.release for manifest in list_releases(desk.lake)}


def test_what_is_asked_for_twice_or_is_not_there(desk: Desk) -> None:
    first, _ = take_down(desk.lake, "outlet", "harrow", by="us", at=START, why="they asked")
    again, covered = take_down(
        desk.lake, "outlet", "harrow", by="them", at=START + timedelta(1), why="why not"
    )
    assert (again["by"], covered) == (first["by"], 3)
    assert len(takedowns.read(desk.lake)) == 1
    with pytest.raises(BadInput, match="no such story"):
        ask(desk, "story", "s-nowhere")
    with pytest.raises(BadInput, match="expected a reason"):
        take_down(desk.lake, "outlet", "tidewater", by="us", at=START, why=" ")


def test_texts_expire_by_class_and_are_drawn_onto(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(tmp_path)
    params = Params(expire_days={"outlet": 3}, keep_quarantine_days=2)
    desk.config = replace(desk.config, params=params)
    gone = "https://harrow.example/gone"
    desk.take(copies(0, ("harrow", "tidewater")), 0, answers={gone: 404})
    desk.publish()
    for day in range(1, 5):
        desk.take(copies(day, ("harrow", "tidewater")), 24 * day)
        release = desk.publish()
        assert published(release) == anew(desk, release, tmp_path / f"anew-{day}", monkeypatch)
        texts = {doc: bool(row["body"]) for doc, row in rows(desk, "republications").items()}
        assert texts == {
            f"d{n}-{outlet}": n > day - 3 for n in range(day + 1) for outlet in ("harrow", "tidewater")
        }
        assert [row["url"] for row in read_table(desk.lake, "quarantine").to_pylist()] == [gone] * (day < 3)
    assert len(written(release, "republications")) == 2
    story = next(iter(rows(desk, "stories").values()))
    assert (story["usage_class"], story["expires_at"]) == ("outlet", START.replace(hour=0) + timedelta(3))
    assert story["headline"]


@pytest.mark.parametrize("params", [Params(publish_text=False), Params(keep_text_days=1)])
def test_tables_without_texts(tmp_path: Path, params: Params) -> None:
    desk = Desk(tmp_path)
    desk.config = replace(desk.config, params=params)
    desk.take(copies(0, ("harrow", "tidewater"), "harrow"), 0)
    desk.take(copies(1, ("harrow", "tidewater")), 48)
    desk.publish()
    texts = {doc: bool(row["body"]) for doc, row in rows(desk, "republications").items()}
    assert texts == {
        f"d{n}-{outlet}": n == 1 and params.publish_text for n in (0, 1) for outlet in ("harrow", "tidewater")
    }
    assert local(0) not in words_in(desk)
    assert all(row["headline"] for row in rows(desk, "stories").values())


def test_bad_params_are_named() -> None:
    with pytest.raises(ValueError, match="expire_days"):
        Params(expire_days={"licensed": 0})
    with pytest.raises(ValueError, match="keep_text_days"):
        Params(keep_text_days=-1)
