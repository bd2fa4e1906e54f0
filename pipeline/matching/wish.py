"""That a run matches all pages anew lies in the lake before it does: a rerun, by whomever, does the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import TypeAdapter

from pipeline.config import Config, Engine
from pipeline.lake.store import Missing, Store


@dataclass(frozen=True, slots=True)
class Wish:
    """By which engine all pages are matched, within which memory ("4GiB"); None: as it is configured.
    `executors`: what those of Spark get, by the names that whatever submits it has for that."""

    engine: Engine | None = None
    memory: str | None = None
    executors: Mapping[str, str | int] = field(default_factory=dict)

    def within(self, config: Config) -> Config:
        """The configuration by which the run is matched. Raises `BadInput`."""
        by = config.run_by(self.engine, config.master) if self.engine else config
        return by.within(self.memory, None)


_JSON = TypeAdapter(Wish)


def leave(lake: Store, run_id: str, wish: Wish) -> None:
    """Have the run match all pages anew."""
    lake.put(_key(run_id), _JSON.dump_json(wish))


def left(lake: Store, run_id: str) -> Wish | None:
    """What was left for the run, if anything was."""
    try:
        return _JSON.validate_json(lake.get(_key(run_id)))
    except Missing:
        return None


def _key(run_id: str) -> str:
    return f"clusters/run={run_id}/rematch"
