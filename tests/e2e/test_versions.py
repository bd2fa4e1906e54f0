"""Versions, edits and pickups of the demo network, read four times on its day, against its truth."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from infra.demo.truth import Truth, truth
from pipeline.publish.release import read_table
from pipeline.schema import TABLES
from pipeline.urls import normalise_url
from tests.e2e.network import EVENING, Site, site

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "versions.md"
HOURS = (11, 15, 18, 20)
Row = dict[str, Any]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The network after runs at these hours of its day."""
    with site(tmp_path_factory.mktemp("day")) as network:
        for hour in HOURS:
            network.run(EVENING.replace(hour=hour))
        yield network


@pytest.fixture(scope="module")
def copies(day: Site) -> list[tuple[Row, Truth]]:
    """The copies of wires, each with what was true of its page when it was first seen."""
    network = day.server.service.network
    pages = {
        hour: {normalise_url(page.url): page for page in truth(network, EVENING.replace(hour=hour))}
        for hour in HOURS
    }
    found = [
        (row, pages[row["first_seen_at"].hour][row["url_normalised"]]) for row in day.rows("republications")
    ]
    return [(row, page) for row, page in found if page.kind == "wire"]


def test_copies_are_of_the_version_that_they_show(copies: list[tuple[Row, Truth]]) -> None:
    """All 236 are, measured."""
    right = sum(row["version_no"] == page.version for row, page in copies)
    assert len(copies) > 200
    assert right / len(copies) >= 0.98


def test_versions_have_their_kinds(day: Site, copies: list[tuple[Row, Truth]]) -> None:
    story_of = {page.story: row["story_id"] for row, page in copies}
    told = {(row["story_id"], row["version_no"]): row["kind"] for row in day.rows("versions")}
    kinds = {"first": "initial"}
    wires = {copy.story.key: copy.story for copy in day.server.service.network.copies if copy.kind == "wire"}
    for key, story in wires.items():
        for number, version in enumerate(story.versions, 1):
            assert told[story_of[key], number] == kinds.get(version.kind, version.kind)
    assert len(told) - len(wires) == sum(len(story.versions) - 1 for story in wires.values()) + len(
        {row["story_id"] for row in day.rows("stories")} - set(story_of.values())
    )


def test_who_still_shows_what_was_corrected(day: Site, copies: list[tuple[Row, Truth]]) -> None:
    behind = {
        row["outlet_id"]
        for row, page in copies
        if "uncorrected" in page.treatments and "follows" not in page.treatments
    }
    shown = {
        row["outlet_id"]
        for row, _ in copies
        if row["outdated_by"] == "correction" and row["replaced_at"] is None
    }
    assert shown == behind
    killed = {
        row["outlet_id"] for row, _ in copies if row["outdated_by"] == "kill" and row["replaced_at"] is None
    }
    assert len(killed) >= 4
    assert {row["pub_status"] for row in day.rows("stories") if row["story_id"] in _killed(copies)} == {
        "canceled"
    }


def _killed(copies: list[tuple[Row, Truth]]) -> set[str]:
    return {row["story_id"] for row, page in copies if page.story == "afp-vaccine-claim"}


def test_cuts_and_local_paragraphs_are_found(day: Site, copies: list[tuple[Row, Truth]]) -> None:
    inserts = set(day.server.service.network.inserts.paragraphs)
    for row, page in copies:
        local = {"local_top", "local_middle"} & set(page.treatments)
        assert ("teaser" in page.treatments) == (row["relation"] in ("truncated", "excerpt"))
        assert bool(local) == bool(row["paragraphs_added"])
        assert len(row["paragraphs_added"]) == row["n_paragraphs_added"]
        if (
            local
            and "full" not in page.treatments
            and not {"straight_quotes", "double_hyphen"} & set(page.treatments)
        ):
            assert set(row["paragraphs_added"]) <= inserts
    local = [row["local_insert"] for row, _ in copies if row["paragraphs_added"]]
    assert sum(local) / len(local) > 0.9


def test_pickups_add_up(day: Site) -> None:
    pickups, stories = day.rows("pickups"), day.rows("stories")
    by_story: dict[str, list[Row]] = {}
    for row in pickups:
        by_story.setdefault(row["story_id"], []).append(row)
    for story in stories:
        own = by_story[story["story_id"]]
        assert len(own) == story["n_outlets"]
        assert sorted(row["pickup_rank"] for row in own) == list(range(1, len(own) + 1))
        assert min(row["lag_minutes"] for row in own) == 0
        assert sum(row["n_republications"] for row in own) == story["n_republications"]


def test_the_answers_in_the_docs_are_those_of_this_lake(day: Site) -> None:
    connection = duckdb.connect()
    connection.execute("set time zone 'UTC'")
    for table in TABLES:
        connection.register(table.name, read_table(day.lake(), table.name))
    for sql, answer in re.findall(r"```sql\n(.*?)```\n\n```\n(.*?)```", PAGE.read_text(), re.DOTALL):
        assert printed(connection, sql) == answer


def printed(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    """An answer as columns of text: numbers to the right, times as hours and minutes, nulls empty."""
    found = connection.execute(sql)
    names = [column[0] for column in found.description or ()]
    rows = [names, *([_cell(value) for value in row] for row in found.fetchall())]
    columns = list(zip(*rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    right = [all(re.fullmatch(r"[\d.]*", cell) for cell in column[1:]) for column in columns]
    lines = [
        "  ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%H:%M}"
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
