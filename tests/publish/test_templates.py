"""An outlet's new template is noticed when its newest pages lack the chrome that those before them had."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from pipeline import schema
from pipeline.publish import checks
from pipeline.publish.templates import changed_outlets
from tests.publish.sample import FIRST, PARAMS, table
from tests.publish.test_checks import candidate

START = datetime(2031, 4, 7, 6, tzinfo=UTC)


def hour(number: int) -> datetime:
    return START + timedelta(hours=number)


def pages(per_hour: list[int], outlet: str = "harbor-post") -> list[dict[str, object]]:
    """So many pages of the outlet in each hour."""
    return [
        {"outlet_id": outlet, "doc_id": f"d-{outlet}-{at}-{n}", "first_seen_at": hour(at)}
        for at, count in enumerate(per_hour)
        for n in range(count)
    ]


def line(name: str, holders: int, first: int, last: int, outlet: str = "harbor-post") -> dict[str, object]:
    times = {"first_seen_at": hour(first), "last_seen_at": hour(last)}
    return {"outlet_id": outlet, "line_hash": name, "pages": holders} | times


def changed(lines: list[dict[str, object]], copies: list[dict[str, object]]) -> list[str]:
    return changed_outlets(table(schema.BOILERPLATE, lines), table(schema.REPUBLICATIONS, copies), PARAMS)


OLD = [line(f"old-{n}", 20, 0, 3) for n in range(6)]


@pytest.mark.parametrize(
    ("why", "per_hour", "lines", "expected"),
    [
        ("all lines are gone from the newest five", [5, 5, 5, 5, 5], OLD, ["harbor-post"]),
        ("new lines do not stand in for them", [5] * 5, [*OLD, line("new", 5, 4, 4)], ["harbor-post"]),
        ("one line of seven is left", [5] * 5, [*OLD, line("kept", 25, 0, 4)], ["harbor-post"]),
        ("two of eight are left", [5] * 5, [*OLD, line("a", 25, 0, 4), line("b", 25, 0, 4)], []),
        ("the lines stand on the newest", [5, 5, 5, 5], OLD, []),
        ("four new pages prove nothing", [5, 5, 5, 5, 4], OLD, []),
        ("neither do four old ones", [0, 0, 0, 4, 5], [line("old", 4, 3, 3)], []),
        ("the newest pages came in two hours", [5, 5, 5, 5, 2, 3], OLD, ["harbor-post"]),
        ("it was told before", [5, 5, 5, 5, 5, 5], OLD, []),
        ("few pages had the line", [5] * 5, [line("rare", 9, 0, 3)], []),
        ("it is usual for its time", [50, 5, 5, 5, 5], [line("late", 10, 2, 3)], ["harbor-post"]),
        ("all pages came at once", [30], [line("old", 15, 0, 0)], []),
        ("nothing was learned", [5, 5, 5], [], []),
    ],
)
def test_a_new_template_is_noticed(
    why: str, per_hour: list[int], lines: list[dict[str, object]], expected: list[str]
) -> None:
    assert changed(lines, pages(per_hour)) == expected, why


def test_outlets_are_told_apart_and_named_in_order() -> None:
    lines = [line("old", 10, 0, 1, outlet) for outlet in ("valley-news", "channel-40", "harbor-post", "gone")]
    copies = pages([5, 5, 5], "valley-news") + pages([5, 5, 5], "channel-40") + pages([5, 5], "harbor-post")
    assert changed(lines, copies) == ["channel-40", "valley-news"]


def test_the_check_warns_and_names_them() -> None:
    tables = candidate(FIRST)
    none = pa.array([None], pa.date32())
    chrome = table(schema.BOILERPLATE, [line("old", 10, 0, 1)]).append_column("seen_day", none)
    copies = table(schema.REPUBLICATIONS, pages([5, 5, 5]))
    copies = copies.append_column("seen_day", pa.nulls(copies.num_rows, pa.date32()))
    columns = {name: [*checks.COLUMNS[name], "seen_day"] for name in ("boilerplate", "republications")}
    tables |= {"boilerplate": chrome.select(columns["boilerplate"])}
    tables |= {"republications": copies.select(columns["republications"])}
    rows = checks.run_checks(tables, FIRST.counts, run=FIRST.run, params=PARAMS).table.to_pylist()
    [row] = [row for row in rows if row["check"] == "template_changed"]
    assert (row["level"], row["ok"], row["value"]) == ("warn", False, 1.0)
    assert row["detail"] == "harbor-post"
