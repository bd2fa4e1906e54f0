"""Chrome is learned in a run, published, and left out of every comparison; bodies and evidence keep it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import inspect, intake, steps
from pipeline.config import Config
from pipeline.lake.locate import open_store
from pipeline.lake.store import Store
from pipeline.model import Run
from pipeline.publish.release import read_table
from tests.match.texts import prose

RUN = Run.of("20310407T180000Z")
NOTICE = "The Harrow Point letter brings the tide table, the ferry news and the price of herring at six."
# a report that opens with the same line each week, its credit in it
CREDIT = "HARROW POINT, Ore. (AP) — The harbor office has its weekly figures out, and these are the latest."
STORY = [f"{prose(n, 40).capitalize()}." for n in range(5)]


def page(outlet: str, path: str, paragraphs: list[str]) -> str:
    text = "".join(f"<p>{paragraph}</p>\n" for paragraph in paragraphs)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Report {path}</title>'
        f'<link rel="canonical" href="https://{outlet}/{path}"></head>'
        f"<body><main><article><h1>Report {path}</h1>\n{text}</article></main></body></html>"
    )


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Four articles of harrow.example under its notice and one credit, the last one a copy of osprey's."""
    folder = tmp_path_factory.mktemp("chrome")
    texts = {f"harrow-{n}": [f"{prose(20 * n + k, 45).capitalize()}." for k in range(4)] for n in range(1, 4)}
    for name, paragraphs in {**texts, "harrow-4": STORY}.items():
        whole = [CREDIT, paragraphs[0], NOTICE, *paragraphs[1:]]
        (folder / f"{name}.html").write_text(page("harrow.example", name, whole))
    (folder / "osprey.html").write_text(page("osprey.example", "osprey", STORY))
    found = open_store(str(folder / "lake"))
    fold(found, RUN, sorted(folder.glob("*.html")))
    return found


def fold(lake: Store, run: Run, pages: list[Path]) -> None:
    config = Config.for_files(lake.url, ())
    intake.take_in(lake, run, config, pages)
    steps.match(lake, run, config)
    steps.story(lake, run, config)
    steps.publish(lake, run, config, ())


def copies(lake: Store) -> dict[str, dict[str, object]]:
    return {row["url"].rpartition("/")[2]: row for row in read_table(lake, "republications").to_pylist()}


def test_chrome_is_published_with_its_text_and_counts(lake: Store) -> None:
    rows = {row["block"]: row for row in read_table(lake, "boilerplate").to_pylist()}
    assert set(rows) == {NOTICE, CREDIT}
    for row in rows.values():
        assert row["outlet_id"] == "harrow.example"
        assert (row["articles"], row["pages"], row["share"]) == (4, 4, 1.0)
        assert row["first_seen_at"] == row["last_seen_at"] == RUN.now


def test_bodies_and_evidence_keep_every_line(lake: Store) -> None:
    found = [row for name, row in copies(lake).items() if name.startswith("harrow")]
    assert len(found) == 4
    for row in found:
        body = str(row["body"])
        assert NOTICE in body.split("\n")
        assert CREDIT in body.split("\n")
        [evidence] = row["wire_evidence"]  # type: ignore[misc]
        assert evidence["where"] == "body"
        assert body[evidence["start"] : evidence["end"]] == evidence["quote"]
        assert evidence["quote"] in CREDIT


def test_copies_are_compared_without_it_everywhere(lake: Store) -> None:
    found = copies(lake)
    ours, theirs = found["harrow-4"], found["osprey"]
    assert ours["body"] != theirs["body"]
    assert ours["story_id"] == theirs["story_id"]
    assert {ours["relation"], theirs["relation"]} == {"canonical", "exact"}
    told = inspect.explain(lake, str(ours["doc_id"]), str(theirs["doc_id"]))
    assert (told.decision, told.rule, told.jaccard) == ("accepted", "same_text", 1.0)
    assert read_table(lake, "edges")["rule"].to_pylist() == ["same_text"]


def test_a_rerun_writes_the_same_bytes(lake: Store) -> None:
    key = f"boilerplate/run={RUN.run_id}/all.parquet"
    before = lake.get(key)
    steps.match(lake, RUN, Config.for_files(lake.url, ()))
    assert lake.get(key) == before


def test_a_new_template_warns_by_name(tmp_path: Path) -> None:
    """Six pages an hour for three hours, the last hour's without the notice."""
    lake = open_store(str(tmp_path / "lake"))
    for hour in range(3):
        folder = tmp_path / str(hour)
        folder.mkdir()
        for n in range(6):
            text = [f"{prose(100 * hour + 10 * n + k, 45).capitalize()}." for k in range(4)]
            if hour < 2:
                text.insert(2, NOTICE)
            (folder / f"{hour}-{n}.html").write_text(page("harrow.example", f"{hour}-{n}", text))
        run = Run.at(RUN.now.replace(hour=18 + hour))
        fold(lake, run, sorted(folder.glob("*.html")))
        [row] = [r for r in read_table(lake, "checks").to_pylist() if r["check"] == "template_changed"]
        assert row["ok"] == (hour < 2)
    assert (row["value"], row["level"]) == (1.0, "warn")
    assert row["detail"] == "harrow.example"
