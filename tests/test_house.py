"""Imports run one way, and the pure rooms know no storage, network, clock, chance or environment."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "pipeline"

ORDER_OF_GROUND = (
    "model",
    "errors",
    "counts",
    "params",
    "urls",
    "times",
    "segments",
    "foreign_keys",
    "columns",
    "outlet_tables",
    "story_tables",
    "identity_tables",
    "schema",
    "tomlfile",
    "config",
)
# What each room may import; a room may always import itself and the ground.
GROUND = set(ORDER_OF_GROUND)
ROOMS: dict[str, set[str]] = {
    "dictionary": set(),
    "extract": set(),
    "match": set(),
    "story": {"match"},
    "index": {"match"},
    "lake": set(),
    "matching": {"index", "lake", "match", "story"},
    "ingest": {"lake"},
    "publish": {"lake"},
    "judge": {"story", "lake", "publish"},
    "takedown": {"lake", "publish"},
    "drafting": {"judge", "match", "matching", "story", "lake", "publish"},
    "shards": {"extract", "lake", "ingest"},
    "steps": {
        *(
            "judge",
            "drafting",
            "extract",
            "match",
            "matching",
            "shards",
            "story",
            "lake",
            "ingest",
            "publish",
        ),
    },
    "rebuild": {"archive", "intake", "lake", "ingest", "publish", "shards", "steps"},
    "archive": {"extract", "lake", "ingest"},
    "intake": {"archive", "extract", "match", "lake", "ingest"},
    "inspect": {"extract", "match", "story", "lake", "publish"},
    "examine": {"extract", "ingest"},
    "tune": {"match", "ingest"},
    "difference": {"story", "lake", "publish"},
    "audit": {"lake", "publish"},
    "lineage": {"publish"},
    "news": {"lake", "publish"},
    "catalog": {"lake", "publish"},
    "query": {"lake", "publish"},
    "desk": {"judge", "lake", "publish", "story"},
    "terminal": {"inspect", "story"},
    "terminal_story": {"inspect", "difference"},
    "terminal_page": {"examine", "extract"},
    "terminal_outlets": {"ingest"},
    "cli_shared": {"lake", "publish"},
    "cli_outlets": {"cli_shared", "ingest", "terminal", "terminal_outlets"},
    "cli_judge": {"cli_shared", "judge", "lake", "takedown", "terminal"},
    "cli_release": {
        *(
            "cli_shared",
            "audit",
            "catalog",
            "ingest",
            "inspect",
            "lake",
            "lineage",
            "publish",
            "rebuild",
            "steps",
        ),
        "terminal",
    },
    "cli_sql": {"cli_shared", "lake", "publish", "query"},
    "cli": {
        *(
            "cli_shared",
            "cli_sql",
            "cli_judge",
            "cli_outlets",
            "cli_release",
            "tune",
            "steps",
            "intake",
            "inspect",
            "difference",
            "examine",
        ),
        *("lake", "publish", "terminal", "terminal_page", "terminal_story"),
    },
}
PURE = ("extract", "match", "story")
OUTSIDE = {
    "aiohttp",
    "airflow",
    "boto3",
    "botocore",
    "http",
    "httpx",
    "random",
    "requests",
    "secrets",
    "socket",
    "urllib3",
}
CLOCKS = {
    "datetime.now",
    "datetime.utcnow",
    "date.today",
    "time.time",
    "os.environ",
    "os.getenv",
    "os.urandom",
}
MODULES = sorted(ROOT.rglob("*.py"))


def room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Dotted names of what a module imports, with the names taken from packages."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_every_room_is_known() -> None:
    assert {room(path) for path in MODULES} - {"__init__"} == GROUND | set(ROOMS)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(path: Path) -> None:
    rooms = {name.split(".")[1] for name in imported(path) if name.startswith("pipeline.")} - {"__version__"}
    own = room(path)
    if own in ROOMS:
        assert rooms <= ROOMS[own] | GROUND | {own}
    elif own in ORDER_OF_GROUND:
        assert rooms <= {*ORDER_OF_GROUND[: ORDER_OF_GROUND.index(own)]}


@pytest.mark.parametrize(
    "path", [p for p in MODULES if room(p) in PURE], ids=lambda p: str(p.relative_to(ROOT))
)
def test_pure_rooms_know_nothing_of_the_world(path: Path) -> None:
    assert {name.split(".")[0] for name in imported(path)}.isdisjoint(OUTSIDE)
    used = {ast.unparse(n) for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Attribute)}
    assert used.isdisjoint(CLOCKS)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_fits_its_room(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 350
    assert not text or ast.get_docstring(ast.parse(text)), "a module begins with what it holds to"
