"""The command line: what it prints, what it writes, and how it fails."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from pipeline import cli
from pipeline.errors import BadInput
from pipeline.lake.locate import open_store
from pipeline.publish.release import read_table

NOW = "2026-03-05T20:00:00Z"
WORDS = (
    "harbor",
    "council",
    "ferry",
    "quay",
    "tide",
    "bridge",
    "vote",
    "ledger",
    "grain",
    "signal",
    "copper",
)


def prose(seed: int, words: int) -> str:
    pick = random.Random(seed)
    return " ".join(pick.choice(WORDS) + str(pick.randrange(90)) for _ in range(words))


def articles(folder: Path) -> Path:
    """Two stories: one on three sites (whole, cut, with a local paragraph), one on one."""
    body = [prose(1, 60), prose(2, 80), prose(3, 70), prose(4, 90)]
    rows = [
        ("a1", "one.example", "\n".join(body)),
        ("a2", "two.example", "\n".join(body[:2])),
        ("a3", "three.example", "\n".join([body[0], prose(9, 40), *body[1:]])),
        ("b1", "one.example", prose(20, 200)),
    ]
    path = folder / "articles.jsonl"
    lines = [
        {"doc_id": d, "site": s, "url": f"http://{s}/{d}", "text": t, "title": f"Head {d}"}
        for d, s, t in rows
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def wirefold(*args: str) -> dict[str, object]:
    """A command's JSON answer; it must end well."""
    result = CliRunner().invoke(cli.app, [*args, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("cli")
    wirefold("cluster", str(articles(folder)), "--out", str(folder / "lake"), "--now", NOW)
    return str(folder / "lake")


def test_cluster_releases_and_a_rerun_gives_the_same_bytes(tmp_path: Path) -> None:
    path, out = articles(tmp_path), tmp_path / "lake"
    first = wirefold("cluster", str(path), "--out", str(out), "--now", NOW)
    assert (first["stories"], first["republications"], first["changed_stories"]) == (2, 4, 2)
    files = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    wirefold("cluster", str(path), "--out", str(out), "--now", NOW)
    assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file()} == files


def test_new_articles_join_the_stories_they_copy(tmp_path: Path) -> None:
    path, out = articles(tmp_path), tmp_path / "lake"
    wirefold("cluster", str(path), "--out", str(out), "--now", NOW)
    before = wirefold("explain", str(out), "a1", "a2")
    late = tmp_path / "late.jsonl"
    row = {"doc_id": "a0", "url": "http://four.example/x", "text": f"{prose(1, 60)}\n{prose(2, 80)}"}
    late.write_text(json.dumps(row) + "\n")
    again = wirefold("cluster", str(late), "--out", str(out), "--now", "2026-03-06T20:00:00Z")
    assert (again["stories"], again["republications"], again["changed_stories"]) == (2, 5, 1)
    after = wirefold("explain", str(out), "a0", "a1")
    assert after["a"]["story_id"] == before["a"]["story_id"]  # type: ignore[index]


def test_a_credit_spreads_to_the_copies_that_dropped_it(tmp_path: Path) -> None:
    body = "\n".join(prose(seed, 60) for seed in (1, 2, 3))
    texts = [f"CALDER (AP) — {body}", f"{body}\nThe Associated Press", f"CALDER (Reuters) - {body}", body]
    path, out = tmp_path / "articles.jsonl", tmp_path / "lake"
    rows = [{"doc_id": f"a{n}", "url": f"http://{n}.example/x", "text": text} for n, text in enumerate(texts)]
    path.write_text("".join(json.dumps(row) + "\n" for row in [*rows, rows[0] | {"doc_id": "a9"}]))
    wirefold("cluster", str(path), "--out", str(out), "--now", NOW)
    lake = open_store(str(out))
    copies = read_table(lake, "republications").to_pylist()
    assert {row["doc_id"]: (row["wire_service"], row["wire_inferred"]) for row in copies} == {
        "a0": ("AP", None),
        "a1": ("AP", None),
        "a2": ("Reuters", None),
        "a3": (None, "AP"),
        "a9": ("AP", None),
    }
    (inferred,) = [row for row in copies if row["wire_inferred"]]
    assert inferred["wire_inferred_copies"] == 3
    assert inferred["wire_inferred_confidence"] == pytest.approx(0.75 * 0.97)
    (story,) = read_table(lake, "stories").to_pylist()
    assert (story["wire_service"], story["wire_copies"]) == ("AP", 3)
    found = {row["rule"]: row["pages"] for row in read_table(lake, "wire_rules").to_pylist() if row["pages"]}
    assert found == {"ap-dateline": 2, "ap-signature": 1, "reuters-dateline": 1}


def test_a_backfill_joins_what_is_there_and_its_release_is_the_newest(tmp_path: Path) -> None:
    path, out = articles(tmp_path), tmp_path / "lake"
    wirefold("cluster", str(path), "--out", str(out), "--now", NOW)
    before = wirefold("explain", str(out), "a1", "a2")
    old = tmp_path / "old.jsonl"
    rows = [
        {"doc_id": "a0", "url": "http://four.example/x", "text": f"{prose(1, 60)}\n{prose(2, 80)}"},
        {"doc_id": "c0", "url": "http://four.example/y", "text": prose(30, 90)},
    ]
    old.write_text("".join(json.dumps(row) + "\n" for row in rows))
    backfill = ("cluster", str(old), "--out", str(out), "--now", "2025-01-04T20:00:00Z")
    again = wirefold(*backfill)
    assert (again["stories"], again["republications"], again["changed_stories"]) == (3, 6, 2)
    after = wirefold("explain", str(out), "a0", "a1")
    assert after["a"]["story_id"] == before["a"]["story_id"]  # type: ignore[index]
    listed = json.loads(CliRunner().invoke(cli.app, ["releases", str(out), "--json"]).stdout)
    assert [(row["release"], row["current"]) for row in listed] == [
        ("20260305T200000Z", False),
        ("20250104T200000Z", True),
    ]
    files = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    wirefold("cluster", str(path), "--out", str(out), "--now", NOW)
    wirefold(*backfill)
    assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file()} == files


def test_notices_in_a_dump_cancel_and_correct(tmp_path: Path) -> None:
    killed, corrected = prose(41, 120), prose(42, 120)
    texts = (f"KILL — {killed}", f"{corrected}", f"Correction: this names the right quay.\n{corrected}")
    path = tmp_path / "dump.jsonl"
    rows = [
        {
            "doc_id": f"d{number}",
            "site": f"s{number}.example",
            "url": f"http://s{number}.example/",
            "text": text,
        }
        for number, text in enumerate(texts)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    wirefold("cluster", str(path), "--out", str(tmp_path / "lake"), "--now", NOW)
    lake = open_store(str(tmp_path / "lake"))
    stories = read_table(lake, "stories").to_pylist()
    assert sorted((row["pub_status"], row["has_correction"]) for row in stories) == [
        ("canceled", False),
        ("usable", True),
    ]


def test_explain_gives_the_figures_and_the_aligned_text(lake: str) -> None:
    found = wirefold("explain", lake, "a2", "a1")
    assert found["same_story"]
    assert found["rule"] == "first_look"
    assert found["containment_ba"] == 1.0
    assert [row["kind"] for row in found["paragraphs"]] == ["both", "both", "only_a", "only_a"]  # type: ignore[attr-defined]


def test_story_and_releases_show_what_was_published(lake: str) -> None:
    pair = wirefold("explain", lake, "a1", "a3")
    found = wirefold("story", lake, pair["a"]["story_id"])  # type: ignore[index]
    assert found["canonical_doc_id"] == "a1"
    assert {copy["doc_id"]: copy["relation"] for copy in found["copies"]} == {  # type: ignore[attr-defined]
        "a1": "canonical",
        "a2": "truncated",
        "a3": "extended",
    }
    assert [row["kind"] for row in found["versions"]] == ["initial"]  # type: ignore[attr-defined]
    assert len(found["pickups"]) == found["n_outlets"]  # type: ignore[arg-type]
    (cut,) = (copy for copy in found["copies"] if copy["doc_id"] == "a2")  # type: ignore[attr-defined]
    assert len(cut["paragraphs_omitted"]) == 2
    (release,) = json.loads(CliRunner().invoke(cli.app, ["releases", lake, "--json"]).stdout)
    assert (release["release"], release["current"]) == ("20260305T200000Z", True)


def test_people_get_readable_answers(lake: str) -> None:
    shown = CliRunner().invoke(cli.app, ["explain", lake, "a1", "a2"])
    assert "one story: accepted by rule first_look, score +" in shown.stdout
    told = CliRunner().invoke(cli.app, ["story", lake, _story(lake)]).stdout
    assert "Head a1" in told
    assert "  cut: " in told
    assert "  local: " in told
    assert "20260305T200000Z" in CliRunner().invoke(cli.app, ["releases", lake]).stdout


def _story(lake: str) -> str:
    return str(wirefold("explain", lake, "a1", "a2")["a"]["story_id"])  # type: ignore[index]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["cluster", "nowhere.jsonl", "--out", "lake"], "nowhere.jsonl: no such file"),
        (["run", "--config", "nowhere.toml"], "nowhere.toml: no such file"),
        (["releases", "nowhere"], "nowhere: no such lake"),
        (["releases", "."], "no release in this lake yet"),
        (["diff", ".", "r1", "r2"], "no release 'r1'"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(args: list[str], says: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from pipeline.cli import main; main()", *args]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert ended.returncode == 2
    (line,) = ended.stderr.strip().splitlines()
    assert says in line


def test_an_unknown_document_is_bad_input(lake: str) -> None:
    result = CliRunner().invoke(cli.app, ["explain", lake, "a1", "zzz"])
    assert isinstance(result.exception, BadInput)
    assert "zzz" in str(result.exception)


def commands(group: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        yield from commands(command, (*words, name)) if hasattr(command, "commands") else [(*words, name)]


def test_every_command_has_help_with_an_example_and_speaks_to_machines() -> None:
    found = list(commands(typer.main.get_command(cli.app)))
    assert len(found) >= 20
    for words in found:
        shown = CliRunner().invoke(cli.app, [*words, "--help"])
        assert shown.exit_code == 0
        assert shown.stdout.count(f"wirefold {' '.join(words)} ") >= 2, words  # the usage, and an example
        assert "--json" in shown.stdout, words


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("--keep-days", days) for days in ("nan", "inf", "1e300", "-1")),
        ("--keep-releases", "-1"),
    ],
)
def test_retention_takes_no_nonsense(lake: str, option: str, value: str) -> None:
    ended = CliRunner().invoke(cli.app, ["maintain", lake, f"{option}={value}"])
    assert isinstance(ended.exception, BadInput)
    assert str(ended.exception).startswith(f"{option}: expected ")


def test_going_back_is_told_to_machines(lake: str) -> None:
    release = json.loads(CliRunner().invoke(cli.app, ["releases", lake, "--json"]).stdout)[0]["release"]
    assert wirefold("rollback", lake, release)["release"] == release


def test_warnings_are_shown_and_stop_nothing(tmp_path: Path) -> None:
    path = articles(tmp_path)
    empty = [
        {"doc_id": f"e{n}", "url": f"https://quarry.example/{n}", "text": " ", "site": "quarry.example"}
        for n in range(6)
    ]
    path.write_text(path.read_text() + "".join(f"{json.dumps(row)}\n" for row in empty))
    given = ["cluster", str(path), "--out", str(tmp_path / "lake"), "--outlet-field", "site", "--now", NOW]
    result = CliRunner().invoke(cli.app, given)
    assert result.exit_code == 0
    assert "warning  outlet_readable_share is 0, must be >= 0.5: quarry.example" in result.stderr
    assert (
        "warning  outlets_quarantined is 1, must be <= 0: quarry.example: no_text 100% of 6" in result.stderr
    )
    told = wirefold(*given)["warnings"]
    assert [line.partition(" ")[0] for line in told] == ["outlet_readable_share", "outlets_quarantined"]


def test_a_command_ends_with_its_code_whatever_threads_are_left(lake: str) -> None:
    """What the interpreter does as it is taken down can abort the process: it is not taken down."""
    program = "import atexit, os; from pipeline.cli import main; atexit.register(os._exit, 134); main()"
    for command, code in ((["releases", lake], 0), (["story", lake, "s-none"], 2), (["nothing"], 2)):
        ended = subprocess.run([sys.executable, "-c", program, *command], capture_output=True, text=True)
        assert ended.returncode == code, ended.stderr
        assert ended.stdout if code == 0 else ended.stderr


def test_a_file_that_is_gone_is_one_line(lake: str) -> None:
    [lost] = Path(lake).glob("tables/republications/*/*/*.parquet")
    lost.unlink()
    told = f"wirefold: {lost.relative_to(lake)} is missing: dropped meanwhile, or lost; run it again\n"
    program = "from pipeline.cli import main; main()"
    for command in (["explain", lake, "a1", "a2"], ["check", lake]):
        ended = subprocess.run([sys.executable, "-c", program, *command], capture_output=True, text=True)
        assert (ended.returncode, ended.stderr.splitlines(keepends=True)[-1]) == (1, told)
        assert "Traceback" not in ended.stderr


def test_a_folder_is_not_written_over(tmp_path: Path) -> None:
    ended = CliRunner().invoke(cli.app, ["extract", str(articles(tmp_path)), "--out", str(tmp_path)])
    assert isinstance(ended.exception, BadInput)
    assert "got a folder" in str(ended.exception)
