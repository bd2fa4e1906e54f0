"""The docs are true of the code: what they list is what there is, and their examples run."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass, fields
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from pipeline import dictionary
from pipeline.cli import app
from pipeline.config import Config, Network, load_config
from pipeline.lake.locate import open_store
from pipeline.match.figures import FIGURES
from pipeline.params import Params
from pipeline.publish import listing
from pipeline.publish.release import read_table
from pipeline.schema import TABLES
from tests.docs_lake import make_lake
from tests.publish.references import broken_references

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md"))]
OPERATING = (DOCS / "operating.md").read_text()
ANALYSTS = (DOCS / "analysts.md").read_text()
QUESTIONS = (DOCS / "questions.md").read_text()
VERSIONS = (DOCS / "versions.md").read_text()
IDENTITY = (DOCS / "identity.md").read_text()

# what questions.md must find in the lake of docs_lake.py, told by hand: the first columns of all rows
ANSWERS: dict[str, list[tuple[Any, ...]]] = {
    "3": [("ledger.example", 1, 2)],
    "5": [
        ("Last night ferry leaves Varnholm", 5, 5, 3),
        ("Barn mirror will see first light", 3, 3, 2),
        ("Hardest pear loses its orchard", 2, 2, 1),
    ],
    "6": [("harrowdaily.example", 2)],
    "11": [("CNN", 5, 1), ("AP", 3, 1), ("Reuters", 2, 1), ("local", 1, 1)],
    "12": [
        ("Barn mirror will see first light", "kmrx.example"),
        ("Barn mirror will see first light", "ktbl.example"),
    ],
    "13": [
        ("Hardest pear loses its orchard", "kmrx.example", False),
        ("Hardest pear loses its orchard", "kolm.example", True),
    ],
    "16": [("extract", "too_short", 1, 1)],
}


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: what its fence says, its text, and the number of the heading it stands under."""

    info: str
    text: str
    question: str


def blocks(page: str) -> Iterator[Block]:
    question = ""
    for found in re.finditer(r"^## (\d+)\.|^```(\w[^\n]*)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        question = found[1] or question
        if found[2]:
            yield Block(found[2], found[3], question)


def section(page: str, heading: str) -> str:
    """The text below a heading, up to the next one."""
    return re.split(r"^#+ ", page.partition(f"# {heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def cells(text: str) -> Iterator[list[str]]:
    """The rows of the Markdown tables in a text, headings and rules left out."""
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    rules = [number for number, row in enumerate(rows) if set("".join(row)) <= {"-"}]
    for number, row in enumerate(rows):
        if number not in rules and number + 1 not in rules:
            yield [cell.strip() for cell in row]


def named(text: str, column: int = 0) -> list[str]:
    """What stands in backticks in a column of a text's tables."""
    return [found[1] for row in cells(text) if (found := re.match(r"`([^`]+)`", row[column]))]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The names left by running all runnable Python of analysts.md beside a lake, in its order."""
    folder = tmp_path_factory.mktemp("docs")
    make_lake(folder)
    names: dict[str, Any] = {}
    with chdir(folder):
        for block in blocks(ANALYSTS):
            if block.info == "python runnable":
                exec(block.text, names)
        yield names
    names["con"].close()


def test_the_data_dictionary_is_what_the_schema_says() -> None:
    assert (DOCS / "tables.md").read_text() == dictionary.dictionary(), (
        "run: .venv/bin/python -m pipeline.dictionary > docs/tables.md"
    )


def test_python_examples_read_the_tables(reader: dict[str, Any]) -> None:
    assert [row[1] for row in reader["rows"]] == [5, 3, 2, 1]
    assert reader["most_run"]["n_outlets"].to_list() == [5, 3, 2, 1]
    assert reader["a_day"].rows() == [(date(2026, 3, 5), reader["count"][0][0])] == [(date(2026, 3, 5), 4)]
    assert reader["small"].num_rows == 11 == reader["exact_copies"].count_rows()
    for frame in (reader["frame"], reader["exact_frame"]):
        assert frame["seen_day"].tolist() == ["2026-03-05"] * 4


def test_the_commands_for_analysts_answer(reader: dict[str, Any]) -> None:
    commands = [b.text for b in blocks(ANALYSTS) if b.info == "sh"]
    views, count = (shlex.split(line.partition(" > ")[0])[1:] for line in commands[0].splitlines())
    printed = CliRunner().invoke(app, views).stdout
    with duckdb.connect() as alone:
        assert alone.execute(f"{printed} select count(*) from stories").fetchall() == [(4,)]
    assert "│            4 │" in CliRunner().invoke(app, count).stdout


@pytest.mark.parametrize("block", [b for b in blocks(IDENTITY) if b.info == "sql"], ids=lambda b: b.text[:20])
def test_sql_about_identity_runs(reader: dict[str, Any], block: Block) -> None:
    rows = reader["con"].execute(block.text).fetchall()
    assert rows or block.text.startswith("create")


@pytest.mark.parametrize("question", ANSWERS)
def test_questions_find_what_is_so(reader: dict[str, Any], question: str) -> None:
    """What all of them find in the demo network is held by tests/e2e/test_three_days.py."""
    (block,) = (b for b in blocks(QUESTIONS) if b.info == "sql" and b.question == question)
    rows = reader["con"].execute(block.text).fetchall()
    assert [row[: len(ANSWERS[question][0])] for row in rows] == ANSWERS[question]


@pytest.mark.parametrize("block", [b for b in blocks(VERSIONS) if b.info == "sql"], ids=lambda b: b.text[:30])
def test_sql_about_versions_runs(reader: dict[str, Any], block: Block) -> None:
    """What it finds in the demo network is held by tests/e2e/test_versions.py."""
    reader["con"].execute(block.text).fetchall()


def test_evidence_can_be_checked(reader: dict[str, Any]) -> None:
    """Each quote stands where the evidence says."""
    query = next(b.text for b in blocks(QUESTIONS) if b.info == "sql" and b.question == "15")
    query = query.partition("limit")[0]
    holds = {(row[4], row[6]) for row in reader["con"].execute(query).fetchall()}
    assert holds == {("body", True), ("footer", True)}


def spelled(value: object) -> str:
    """A default as the tables of operating.md spell it."""
    if value is None:
        return "none"
    return f"`{json.dumps(list(value) if isinstance(value, tuple) else value)}`"


def documented(heading: str) -> dict[str, str]:
    rows = cells(section(OPERATING, heading))
    return {re.sub(r"[`* ]", "", row[0]): row[1] for row in rows}


def test_configuration_keys_and_defaults(tmp_path: Path) -> None:
    file = tmp_path / "wirefold.toml"
    file.write_text('lake = "lake"')
    config = load_config(file)
    known = {
        "lake": "required",
        "outlets": spelled(config.outlets.name),
        "cache": "`~/.cache/wirefold`",
        "scratch": "`<cache>/scratch`",
    }
    others = {field.name for field in fields(Config)} - {*known, "network", "params"}
    expected = known | {name: spelled(getattr(config, name)) for name in others}
    assert documented("Top level") == expected
    for heading, defaults in (("[network]", Network()), ("[params]", Params())):
        found = {field.name: spelled(getattr(defaults, field.name)) for field in fields(defaults)}
        assert documented(heading) == found


def test_index_params_are_marked() -> None:
    marked = {row[0].strip("`* ") for row in cells(section(OPERATING, "[params]")) if "*" in row[0]}
    changed = {
        field.name
        for field in fields(Params)
        if isinstance(value := getattr(Params(), field.name), int)
        # one less is a value that no other param forbids, but for num_perm and what is 0
        and Params(**{field.name: value + 4 if field.name == "num_perm" else abs(value - 1)}).fingerprint()
        != Params().fingerprint()
    }
    assert marked == changed


def test_quarantine_reasons() -> None:
    """Every reason in the code is in the table or among the skipped and unchanged, and the other way."""
    code = "".join(
        path.read_text()
        for room in ("ingest", "extract")
        for path in sorted((ROOT / "pipeline" / room).glob("*.py"))
    )
    raised = set(re.findall(r'(?:FetchFailed|Refused|_Rejected)\(\s*"([a-z_]+)"', code))
    raised |= set(re.findall(r'\((?:TooLarge|Truncated|Corrupt), "([a-z_]+)"\)', code))
    raised |= set(re.findall(r'run_id, "(killed)"', code)) | set(re.findall(r'reason="([a-z_]+)"', code))
    raised |= {"http_NNN"}
    outside = set(
        re.findall(
            r"`([a-z_]+)`", section(OPERATING, "Outlets in trouble: states in runs").partition("Pages ")[2]
        )
    )
    listed = set(named(section(OPERATING, "Quarantine"), column=1))
    assert not listed & outside
    assert listed == raised - outside - {"bad_feed"}  # a feed's failure is the outlet's, not a page's


def test_checks(reader: dict[str, Any]) -> None:
    page = (DOCS / "checks.md").read_text()
    assert page == listing.listing(), "run: .venv/bin/python -m pipeline.publish.listing > docs/checks.md"
    listed = {name: level for level in ("error", "warn") for name in named(section(page, level))}
    assert listed == dict(reader["con"].execute('select "check", level from checks').fetchall())
    told = [name for row in cells(section(OPERATING, "Checks")) for name in re.findall(r"`(\w+)`", row[0])]
    warned = {name for name, level in listed.items() if level == "warn"}
    assert set(told) == warned - {"duplicate_share"}, "which is there to be watched"


def test_the_lakes_prefixes_and_who_may_touch_them(reader: dict[str, Any]) -> None:
    """The table names each prefix; the policy lets workers write each, and delete no raw page or ledger."""
    prefixes = set(named(section(OPERATING, "The lake")))
    keys = [stored.key for stored in open_store("lake").list("")]
    assert {key.partition("/")[0] + "/" * ("/" in key) for key in keys} == prefixes - {
        *("state/", "failed/", "probe/", "judgements/")  # of the network, failures, S3, people
    }
    policy = json.loads((ROOT / "infra" / "s3-policy.json").read_text())
    allowed: dict[str, list[str]] = {}
    for statement in policy["Statement"]:
        actions, resources = (
            value if isinstance(value, list) else [value]
            for value in (statement["Action"], statement["Resource"])
        )
        for action in actions if statement["Effect"] == "Allow" else ():
            who = statement["Principal"]["AWS"].rpartition("-")[2]
            allowed.setdefault(f"{who} {action}", []).extend(r.partition("news-lake/")[2] for r in resources)

    def may(what: str, key: str) -> bool:
        return any(fnmatchcase(key, pattern) for pattern in allowed[what] if pattern)

    for prefix in prefixes:
        key = f"{prefix}x" if prefix.endswith("/") else prefix
        published = prefix in ("tables/", "releases/", "current/", "latest.json")
        assert may("worker s3:PutObject", key)
        assert may("analyst s3:GetObject", key) == published
        remade = prefix in ("tables/", "releases/", "current/", "failed/", "probe/")
        assert may("worker s3:DeleteObject", key) == remade
    assert "analyst s3:PutObject" not in allowed


def test_states_of_outlets() -> None:
    about = (
        next(t for t in TABLES if t.name == "runs").schema.field("state").metadata[b"description"].decode()
    )
    assert named(section(OPERATING, "Outlets in trouble: states in runs")) == about.strip(".").split(", ")


def test_figures_of_a_pair() -> None:
    """In the order in which `edges.figures` has them."""
    rows = [*cells(section((DOCS / "matching.md").read_text(), "The figures of a pair"))]
    assert {name.strip("`"): about for name, about in rows} == FIGURES
    assert [name.strip("`") for name, _ in rows] == list(FIGURES)


def test_the_readme_shows_every_command() -> None:
    groups = {str(group.name): group.typer_instance for group in app.registered_groups}
    pattern = rf"^wirefold ((?:{'|'.join(groups)}) \w+|\w+)"
    shown = re.findall(pattern, (ROOT / "README.md").read_text(), re.MULTILINE)
    known = {
        f"{name} {command.callback.__name__}".strip()
        for name, typer in {"": app, **groups}.items()
        if typer
        for command in typer.registered_commands
        if command.callback
    }
    assert set(shown) == known


def anchors(page: Path) -> set[str]:
    """The headings of a page as GitHub names them in links."""
    heads = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" not in link:
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link


def test_tables_refer_to_what_there_is(reader: dict[str, Any]) -> None:
    assert broken_references(open_store("lake")) == {}


def test_a_released_lake_has_every_table(reader: dict[str, Any]) -> None:
    lake = open_store("lake")
    empty = [table.name for table in TABLES if not read_table(lake, table.name).num_rows]
    assert not empty, "an example over an empty table shows nothing"
