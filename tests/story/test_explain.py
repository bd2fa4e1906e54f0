"""Paragraphs are laid side by side as an editor would."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.story.explain import BOTH, CHANGED, ONLY_A, ONLY_B, Aligned, align, stretches

FERRY = "The last ferry of the night left Varnholm at ten with nobody aboard but its crew."
EDITED = "The last ferry of the night left Varnholm at eleven with nobody aboard but the crew."
LOCAL = "Harrow County has no ferry, and its commissioners said on Monday that it wants none."
BELL = "Its bell was sold."


def test_edited_and_local_paragraphs_are_told_apart() -> None:
    assert align(f"{FERRY}\n{BELL}", f"{LOCAL}\n{EDITED}\n{BELL}") == [
        Aligned(ONLY_B, None, LOCAL),
        Aligned(CHANGED, FERRY, EDITED),
        Aligned(BOTH, BELL, BELL),
    ]


def test_typography_is_no_edit() -> None:
    assert align("It's 1,200 feet", "It’s 1200 feet")[0].kind == BOTH


def test_edits_are_told_to_the_word() -> None:
    left, right = stretches(FERRY, EDITED)
    assert [part.text for part in left if not part.shared] == ["ten", "its"]
    assert [part.text for part in right if not part.shared] == ["eleven", "the"]
    assert " ".join(part.text for part in left) == FERRY


@given(st.lists(st.sampled_from([FERRY, EDITED, LOCAL, BELL])), st.lists(st.sampled_from([EDITED, BELL])))
def test_no_paragraph_is_lost_or_moved(a: list[str], b: list[str]) -> None:
    rows = align("\n".join(a), "\n".join(b))
    assert [row.a for row in rows if row.a is not None] == (a or [""])
    assert [row.b for row in rows if row.b is not None] == (b or [""])
    assert all(row.kind in (BOTH, CHANGED, ONLY_A, ONLY_B) for row in rows)
