"""Every credit has its quote, every rule its example, and text outranks markup."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import BadInput
from pipeline.extract.credit import Marks, Rule, find_credit, load_rules
from tests.extract.sample import PARAGRAPHS, RULES

FILLER = "\n".join(PARAGRAPHS)


def marks_of(rule: Rule) -> Marks:
    """The rule's example at the place that the rule is for."""
    match rule.where:
        case "dateline":
            return Marks(body=f"{rule.example} {FILLER}")
        case "byline":
            return Marks(body=FILLER, byline=rule.example)
        case "footer":
            return Marks(body=FILLER, footer=f"Follow the trust for news.\n{rule.example}")
        case "json_ld":
            return Marks(body=FILLER, json_ld=("Channel 12", rule.example))
        case "meta":
            return Marks(body=FILLER, meta=("Channel 12", rule.example))
        case _:
            return Marks(body=FILLER, urls=("https://channel12.example/x", rule.example))


@pytest.mark.parametrize("rule", RULES.rules, ids=lambda rule: rule.id)
def test_a_rule_finds_its_example_and_names_no_other_service(rule: Rule) -> None:
    credit = find_credit(marks_of(rule), RULES)
    assert credit.service == rule.service or {rule.service, "AP"} == set(credit.services)
    if "cbs-ap" not in rule.id and not rule.example.startswith("CBS"):
        assert credit.services == (rule.service,)
    assert rule.id in {evidence.rule for evidence in credit.evidence}


def test_the_same_mark_in_mid_article_is_no_credit() -> None:
    body = "\n".join([*PARAGRAPHS * 2, "CALDER (AP) — said the sign.", *PARAGRAPHS * 2])
    assert find_credit(Marks(body=body), RULES).services == ()


def test_text_outranks_what_the_markup_claims() -> None:
    credit = find_credit(Marks(body=f"CALDER (AP) — {FILLER}", json_ld=("CNN",), meta=("CNN",)), RULES)
    assert credit.services == ("AP", "CNN")
    assert credit.evidence[0].rule == "ap-dateline"


def test_no_number_of_claims_outranks_the_text() -> None:
    url = "https://www.cnn.com/2026/03/05/skerry"
    claims = {"json_ld": ("CNN",), "meta": ("CNN",), "urls": (url,)}
    credit = find_credit(Marks(body=f"CALDER (AP) — {FILLER}", **claims), RULES)
    assert (credit.services, credit.confidence) == (("AP", "CNN"), pytest.approx(0.97))
    declared = Marks(body=f"CALDER (AP) — {FILLER}", byline="CNN", is_printed=False, **claims)
    assert find_credit(declared, RULES).services == ("AP", "CNN")
    helped = f"{FILLER}\nThe Associated Press contributed to this report."
    assert find_credit(Marks(body=helped, **claims), RULES).services == ("CNN", "AP")


@pytest.mark.parametrize(
    ("byline", "services"),
    [
        ("By Reuters", ("Reuters",)),
        ("BY AFP", ("AFP",)),
        ("by UPI", ("UPI",)),
        ("By AP", ("AP",)),
        ("By CNN", ("CNN",)),
        ("By Maren Idowu, Australian Associated Press", ("AAP",)),
        ("By Maren Idowu | Bloomberg", ("Bloomberg",)),
        ("By Reuters/Maren Idowu", ()),
        ("Photo by AP Photo/Maren Idowu", ()),
        ("By Maren Apley", ()),
        ("By Anita Ansari", ()),
    ],
)
def test_services_in_bylines(byline: str, services: tuple[str, ...]) -> None:
    assert find_credit(Marks(body=FILLER, byline=byline), RULES).services == services


@pytest.mark.parametrize(
    ("line", "services"),
    [
        ("CALDER, S.D. (AP) The harbor", ("AP",)),
        ("The party (PTI) - told them it was glad.", ()),
        ("New Calder, Mar 5 (PTI) The harbor", ("PTI",)),
        ("It said (AP) the harbor", ()),
    ],
)
def test_services_in_datelines(line: str, services: tuple[str, ...]) -> None:
    assert find_credit(Marks(body=f"{line}\n{FILLER}"), RULES).services == services


def test_a_shared_byline_credits_both() -> None:
    credit = find_credit(Marks(body=FILLER, byline="CBS/AP", site="cbsnews.com"), RULES)
    assert credit.services == ("AP", "CBS")


def test_a_house_is_not_credited_on_its_own_site() -> None:
    byline = "By Lachlan Moor, CBS News"
    assert find_credit(Marks(byline=byline, site="cbsnews.com"), RULES).services == ()
    assert find_credit(Marks(byline=byline, site="www2.cbsnews.com"), RULES).services == ()
    assert find_credit(Marks(byline=byline, site="channel12.example"), RULES).services == ("CBS",)


def test_confidence_is_noisy_or_over_the_rules() -> None:
    both = find_credit(Marks(body=FILLER, json_ld=("AP",), meta=("AP",)), RULES)
    assert both.confidence == pytest.approx(1 - (1 - 0.8) * (1 - 0.75))
    assert find_credit(Marks(body=FILLER), RULES).confidence == 0


_MARKS = st.sampled_from([rule.example for rule in RULES.rules])
_TEXT = st.lists(st.one_of(_MARKS, st.text(max_size=30), st.sampled_from(PARAGRAPHS)), max_size=8).map(
    "\n".join
)


@given(_TEXT, _TEXT, _TEXT, st.lists(_MARKS, max_size=3))
def test_evidence_is_a_span_of_the_text_it_names(
    body: str, byline: str, footer: str, others: list[str]
) -> None:
    marks = Marks(body, byline, footer, tuple(others), tuple(others), tuple(others))
    credit = find_credit(marks, RULES)
    texts = {
        "body": [body],
        "byline": [byline],
        "footer": [footer],
        "json_ld": others,
        "meta": others,
        "url": others,
    }
    for evidence in credit.evidence:
        assert any(text[evidence.start : evidence.end] == evidence.quote for text in texts[evidence.where])
    assert bool(credit.services) == bool(credit.evidence)


OWN = """
[[rule]]
id = "northline-dateline"
service = "Northline"
where = "dateline"
pattern = '\\(Northline\\) —'
weight = 0.9
example = "CALDER (Northline) — The"
"""


def test_rules_of_another_file_come_on_top(tmp_path: Path) -> None:
    path = tmp_path / "wires.toml"
    path.write_text(OWN)
    credit = find_credit(Marks(body=f"CALDER (Northline) — {FILLER}"), load_rules([path]))
    assert credit.services == ("Northline",)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("'\\(Northline\\) —'", "'(Northline'", r"wires.toml:6: rule.0.pattern: not a regular expression"),
        ('"dateline"', '"head"', r"wires.toml:5: rule.0.where"),
        ("0.9", "1.5", r"wires.toml:7: rule.0.weight: must lie between"),
        ("CALDER (N", "CALDER (S", r"wires.toml:8: rule.0.example: the pattern does not match"),
        ("northline-dateline", "ap-byline", r"wires.toml:3: rule.0.id: there is a rule 'ap-byline' already"),
    ],
)
def test_a_wrong_rule_is_reported_with_its_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "wires.toml"
    path.write_text(OWN.replace(old, new))
    with pytest.raises(BadInput, match=message):
        load_rules([path])
