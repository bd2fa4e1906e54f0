"""How the published tables refer to each other: which columns of a table name a row of another.

Each holds for every row of a release in which the columns are not null. What a reader must not rely on is not
here: `changes` goes back further than the documents and runs that it names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """`columns` of a table have the values that `parent` has in a row of `table`."""

    columns: tuple[str, ...]
    table: str
    parent: tuple[str, ...]


def _key(column: str, parent: str) -> ForeignKey:
    table, _, name = parent.partition(".")
    return ForeignKey((column,), table, (name,))


def _pair(first: str, second: str, table: str) -> ForeignKey:
    return ForeignKey((first, second), table, (first, second))


FOREIGN_KEYS: Mapping[str, tuple[ForeignKey, ...]] = {
    "stories": (
        _key("story_id", "registry.story_id"),
        _key("canonical_doc_id", "republications.doc_id"),
        _key("takedown_id", "takedowns.takedown_id"),
    ),
    "republications": (
        _key("story_id", "stories.story_id"),
        _pair("story_id", "version_no", "versions"),
        _pair("story_id", "outlet_id", "pickups"),
        _key("outlet_id", "outlets.outlet_id"),
        _pair("run_id", "outlet_id", "runs"),
        _key("takedown_id", "takedowns.takedown_id"),
    ),
    "versions": (
        _key("story_id", "stories.story_id"),
        _key("representative_doc_id", "republications.doc_id"),
    ),
    "pickups": (_key("story_id", "stories.story_id"), _key("outlet_id", "outlets.outlet_id")),
    "edges": (
        _key("story_id", "stories.story_id"),
        _key("doc_id_a", "republications.doc_id"),
        _key("doc_id_b", "republications.doc_id"),
    ),
    "changes": (_key("story_id", "registry.story_id"), _key("other_story_id", "registry.story_id")),
    "registry": (_key("current_story_id", "registry.story_id"),),
    "boilerplate": (_key("outlet_id", "outlets.outlet_id"),),
    "quarantine": (_pair("run_id", "outlet_id", "runs"),),
}
