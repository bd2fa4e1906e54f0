"""What the desk reads of a release: the right rows, and no more of the lake than they need."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.desk import outlets, queue, releases, stories, story
from pipeline.desk.shelf import Desk, Shelf
from pipeline.errors import BadInput
from pipeline.publish.release import read_table
from pipeline.publish.verdict import Checked
from tests.desk.lakes import DAYS, HOSTILE, Watched, day_of
from tests.publish import sample


def listed(desk: Desk, offset: int = 0, limit: int = 50, **asked: Any) -> dict[str, Any]:
    return stories.search(desk, desk.newest(), stories.Asked(**asked), offset, limit)


def ids(page: dict[str, Any]) -> list[str]:
    return [row["story_id"] for row in page["rows"]]


def watched(desk: Desk) -> Watched:
    assert isinstance(desk.lake, Watched)
    return desk.lake


def test_the_newest_day_comes_first_and_the_widest_story_of_it(days: Desk) -> None:
    page = listed(days)
    assert ids(page) == [f"s-{day}-{letter}" for day in reversed(range(DAYS)) for letter in "bac"]
    assert (page["total"], page["more"]) == (3 * DAYS, False)
    assert page["rows"][0]["seen_day"] == day_of(DAYS - 1)


def test_the_first_page_reads_the_newest_day_alone_and_only_once(days: Desk) -> None:
    page = listed(days, limit=2)
    assert (ids(page), page["more"], page["total"]) == (["s-4-b", "s-4-a"], True, 3 * DAYS)
    assert watched(days).tables_read() == {f"stories {day_of(4)}"}
    listed(days, limit=2)
    assert watched(days).tables_read() == set()


def test_a_page_further_on_skips_the_days_before_it_unread(days: Desk) -> None:
    assert ids(listed(days, offset=7, limit=2)) == ["s-2-a", "s-2-c"]
    assert watched(days).tables_read() == {f"stories {day_of(2)}", f"stories {day_of(1)}"}


def test_pages_are_the_whole_list_cut(days: Desk) -> None:
    whole = ids(listed(days, text="about"))
    cut = [ids(listed(days, offset=at, limit=4, text="about")) for at in range(0, len(whole) + 4, 4)]
    assert [story_id for page in cut for story_id in page] == whole
    assert len(whole) == 3 * DAYS - 1  # the hostile headline is about nothing


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"text": "ABOUT 3-b"}, ["s-3-b"]),
        ({"text": "onerror <IMG"}, ["s-4-c"]),
        ({"text": ".*"}, []),
        ({"outlet": "channel-40", "day": day_of(1)}, ["s-1-b", "s-1-c"]),
        ({"at_least": 2}, [f"s-{day}-b" for day in reversed(range(DAYS))]),
        ({"day": day_of(0), "status": "usable"}, []),
        ({"wire": "none", "day": day_of(2)}, ["s-2-b", "s-2-a", "s-2-c"]),
        ({"wire": "Northline"}, []),
        ({"outlet": "nobody"}, []),
    ],
)
def test_filters(days: Desk, asked: dict[str, Any], found: list[str]) -> None:
    page = listed(days, **asked)
    assert ids(page) == found
    assert page["total"] is None


def test_filters_on_wire_status_and_corrections(full: Desk) -> None:
    assert [row["wire_service"] for row in listed(full, wire="AP")["rows"]] == ["AP"]
    assert [row["headline"] for row in listed(full, wire="none")["rows"]] == ["Leak found"]
    assert [row["pub_status"] for row in listed(full, status="canceled")["rows"]] == ["canceled"]
    assert [row["headline"] for row in listed(full, status="corrected")["rows"]] == [
        "Barn mirror will see first light"
    ]
    offered = stories.choices(full, full.newest())
    assert offered["wires"] == ["AP", "CNN", "Reuters", "none"]
    assert {one["outlet_id"] for one in offered["outlets"]} >= {"kmrx.example", "ktbl.example"}


def test_a_story_has_what_the_tables_have_of_it(full: Desk) -> None:
    (mirror,) = listed(full, text="mirror")["rows"]
    told = story.story(full, full.newest(), mirror["story_id"])
    for part, table in {"copies": "republications", "edges": "edges", "versions": "versions"}.items():
        rows = read_table(full.lake, table).to_pylist()
        own = [row for row in rows if row["story_id"] == mirror["story_id"]]
        assert told[part] == [{name: row[name] for name in told[part][0]} for row in own]
    assert [row["pickup_rank"] for row in told["pickups"]] == [1, 2, 3]
    assert {"rule": "ap-dateline", "where": "body", "quote": "DRUMLIN HEIGHTS, Ore. (AP) —", "copies": 3} in [
        *told["evidence"]
    ]


def test_a_story_reads_only_its_day(days: Desk) -> None:
    told = story.story(days, days.newest(), "s-2-b")
    assert told["n_copies"] == 3
    assert {name.split()[1] for name in watched(days).tables_read()} == {str(day_of(2))}


def test_an_id_that_was_merged_away_leads_on(tmp_path: Any) -> None:
    world = sample.World((sample.FERRY,))
    given = sample.tables(world)
    gone = {"story_id": "s-boat", "current_story_id": "s-ferry", "state": "merged"}
    registry = given["registry"][sample.MONDAY]
    filler = registry.to_pylist()[0]
    given["registry"][sample.MONDAY] = type(registry).from_pylist([filler | gone, filler], registry.schema)
    lake = Watched(str(tmp_path / "merged"))
    sample.publish(lake, world, "r1", given, check=lambda _: Checked.of([]))
    told = story.story(Desk(lake), Desk(lake).newest(), "s-boat")
    assert (told["asked_for"], told["story"]["story_id"]) == ("s-boat", "s-ferry")


@pytest.mark.parametrize("story_id", ["s-none", "", "zzz", "s-2-b "])
def test_no_such_story(days: Desk, story_id: str) -> None:
    with pytest.raises(BadInput, match="no such story in release r1"):
        story.story(days, days.newest(), story_id)


def kinds(paragraphs: list[dict[str, Any]]) -> list[str]:
    return [row["kind"] for row in paragraphs]


def test_a_copy_shows_what_it_left_out_and_added(full: Desk) -> None:
    (ferry,) = listed(full, text="ferry")["rows"]
    told = story.story(full, full.newest(), ferry["story_id"])
    by_outlet = {copy["outlet_id"]: copy for copy in told["copies"]}
    for outlet, kind, column in (
        ("kolm.example", "only_a", "n_paragraphs_omitted"),
        ("harrowdaily.example", "only_b", "n_paragraphs_added"),
    ):
        shown = story.copy_of(full, full.newest(), ferry["story_id"], by_outlet[outlet]["doc_id"])
        assert kinds(shown["paragraphs"]).count(kind) == by_outlet[outlet][column] == 2
        asides = [row["a"][0]["text"] for row in shown["paragraphs"] if row["kind"] == story.ASIDE]
        assert [text[:5] for text in asides] == ["Tides"], "the chrome of the outlet it is held against"
    with pytest.raises(BadInput, match="no such copy"):
        story.copy_of(full, full.newest(), ferry["story_id"], "d_nowhere")


def test_a_version_shows_its_words_against_the_one_before(full: Desk) -> None:
    (mirror,) = listed(full, text="mirror")["rows"]
    second = story.version_of(full, full.newest(), mirror["story_id"], 2)
    assert (second["before"], second["version"]["kind"]) == (1, "correction")
    (added,) = [row for row in second["paragraphs"] if row["kind"] == "only_b"]
    assert added["b"][0]["text"].startswith("Correction: An earlier version")
    first = story.version_of(full, full.newest(), mirror["story_id"], 1)
    assert set(kinds(first["paragraphs"])) == {"both"}
    with pytest.raises(BadInput, match="has no version 3"):
        story.version_of(full, full.newest(), mirror["story_id"], 3)


def test_a_kill_whose_text_is_elsewhere_has_no_difference(
    days: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = story._texts
    monkeypatch.setattr(
        story, "_texts", lambda *given: {k: v for k, v in texts(*given).items() if "0" not in k}
    )
    assert story.version_of(days, days.newest(), "s-2-b", 1)["paragraphs"] is None


def test_changed_words_of_a_paragraph() -> None:
    (row,) = story.paragraphs("It is about two meters wide here.", "It is about three meters wide here.")
    assert row["kind"] == "changed"
    assert [part["text"] for part in row["a"] if not part["shared"]] == ["two"]
    assert [part["text"] for part in row["b"] if not part["shared"]] == ["three"]


def test_outlets_tell_their_last_runs_and_silence(full: Desk) -> None:
    told = outlets.outlets(full, full.newest())
    by_id = {row["outlet_id"]: row for row in told["rows"]}
    assert by_id["kmrx.example"]["hours_silent"] == 0
    assert [run["state"] for run in by_id["kmrx.example"]["runs"]] == ["ok"]
    assert by_id["kmrx.example"]["duplicate_share"] == 1


def test_releases(full: Desk) -> None:
    (row,) = releases.releases(full)["rows"]
    assert (row["current"], row["stories"], row["republications"]) == (True, 4, 11)
    told = releases.release(full, full.newest())
    assert told["counts"]["published"] == 11
    assert told["quarantine"] == [("too_short", 1)]
    assert {check["check"] for check in told["checks"]} >= {"bodies_empty"}
    assert sum(run["published"] for run in told["runs"]) == 11


def test_the_queue_has_unsure_pairs_of_the_scorecard_the_least_sure_first(full: Desk) -> None:
    waiting = queue.queue(full, full.newest(), queue.WIDEST)["rows"]
    edges = read_table(full.lake, "edges").to_pylist()
    expected = {e["doc_id_a"] for e in edges if e["score"] is not None and abs(e["score"]) <= queue.WIDEST}
    assert {row["doc_id_a"] for row in waiting} == expected
    scores = [abs(row["score"]) for row in waiting]
    assert scores == sorted(scores)
    for row in waiting:
        pair = queue.pair(full, full.newest(), row["doc_id_b"], row["doc_id_a"], row["seen_day"])
        assert (pair["a"]["doc_id"], pair["edge"]["score"]) == (row["doc_id_a"], row["score"])
        assert pair["judgement"] is None


def test_a_pair_across_days_is_found(days: Desk) -> None:
    pair = queue.pair(days, days.newest(), "d-4-a-0", "d-0-c-0", day_of(2))
    assert (pair["a"]["seen_day"], pair["b"]["seen_day"]) == (day_of(0), day_of(4))
    assert pair["edge"] is None
    with pytest.raises(BadInput, match="d-nobody: no such doc_id"):
        queue.pair(days, days.newest(), "d-4-a-0", "d-nobody", None)


def test_a_shelf_forgets_what_was_not_asked_for_the_longest(days: Desk) -> None:
    files = days.newest().tables["stories"].files
    small = Shelf(limit=1)
    drawn = []

    def draw(number: int) -> Any:
        drawn.append(number)
        return read_table(days.lake, "stories", days={files[number].seen_day})

    for number in (0, 0, 1, 1, 0):
        small.get(files[number], "all", lambda number=number: draw(number))
    assert drawn == [0, 1, 0]
    assert small.bytes == draw(0).nbytes + 1024


def test_without_a_release_it_says_so(tmp_path: Any) -> None:
    with pytest.raises(BadInput, match="no release in this lake yet"):
        Desk(Watched(str(tmp_path))).newest()


def test_a_headline_of_markup_is_a_text_like_any_other(days: Desk) -> None:
    assert listed(days, text="img")["rows"][0]["headline"] == HOSTILE
