"""The whole way of a page, from the demo network to a release, against the network's truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest

from pipeline import steps
from tests.e2e.network import EVENING, Site, site

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, steps.Released]]:
    """The network after one run of its evening."""
    with site(tmp_path_factory.mktemp("run")) as network:
        yield network, network.run(EVENING)


def test_every_wire_story_is_one_story_and_no_two_are_merged(ran: tuple[Site, steps.Released]) -> None:
    stories = ran[0].stories_of()
    assert sum(kind == "wire" for kind, _ in stories) >= 30
    assert {key: ids for key, ids in stories.items() if len(ids) > 1} == {}
    owners = Counter(story for ids in stories.values() for story in ids)
    assert {story for story, n in owners.items() if n > 1} == set()


def test_the_digest_is_a_story_of_its_own(ran: tuple[Site, steps.Released]) -> None:
    (digest,) = (ids for (kind, _), ids in ran[0].stories_of().items() if kind == "digest")
    copies = [row for row in ran[0].rows("republications") if row["story_id"] in digest]
    assert len(copies) == 1


def test_every_page_ends_where_the_truth_says(ran: tuple[Site, steps.Released]) -> None:
    network, released = ran
    pages = network.truth()
    published = {row["url_normalised"] for row in network.rows("republications")}
    assert published == {url for url, page in pages.items() if page.expect == "published"}
    reasons = Counter(row["reason"] for row in network.rows("quarantine"))
    assert reasons == {
        "truncated": 5,
        "too_large": 1,
        "charset": 1,
        "impossible_date": 1,
        "too_short": 1,
    }
    assert released.pages.conserved
    assert released.pages.fetched == len(published) + reasons.total() + released.pages.skipped


def test_a_site_that_is_down_is_one_row_with_its_reason(ran: tuple[Site, steps.Released]) -> None:
    states = {row["outlet_id"]: row for row in ran[0].rows("runs")}
    assert states["ravennafallsrecord"]["state"] == "down"
    assert "500" in states["ravennafallsrecord"]["reason"]
    assert states["juniperflatscourier"]["state"] == "forbidden"
    assert states["valeobserver"]["skipped"] == 5
    assert states["kvlt"]["state"] == "ok"


def test_runs_and_outlets_tell_why_pages_were_not_used_and_how_slow_the_sites_were(
    ran: tuple[Site, steps.Released],
) -> None:
    runs = {row["outlet_id"]: row for row in ran[0].rows("runs")}
    outlets = {row["outlet_id"]: row for row in ran[0].rows("outlets")}
    assert runs.keys() == outlets.keys()
    for name, row in runs.items():
        told = outlets[name]
        assert sum(one["pages"] for one in row["unused"]) == row["quarantined"] + row["skipped"]
        assert sum(one["pages"] for one in told["quarantined_by_reason"]) == told["quarantined"]
        assert (told["state"], told["state_reason"]) == (row["state"], row["reason"])
        assert told["asked_at"] == EVENING
        assert 0 <= told["latency_median_ms"] <= told["latency_slowest_ms"] == row["latency_slowest_ms"]
    assert runs["valeobserver"]["unused"] == [{"reason": "robots", "pages": 5}]
    assert outlets["dryforksentinel"]["quarantined_by_reason"] == [{"reason": "truncated", "pages": 5}]


def test_credits_are_those_of_the_network_with_the_words_that_prove_them(
    ran: tuple[Site, steps.Released],
) -> None:
    network = ran[0]
    pages = network.truth()
    wrong = [
        (row["url"], row["wire_service"], page.service)
        for row in network.rows("republications")
        if (page := pages[row["url_normalised"]]).kind in ("wire", "local")
        and row["wire_service"] not in ((page.service,) if page.marks else (page.service, None))
    ]
    assert len(wrong) <= 3, wrong
    for row in network.rows("republications"):
        assert bool(row["wire_evidence"]) == (row["wire_service"] is not None)
        for evidence in row["wire_evidence"]:
            if evidence["where"] in ("body", "byline"):
                assert row[evidence["where"]][evidence["start"] : evidence["end"]] == evidence["quote"]


def test_the_canonical_text_carries_no_local_insert(ran: tuple[Site, steps.Released]) -> None:
    network = ran[0]
    pages = network.truth()
    rows = {row["doc_id"]: row for row in network.rows("republications")}
    wires = [
        pages[rows[story["canonical_doc_id"]]["url_normalised"]]
        for story in network.rows("stories")
        if story["n_outlets"] > 2
    ]
    assert len(wires) >= 30
    poor = [page for page in wires if {"local_top", "local_middle", "teaser"} & set(page.treatments)]
    assert poor == []


def test_a_second_run_asks_for_next_to_nothing_and_changes_no_story(
    ran: tuple[Site, steps.Released],
) -> None:
    network, first = ran
    before, stories = network.server.counts(), network.rows("stories")
    second = network.run(EVENING + timedelta(hours=1))
    asked = network.server.counts() - before
    assert second.changed_stories == 0
    assert network.rows("stories") == stories
    assert sum(n for (_, status), n in asked.items() if status == 200) < 0.1 * first.pages.fetched
    assert sum(n for (_, status), n in asked.items() if status == 304) > 30
