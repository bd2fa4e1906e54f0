"""A store whose list of keys lacks the newest one: nothing is released without it, and the rerun is whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pipeline import steps
from pipeline.errors import Failed
from pipeline.lake.folder import FolderStore
from pipeline.lake.store import Stored
from pipeline.publish.reader import read_table
from tests.matching.desk import REGISTERED, Desk, pages_of

# prefixes that a release lists
LISTED = ("pages/", "fetches/", "sites/", "quarantine/", "order/", "ledger/", "judgements/", "takedowns/")


class Stale(FolderStore):
    """Lists all keys but the last under a prefix."""

    prefix = ""

    def list(self, prefix: str) -> Iterator[Stored]:
        found = sorted(super().list(prefix), key=lambda stored: stored.key)
        return iter(found[:-1] if prefix.startswith(self.prefix) else found)


def published(desk: Desk) -> set[str]:
    return set(read_table(desk.lake, "republications", columns=["doc_id"])["doc_id"].to_pylist())


@pytest.mark.parametrize("prefix", LISTED)
def test_a_stale_list_loses_nothing(tmp_path: Path, prefix: str) -> None:
    desk, pages = Desk(tmp_path), pages_of(3, 4)
    desk.take(pages[:6], 0, answers={"https://harrow.example/gone": 404})
    desk.publish()
    before = published(desk)
    desk.take(pages[6:], 24)
    everything = {page.doc_id for page in pages}
    lake = Stale(desk.lake.url)
    lake.prefix = prefix
    with suppress(Failed):
        steps.publish(lake, desk.runs[-1], desk.config, REGISTERED)
        assert published(desk) == everything
    assert published(desk) in (before, everything)
    desk.publish()
    assert published(desk) == everything
    assert read_table(desk.lake, "quarantine").num_rows == 1
