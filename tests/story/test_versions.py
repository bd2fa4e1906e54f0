"""A version is what the wire sent: not what a desk cut, and not what it wrote itself."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pyarrow as pa

from infra.demo.content import Story, load_content
from infra.demo.treat import Treatment, compose
from pipeline.extract.notices import find_notices
from pipeline.match.words import read_words
from pipeline.segments import PAGES
from pipeline.story.confirmed import confirm
from pipeline.story.versions import find_versions, shown
from tests.story.copies import PARAMS, Copy, column, prose

BODY = tuple(prose(n, 40) for n in range(8))
CHANGED = (*BODY[:2], BODY[2].replace(BODY[2].split()[20], "eleven"), *BODY[3:])
LONGER = (*BODY[:4], prose(20, 30), prose(21, 30), *BODY[4:])
WIRE = [Copy(name, BODY, hour) for hour, name in enumerate("abc")]


def kinds(copies: list[Copy]) -> list[tuple[int, str]]:
    return list(zip(column(copies, "version_no"), column(copies, "version_kind"), strict=True))


def test_cuts_and_local_paragraphs_make_no_version() -> None:
    copies = [
        *WIRE,
        Copy("d", BODY[:2], 3),
        Copy("e", BODY[:2], 3),
        Copy("f", (*BODY[:3], prose(30, 50), *BODY[3:]), 4),
        Copy("g", (prose(31, 30), *BODY), 4),
        Copy("h", (*BODY[:5], *BODY[6:]), 4),
        Copy("i", CHANGED, 5),
    ]
    assert kinds(copies) == [(1, "initial")] * 9


def test_a_word_that_two_owners_carry_changed_makes_one() -> None:
    copies = [*WIRE, Copy("d", CHANGED, 5), Copy("e", (*CHANGED[:6], prose(32, 40)), 6)]
    assert kinds(copies)[3:] == [(2, "update")] * 2
    same_owner = [*copies[:3], *(replace(copy, owner="Quill Group") for copy in copies[3:])]
    assert kinds(same_owner) == [(1, "initial")] * 5


def test_paragraphs_that_two_owners_have_more_make_one_and_their_cut_is_of_it() -> None:
    copies = [*WIRE, Copy("d", LONGER, 5), Copy("e", LONGER, 6), Copy("f", LONGER[:6], 7)]
    assert [number for number, _ in kinds(copies)] == [1, 1, 1, 2, 2, 2]


def test_a_text_that_was_cut_to_what_versions_share_is_of_the_one_that_was_out() -> None:
    copies = [
        *WIRE,
        Copy("d", LONGER, 5),
        Copy("e", LONGER, 6),
        Copy("f", BODY[:2], 1),
        Copy("g", BODY[:2], 8),
    ]
    assert [number for number, _ in kinds(copies)][5:] == [1, 2]


def test_one_copy_with_the_wires_mark_makes_one() -> None:
    note = "Correction: An earlier version of this story misspelled the ferry’s name."
    assert kinds([*WIRE, Copy("d", (*BODY, note), 4, notices=("correction",))])[3] == (2, "correction")
    assert kinds([*WIRE, Copy("d", ("UPDATES with the name of the ferry.", *BODY), 4)])[3] == (2, "update")
    assert kinds([*WIRE, Copy("d", BODY, 4, "KILL: Ferry", notices=("kill",))])[3] == (2, "kill")
    after = [*WIRE, Copy("d", BODY, 4, notices=("kill",)), Copy("e", LONGER, 6), Copy("f", LONGER, 7)]
    assert [one for _, one in kinds(after)[3:]] == ["kill", "substitute", "substitute"]


def test_a_note_that_an_outlet_leaves_out_does_not_make_its_copy_an_older_one() -> None:
    note = "CORRECTION: An earlier version of this story misstated how many the ferry carried."
    corrected = [Copy(name, (note, *CHANGED), 5, notices=("correction",)) for name in "de"]
    assert kinds([*WIRE, *corrected, Copy("f", CHANGED, 6)])[3:] == [(2, "correction")] * 3


def test_a_page_that_changed_says_what_came_first_whatever_times_pages_state() -> None:
    copies = [Copy("a", BODY, 5), Copy("b", BODY, 6), Copy("a", LONGER, 7, after=0), Copy("c", LONGER, 1)]
    assert [number for number, _ in kinds(copies)] == [1, 1, 2, 2]


def test_the_texts_of_the_only_outlet_are_versions() -> None:
    assert [n for n, _ in kinds([Copy("a", BODY), Copy("a", CHANGED, 2, after=0)])] == [1, 2]


def test_the_order_of_the_copies_changes_nothing() -> None:
    copies = [
        *WIRE,
        Copy("d", LONGER, 5),
        Copy("e", LONGER, 6),
        Copy("f", BODY[:2], 1),
        Copy("g", CHANGED, 9),
    ]
    expected = dict(zip(copies, kinds(copies), strict=True))
    for seed in range(20):
        mixed = random.Random(seed).sample(copies, len(copies))
        assert dict(zip(mixed, kinds(mixed), strict=True)) == expected


def test_of_the_demo_network_copied_harder_than_there_nearly_all_versions_are_right() -> None:
    """Versioned wires with cuts, inserts and lost credits: of versions that two owners carry .99 measured."""
    content, rng = load_content(), random.Random(7)
    right = total = 0
    for _ in range(60):
        story = rng.choice([wire for wire in content.wires if len(wire.versions) > 1])
        numbers, owners, found = _copied(story, content.inserts.paragraphs, rng)
        carried = [number for number in sorted(set(numbers)) if _owners(number, numbers, owners) > 1]
        if len(carried) == len(set(numbers)):
            total += len(numbers)
            right += sum(carried.index(n) + 1 == f for n, f in zip(numbers, found, strict=True))
    assert total > 200
    assert right / total >= 0.97, right / total


def _owners(number: int, numbers: list[int], owners: list[int]) -> int:
    return len({owner for n, owner in zip(numbers, owners, strict=True) if n == number})


def _copied(
    story: Story, inserts: tuple[str, ...], rng: random.Random
) -> tuple[list[int], list[int], list[int]]:
    """Versions, owners and the versions found of a story's copies; a kill shares no text and is left out."""
    versions = [version for version in story.versions if version.kind != "kill"]
    rows, numbers, owners = [], [], []
    for local in rng.sample(inserts, rng.randint(6, 14)):
        number = rng.randrange(len(versions))
        version = versions[number]
        cut = rng.choice(("full",) * 9 + ("teaser",) * 4 + ("top",) * 3 + ("middle",) * 3)
        piece = compose(
            story,
            version,
            Treatment(
                teaser=rng.randint(2, 5) if cut == "teaser" else 0,
                local_top=local if cut == "top" else "",
                local_middle=local if cut == "middle" else "",
                dropped=rng.choice(((), ("footer",), ("dateline",), ("byline", "dateline", "footer"))),
                straight_quotes=rng.random() < 0.3,
            ),
        )
        after = versions[number + 1 :] or [replace(version, published=version.published + timedelta(hours=4))]
        room = int((after[0].published - version.published).total_seconds())
        at = version.published + timedelta(seconds=rng.randint(300, room))
        body = "\n".join(line for line in (piece.note, *piece.paragraphs) if line)
        notices = [one.rule for one in find_notices(piece.headline, body, "")]
        rows.append(
            (f"o{len(rows)}", piece.headline, body, notices, at, at if rng.random() < 0.7 else None, at)
        )
        numbers.append(number)
        owners.append(rng.randrange(9))
    names = ("outlet_id", "headline", "body", "notices", "published_at", "modified_at", "fetched_at")
    columns = zip(names, zip(*rows, strict=True), strict=True)
    pages = pa.table({name: pa.array(list(values), PAGES.field(name).type) for name, values in columns})
    story, words = np.zeros(len(rows), np.int64), read_words(pages["body"].combine_chunks())
    found = find_versions(
        pages,
        story,
        confirm(pages, story, words, np.array(owners), PARAMS),
        np.array(owners),
        shown(pages, np.full(len(rows), -1), pages["fetched_at"].combine_chunks()),
        PARAMS,
    )
    return numbers, owners, found.number.tolist()
