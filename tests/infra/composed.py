"""What the tests of production read: compose.yaml with its variables put in, Airflow's options, the docs."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
AIRFLOW = ("init", "api-server", "scheduler", "dag-processor", "triggerer")

PAGE = (ROOT / "docs" / "production.md").read_text()
COMMANDS = [
    shlex.split(line)
    for block in re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]

_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::?(?P<how>[-?])(?P<word>[^}]*))?\}")


def composed(values: Mapping[str, str]) -> dict[str, Any]:
    """The file with the variables of `values`; raises KeyError if it needs one that is not there."""

    def put(found: re.Match[str]) -> str:
        if found["how"] == "-":
            return values.get(found["name"], found["word"])
        return values[found["name"]]

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: walk(held) for key, held in value.items()}
        if isinstance(value, list):
            return [walk(held) for held in value]
        return _VARIABLE.sub(put, value) if isinstance(value, str) else value

    # put in after parsing, as Compose does: `50000:0` in the file itself would be a number of YAML
    return dict(walk(yaml.safe_load((ROOT / "infra" / "compose.yaml").read_text())))


@cache
def airflow_options() -> dict[str, bool]:
    """Each option of the installed Airflow by its variable, and whether it may be read from a command."""
    found = find_spec("airflow")  # found, not imported: that would change this process
    assert found and found.origin
    sections = yaml.safe_load((Path(found.origin).parent / "config_templates" / "config.yml").read_text())
    return {
        f"AIRFLOW__{section}__{option}".upper(): bool(about.get("sensitive"))
        for section, held in sections.items()
        for option, about in held["options"].items()
    }


def unknown(variables: Mapping[str, Any]) -> set[str]:
    """Variables of Airflow's configuration that name no option, or an option that no command may give."""
    options = airflow_options()
    named = {name for name in variables if name.startswith("AIRFLOW__")}
    return {
        name for name in named if name not in options and not options.get(name.removesuffix("_CMD"), False)
    }


def variables_read() -> set[str]:
    """The variables of ours that dags/ and pipeline/ ask the environment for."""
    code = "".join(path.read_text() for room in ("dags", "pipeline") for path in (ROOT / room).rglob("*.py"))
    return set(re.findall(r'environ(?:\.get\(|\[)"(WIREFOLD_\w+)"', code))


def commands(*start: str) -> list[list[str]]:
    """The commands of docs/production.md that begin so."""
    found = [words for words in COMMANDS if words[: len(start)] == list(start)]
    assert found
    return found
