"""Story ids are minted once and never re-used; every change is an event that can be replayed.

Each cluster keeps the prior story that holds most of its documents, then the older, then the smaller
id; each story lives on in one cluster only. What is left over is created, merged or split off.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.segments import LEDGER

CREATED, ABSORBED, MERGED_INTO, SPLIT_FROM = "created", "absorbed", "merged_into", "split_from"


@dataclass(slots=True)
class Registry:
    """Every story id ever (`born`: its rank in the order of creation) and where each document stands."""

    born: dict[str, int] = field(default_factory=dict)
    story_of: dict[str, str] = field(default_factory=dict)
    merged: dict[str, str] = field(default_factory=dict)

    def live(self, story_id: str) -> str:
        """The id that `story_id` lives on under."""
        while story_id in self.merged:
            story_id = self.merged[story_id]
        return story_id


def replay(events: pa.Table) -> Registry:
    """The registry that a ledger (segments.LEDGER, in order) gives."""
    registry = Registry()
    columns = (events[name].to_pylist() for name in ("change", "story_id", "other_story_id", "doc_id"))
    for change, story_id, other, doc_id in zip(*columns, strict=True):
        if change in (CREATED, SPLIT_FROM):
            registry.born[story_id] = len(registry.born)
        elif change == ABSORBED:
            registry.story_of[doc_id] = story_id
        elif change == MERGED_INTO:
            registry.merged[story_id] = other
    return registry


def stories_of(events: pa.Table, doc_ids: pa.Array) -> pa.Array:
    """The live story id (string[n]) of each of n documents, null for one that the ledger (segments.LEDGER,
    in order) does not know. What `replay` gives, column by column."""
    changes = events["change"]
    absorbed = events.filter(pc.equal(changes, ABSORBED))
    latest = absorbed.take(np.arange(absorbed.num_rows)[::-1])  # index_in finds the first
    at = pc.index_in(doc_ids, value_set=latest["doc_id"].combine_chunks())
    coded = latest["story_id"].combine_chunks().take(at).dictionary_encode()
    registry = replay(events.filter(pc.equal(changes, MERGED_INTO)))
    live = [registry.live(story) for story in coded.dictionary.to_pylist()]
    return pa.array(live, pa.string()).take(coded.indices)


def identify(clusters: dict[str, list[str]], registry: Registry, run_id: str) -> pa.Table:
    """The run's events (segments.LEDGER). `clusters`: doc_ids of each cluster by its smallest doc_id."""
    prior = {doc: registry.live(story) for doc, story in registry.story_of.items()}
    held = {name: Counter(prior[doc] for doc in docs if doc in prior) for name, docs in clusters.items()}
    kept = _keep(held, registry)
    events: list[tuple[str, str, str | None, str | None]] = []
    names: dict[str, str] = {}
    used = set(registry.born)
    for name in sorted(clusters):
        story_id = kept.get(name)
        if story_id is None:
            story_id = _mint(name, used)
            used.add(story_id)
            parent = _most(held[name], registry)
            events.append((SPLIT_FROM if parent else CREATED, story_id, parent, None))
        names[name] = story_id
    survivors = set(kept.values())
    for story_id, name in sorted(_fate(held, survivors).items()):
        events.append((MERGED_INTO, story_id, names[name], None))
        registry.merged[story_id] = names[name]
    for name in sorted(clusters):
        for doc in sorted(clusters[name]):
            old = prior.get(doc)
            if old is None or registry.live(old) != names[name]:
                events.append((ABSORBED, names[name], old, doc))
    return _table(events, run_id)


def _keep(held: dict[str, Counter[str]], registry: Registry) -> dict[str, str]:
    """Which prior story each cluster keeps; a story is kept by one cluster at most."""
    claims = [
        (-count, registry.born[story], story, name)
        for name, stories in held.items()
        for story, count in stories.items()
    ]
    kept: dict[str, str] = {}
    taken: set[str] = set()
    for _, _, story, name in sorted(claims):
        if name not in kept and story not in taken:
            kept[name] = story
            taken.add(story)
    return kept


def _fate(held: dict[str, Counter[str]], survivors: set[str]) -> dict[str, str]:
    """For each story that no cluster keeps, the cluster that holds most of its documents."""
    shares: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    for name, stories in held.items():
        for story, count in stories.items():
            if story not in survivors:
                shares[story].append((-count, name))
    return {story: min(clusters)[1] for story, clusters in shares.items()}


def _most(stories: Counter[str], registry: Registry) -> str | None:
    return min(stories, key=lambda s: (-stories[s], registry.born[s], s), default=None)


def _mint(name: str, used: set[str]) -> str:
    """A new id from the cluster's smallest doc_id; salted if that id was given away before."""
    salt = 0
    while True:
        digest = hashlib.sha256(f"{name}\n{salt}".encode()).hexdigest()[:16]
        if f"s_{digest}" not in used:
            return f"s_{digest}"
        salt += 1


def _table(events: list[tuple[str, str, str | None, str | None]], run_id: str) -> pa.Table:
    changes, stories, others, docs = zip(*events, strict=True) if events else ((), (), (), ())
    return pa.table(
        {
            "run_id": pa.array([run_id] * len(events), pa.string()),
            "seq": pa.array(range(len(events)), pa.int32()),
            "change": pa.array(changes, pa.string()),
            "story_id": pa.array(stories, pa.string()),
            "other_story_id": pa.array(others, pa.string()),
            "doc_id": pa.array(docs, pa.string()),
        },
        LEDGER,
    )
