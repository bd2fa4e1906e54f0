"""What changed between two releases, read from the files that differ."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.difference import difference
from pipeline.errors import BadInput
from pipeline.lake import ledger
from pipeline.lake.folder import FolderStore
from pipeline.segments import LEDGER
from tests.publish.sample import FERRY, FIRST, ORCHARD, SECOND, Copy, publish

WHOLE = ("stories", "republications", "versions", "pickups", "edges")


@pytest.fixture
def lake(tmp_path: Path) -> FolderStore:
    return FolderStore(str(tmp_path / "lake"))


def test_new_changed_gone_and_merged_stories(lake: FolderStore) -> None:
    publish(lake, FIRST, "rel-1")
    more = replace(FERRY, copies=(*FERRY.copies, Copy("channel-40", "The night ferry is full.", "r2")))
    publish(lake, replace(SECOND, stories=(more, *SECOND.stories[2:])), "rel-2", replaces=WHOLE)
    row = {
        "run_id": "r2",
        "seq": 0,
        "change": "merged_into",
        "story_id": ORCHARD.story_id,
        "other_story_id": "s-ferry",
    }
    ledger.append(lake, "r2", LEDGER.empty_table().from_pylist([row], LEDGER))
    found = difference(lake, "rel-1", "rel-2")
    assert [story.story_id for story in found.new] == ["s-bridge"]
    assert found.gone == ()
    assert [(story.story_id, story.into) for story in found.merged] == [("s-orchard", "s-ferry")]
    (changed,) = found.changed
    assert changed.story_id == "s-ferry"
    assert changed.columns["n_republications"] == (3, 4)
    assert "body" not in changed.columns
    assert (found.republications.new, found.republications.gone, found.republications.moved) == (2, 1, 0)
    assert found.rows["stories"] == (2, 2)
    back = difference(lake, "rel-2", "rel-1")
    assert [story.story_id for story in back.new] == ["s-orchard"]
    assert [story.story_id for story in back.gone] == ["s-bridge"]


def test_a_release_does_not_differ_from_itself_and_nothing_is_read(lake: FolderStore) -> None:
    publish(lake, FIRST, "rel-1")
    found = difference(lake, "rel-1", "rel-1")
    assert found.new == found.gone == found.merged == found.changed == ()
    assert found.files_read == 0


def test_an_unknown_release_is_bad_input(lake: FolderStore) -> None:
    publish(lake, FIRST, "rel-1")
    with pytest.raises(BadInput, match="no release 'rel-9'"):
        difference(lake, "rel-1", "rel-9")
