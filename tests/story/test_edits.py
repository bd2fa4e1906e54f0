"""What a copy left out, added and made of the headline, against its own version."""

from __future__ import annotations

import pytest

from tests.story.copies import Copy, column, prose

BODY = tuple(prose(n, 40) for n in range(6))
LOCAL = prose(30, 40)
UPDATE = (*BODY[:3], prose(20, 40), prose(21, 40), *BODY[3:])


def test_paragraphs_left_out_and_added_are_given_with_their_text() -> None:
    copies = [Copy(name, BODY) for name in "abc"] + [Copy("d", (*BODY[:2], LOCAL, BODY[2], *BODY[4:]))]
    assert column(copies, "paragraphs_omitted") == [[], [], [], [BODY[3]]]
    assert column(copies, "paragraphs_added") == [[], [], [], [LOCAL]]
    assert column(copies, "n_paragraphs_omitted")[3] == column(copies, "n_paragraphs_added")[3] == 1


def test_a_copy_is_held_against_its_own_version() -> None:
    copies = [Copy(name, BODY) for name in "abc"] + [Copy(name, UPDATE, 5) for name in "de"]
    assert column(copies, "relation") == ["older_version"] * 3 + ["canonical", "exact"]
    assert column(copies, "paragraphs_omitted") == [[]] * 5


def test_a_local_insert_is_what_no_other_owner_has() -> None:
    with_local = (*BODY, LOCAL)
    copies = [
        *(Copy(name, BODY) for name in "abc"),
        *(Copy(name, with_local, owner="Quill") for name in "de"),
    ]
    assert column(copies, "local_insert") == [False] * 3 + [True] * 2
    copies[4] = Copy("e", with_local, owner="Larkfield")
    assert column(copies, "local_insert") == [False] * 5


def test_a_subhead_too_short_for_shingles_is_seen() -> None:
    copies = [Copy(name, BODY) for name in "abc"] + [Copy("d", (BODY[0], "What comes next", *BODY[1:]))]
    assert column(copies, "paragraphs_added")[3] == ["What comes next"]


def test_a_paragraph_with_a_word_changed_is_neither_omitted_nor_added() -> None:
    words = BODY[2].split()
    copies = [Copy(name, BODY) for name in "abc"]
    copies.append(Copy("d", (*BODY[:2], " ".join([*words[:20], "eleven", *words[21:]]), *BODY[3:])))
    assert column(copies, "n_paragraphs_omitted") == column(copies, "n_paragraphs_added") == [0] * 4


def test_lines_that_break_elsewhere_are_no_edit() -> None:
    copies = [Copy(name, BODY) for name in "abc"] + [Copy("d", (" ".join(BODY),))]
    assert column(copies, "n_paragraphs_omitted") == column(copies, "n_paragraphs_added") == [0] * 4


@pytest.mark.parametrize(
    ("headline", "distance"),
    [
        ("Ferry to run again", 0.0),
        ("FERRY TO RUN, AGAIN", 0.0),
        ("Ferry to run", 0.25),
        ("Night ferry to run again", 0.2),
        ("Harbor frozen", 1.0),
        ("", 1.0),
    ],
)
def test_the_distance_of_headlines_counts_words(headline: str, distance: float) -> None:
    copies = [*(Copy(name, BODY) for name in "abc"), Copy("d", BODY, headline=headline)]
    assert column(copies, "headline_distance")[3] == pytest.approx(distance)
