"""Lakes for the desk: one with everything in it, and one of many days whose reading can be watched."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from pipeline.lake.folder import FolderStore
from tests.publish import sample

DAYS = 5
LONG = "About \u202e\x00 javascript:alert(1) " * 50_000
HOSTILE = '<img src=x onerror="fetch(`/steal`)">'


@dataclass
class Watched(FolderStore):
    """A folder that remembers which data files were opened."""

    url: str
    opened: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(self.url)

    def open(self, key: str) -> BinaryIO:
        self.opened.append(key)
        return super().open(key)

    def tables_read(self) -> set[str]:
        """Table and day of what was opened since it was last asked."""
        read = {f"{key.split('/')[1]} {key.split('seen_day=')[1][:10]}" for key in self.opened if "=2" in key}
        self.opened.clear()
        return read


def many_days(folder: Path) -> Path:
    """DAYS days, each with three stories; of one the headline is markup."""
    stories = tuple(
        sample.Story(f"s-{day}-{letter}", sample.MONDAY + timedelta(day), copies)
        for day in range(DAYS)
        for letter, copies in {
            "a": (sample.Copy("harbor-post", f"The lock at Ansel shut for day {day}."),),
            "b": tuple(
                sample.Copy(outlet, f"Rain fell on the fair.\nThe band played on at stand {day}.")
                for outlet in sample.OWNERS
            ),
            "c": (sample.Copy("channel-40", f"A goat sat on the town hall steps, time {day}."),),
        }.items()
    )
    world = sample.World(stories)
    given = sample.tables(world)
    newest = max(story.day for story in stories)
    given["stories"][newest] = changed(
        given["stories"][newest], "headline", {"s-4-c": HOSTILE, "s-4-a": LONG}
    )
    sample.publish(FolderStore(str(folder)), world, "r1", given)
    return folder


def changed(rows: Any, column: str, values: dict[str, Any]) -> Any:
    """The rows with other values in a column, by story_id."""
    told = [
        row | ({column: values[row["story_id"]]} if row["story_id"] in values else {})
        for row in rows.to_pylist()
    ]
    return type(rows).from_pylist(told, rows.schema)


def day_of(number: int) -> date:
    return sample.MONDAY + timedelta(number)
