"""What can go wrong in a way that the person at the keyboard can mend.

The command line turns `BadInput` into exit code 2 and one line, `Failed` into exit code 1;
everything else is a bug and keeps its traceback.
"""

from __future__ import annotations

from pathlib import Path


class WirefoldError(Exception):
    """Base of the errors that are shown without a traceback."""


class BadInput(WirefoldError):
    """Input or configuration is wrong: says what, where, and what was expected."""

    @classmethod
    def at(cls, path: Path | str, line: int | None, field: str, problem: str) -> BadInput:
        """An error with its place: `outlets.toml:14: feeds: expected a list of URLs, got 3`."""
        place = f"{path}:{line}" if line else f"{path}"
        return cls(f"{place}: {field}: {problem}")


class Failed(WirefoldError):
    """The work was understood but could not be done; nothing was released."""


class CheckFailed(Failed):
    """A release's checks of level `error` did not hold, so nothing was released."""
