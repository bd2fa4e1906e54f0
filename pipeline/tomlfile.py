"""TOML that knows its lines, so that a wrong value is reported with file, line and field."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from pipeline.errors import BadInput

T = TypeVar("T")

_HEADER = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.\-\"]+)\s*\]\]?")
# in a URL that is quoted: what is wrong ends in logs
_LOGIN = re.compile(r"(?<=//)[^/\s'\"]*@")
_KEY = re.compile(r"^\s*\"?([A-Za-z0-9_\-]+)\"?\s*=")


@dataclass(frozen=True, slots=True)
class TomlFile:
    """A parsed TOML file: `data` is what tomllib gives, `line` finds where a value stands."""

    path: Path
    data: dict[str, Any]
    text: str

    def line(self, location: tuple[str | int, ...]) -> int | None:
        """The 1-based line of the value at `location`, or of the innermost part that is found."""
        table, index, best = "", -1, None
        seen: dict[str, int] = {}
        names = [part for part in location if isinstance(part, str)]
        wanted_index = next((part for part in location if isinstance(part, int)), None)
        for number, text in enumerate(self.text.splitlines(), start=1):
            if header := _HEADER.match(text):
                table = header[2]
                index = seen[table] = seen.get(table, -1) + 1
                if names and table == names[0] and wanted_index in (None, index):
                    best = number
            elif key := _KEY.match(text):
                path = [*table.split("."), key[1]] if table else [key[1]]
                if path == names[: len(path)] and (len(path) == 1 or wanted_index in (None, index)):
                    best = number
        return best

    def check(self, adapter: TypeAdapter[T], value: object, at: tuple[str | int, ...] = ()) -> T:
        """Validate a part of the file; the first thing wrong becomes one `BadInput` line."""
        try:
            return adapter.validate_python(value)
        except ValidationError as error:
            raise self.problems(error, at)[0] from None

    def problems(self, found: ValidationError, at: tuple[str | int, ...] = ()) -> list[BadInput]:
        """Everything that validation found wrong in the part of the file at `at`, a line each."""
        return [
            BadInput.at(
                self.path,
                self.line((*at, *one["loc"])),
                ".".join(str(part) for part in (*at, *one["loc"])),
                f"{one['msg'][0].lower()}{one['msg'][1:]}, got {_LOGIN.sub('…@', repr(one['input']))}"[:300],
            )
            for one in found.errors(include_url=False)
        ]


def read_toml(path: Path) -> TomlFile:
    """Read a TOML file. Raises `BadInput` if it is missing or does not parse."""
    try:
        text = path.read_text(encoding="utf-8")
        return TomlFile(path, tomllib.loads(text), text)
    except FileNotFoundError:
        raise BadInput(f"{path}: no such file") from None
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: not valid TOML: {error}") from None
