"""Authors and contributors are people."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.extract.people import clean_byline, contributors_in, is_person, split_authors


@pytest.mark.parametrize(
    ("printed", "authors"),
    [
        ("By Maren Idowu and Piers Castellan, CNN", ("Maren Idowu", "Piers Castellan")),
        ("By Meteorologists Odile Farrant and Bram Osei, CNN", ("Odile Farrant", "Bram Osei")),
        (
            "By Dr. Ailsa Brandreth, Tormod Vesk & Joan D. Ashdown",
            ("Ailsa Brandreth", "Tormod Vesk", "Joan D. Ashdown"),
        ),
        ("by: Greta Halloran-Finch", ("Greta Halloran-Finch",)),
        ("By FINN O'MALLEY JR., AP Sports Writer", ("FINN O'MALLEY JR.",)),
        ("By finn moray, associated press", ("Finn Moray",)),
        (
            "By Luis de la Rocha in Calder and Anke van der Meer, Reuters",
            ("Luis de la Rocha", "Anke van der Meer"),
        ),
        ("Greta Halloran | Channel 12 News | Updated 3:45 pm", ("Greta Halloran",)),
        ("By ailsa brandreth and tormod vesk, associated press", ("Ailsa Brandreth", "Tormod Vesk")),
        ("The Tide Table By MAREN IDOWU", ("MAREN IDOWU",)),
        ("Photos By Maren Idowu", ()),
        ("by Odile Fox", ("Odile Fox",)),
        ("The Calder (S.D.) News", ()),
        ("CBS/AP March 5, 2026", ()),
        ("CNN", ()),
        ("Associated Press", ()),
        ("By Channel 12 Staff", ()),
        ("Tribune News Service", ()),
    ],
)
def test_bylines(printed: str, authors: tuple[str, ...]) -> None:
    assert split_authors(printed) == authors


@pytest.mark.parametrize(
    ("line", "names"),
    [
        (
            "CNN’s Odile Farrant and Bram Osei contributed to this report from Calder",
            ("Odile Farrant", "Bram Osei"),
        ),
        (
            "Vesk reported from New York. Associated Press writers Joan Ashdown in Concord, New Hampshire, "
            "and Finn Moray in Rome contributed to this report.",
            ("Joan Ashdown", "Finn Moray"),
        ),
        (
            "(Reporting by Joan Ashdown in Calder; additional reporting by Bram Osei; Editing by Kit Roe)",
            ("Joan Ashdown", "Bram Osei"),
        ),
        ("The Associated Press contributed to this report.", ()),
    ],
)
def test_contributors(line: str, names: tuple[str, ...]) -> None:
    assert contributors_in(line) == names


def test_what_stands_in_a_byline_element_besides_the_byline() -> None:
    assert clean_byline("By Greta Halloran March 5, 2026, 4:05 PM") == "By Greta Halloran"
    assert clean_byline("Greta Halloran Twitter Facebook Email") == "Greta Halloran"


@given(st.text(max_size=80))
def test_any_byline_gives_people_only(printed: str) -> None:
    assert all(is_person(name) for name in split_authors(f"By {printed} and Greta Halloran, CNN"))
