"""Three days of the demo network: each truth is a row that says so, and batches change no story."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from pipeline import steps
from pipeline.audit import audit
from pipeline.lake.arrow import arrow_files
from pipeline.lake.store import Store
from pipeline.model import Run
from pipeline.publish.manifest import list_releases, read_manifest
from pipeline.query.views import connect
from tests.e2e import questions, three_days
from tests.e2e.network import Site, site
from tests.publish.references import broken_references

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "identity.md"


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with three_days.days(tmp_path_factory.mktemp("days")) as network:
        yield network


def test_each_truth_is_found_and_the_docs_show_it(days: Site) -> None:
    rows = three_days.table(days)
    assert [row.truth for row in rows if not row.holds] == []
    assert three_days.printed(rows) in PAGE.read_text()


def test_the_questions_have_the_answers_that_the_docs_show(days: Site) -> None:
    page = questions.PAGE.read_text()
    assert questions.answered(page, days.lake()) == page
    owners = [row["owner_group"] for row in days.rows("outlets")]
    assert (len(owners), len([*filter(None, owners)]), len({*owners} - {None})) == (20, 9, 2)
    assert "20 outlets, nine of them in two owner groups" in page


def test_redirects_lead_from_merged_ids_to_living_ones(days: Site) -> None:
    manifest = read_manifest(days.lake())
    assert manifest is not None
    with connect(manifest, arrow_files(days.lake().url)) as tables:
        led = dict(tables.execute("select old_story_id, story_id from story_redirects").fetchall())
    assert led.keys() == {row["story_id"] for row in days.rows("changes") if row["change"] == "merged_into"}
    assert len(led) == 2
    assert {*led.values()} <= {row["story_id"] for row in days.rows("stories")}


def test_who_did_not_follow_the_correction_shows_it_for_days(days: Site) -> None:
    hours = [
        row["hours_outdated"]
        for row in days.rows("republications")
        if row["outdated_by"] == "correction" and row["replaced_at"] is None
    ]
    assert len(hours) == 3
    assert max(hours) > 40  # it ends where the page was last found: feeds do not list it for ever


def test_a_rerun_of_a_run_in_the_middle_changes_no_byte(days: Site) -> None:
    before = _bytes(days.lake())
    run = Run.at(three_days.MOMENTS[4])
    steps.settle(days.lake(), run, days.config)
    steps.match(days.lake(), run, days.config)
    steps.story(days.lake(), run, days.config)
    assert _bytes(days.lake()) == before


def test_the_pages_of_all_days_at_once_make_the_same_stories(tmp_path: Path) -> None:
    """Two runs over three days against seven, without judgements: the same stories of what both saw."""
    found = []
    later = patch("infra.demo.server.build", three_days.three_days)
    for moments in (three_days.MOMENTS[3::4], three_days.MOMENTS[1:]):
        folder = tmp_path / str(len(moments))
        folder.mkdir()
        with later, site(folder) as network:
            for moment in moments:
                network.run(moment)
            found.append({row["doc_id"]: row["story_id"] for row in network.rows("republications")})
    few, many = found
    both = few.keys() & many.keys()
    assert len(both) > 250
    assert _partition(few, both) == _partition(many, both)


def _partition(stories: dict[str, str], docs: set[str]) -> set[frozenset[str]]:
    groups: defaultdict[str, set[str]] = defaultdict(set)
    for doc in docs:
        groups[stories[doc]].add(doc)
    return {frozenset(group) for group in groups.values()}


def _bytes(lake: Store) -> dict[str, bytes]:
    return {stored.key: lake.get(stored.key) for stored in lake.list("")}


def test_what_tables_refer_to_is_there(days: Site) -> None:
    assert broken_references(days.lake()) == {}


def test_the_last_release_stands_an_audit(days: Site) -> None:
    """All of it, by all checks, though most of it was carried over and checked by what changed."""
    found = audit(days.lake())
    assert (found.failed, found.release) == ([], list_releases(days.lake())[-1].release)
