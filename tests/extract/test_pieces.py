"""A text without the pieces cannot match the pattern, so that looking for them first loses nothing."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.extract.credit import Rule
from pipeline.extract.pieces import pieces_of
from tests.extract.sample import RULES


@pytest.mark.parametrize(
    ("pattern", "exact", "folded"),
    [
        (r"^\((?:AP|The Associated Press)\) —", ("(AP", "(The Associated Press"), ()),
        (r"(?i)© (?:quill|quarto) press", (), (" press",)),
        (r"(?i:quill)\s?(?:AP)?", (), ("quill",)),
        (r"(?:QUILL)+ wire|Northline", ("Northline", "QUILL"), ()),
        (r"(?:quill)?|(?!quill)", (), ()),
        (r"[qQ]\d*", (), ()),
        (r"a|quill", ("a", "quill"), ()),
    ],
)
def test_pieces(pattern: str, exact: tuple[str, ...], folded: tuple[str, ...]) -> None:
    assert pieces_of(re.compile(pattern)) == (exact, folded)


@pytest.mark.parametrize("rule", RULES.rules, ids=lambda rule: rule.id)
def test_a_rule_has_pieces(rule: Rule) -> None:
    assert rule.exact or rule.folded


@settings(max_examples=300)
@given(st.data())
def test_no_match_without_a_piece(data: st.DataObject) -> None:
    rule = data.draw(st.sampled_from(RULES.rules))
    text = data.draw(st.from_regex(rule.pattern, alphabet=st.characters(codec="ascii")))
    assert any(piece in text for piece in rule.exact) or any(piece in text.lower() for piece in rule.folded)
