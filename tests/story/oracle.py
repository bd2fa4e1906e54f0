"""What `identify` must say, document by document over dictionaries, and tools for ledgers in tests."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import count

import pyarrow as pa

from pipeline.segments import CLUSTERS, LEDGER
from pipeline.story.identity import Replayed, identify

Groups = list[list[str]]
Event = tuple[str, str, str | None, str | None]


@dataclass
class Registry:
    """Every story id ever by its rank of birth, where each document was put, what was merged."""

    born: dict[str, int] = field(default_factory=dict)
    story_of: dict[str, str] = field(default_factory=dict)
    merged: dict[str, str] = field(default_factory=dict)

    def live(self, story: str) -> str:
        while story in self.merged:
            story = self.merged[story]
        return story

    def stories(self) -> dict[str, str]:
        return {doc: self.live(story) for doc, story in self.story_of.items()}


def replay(events: pa.Table) -> Registry:
    registry = Registry()
    for row in events.to_pylist():
        if row["change"] in ("created", "split_from"):
            assert row["story_id"] not in registry.born, "an id was minted twice"
            registry.born[row["story_id"]] = len(registry.born)
        elif row["change"] == "absorbed":
            registry.story_of[row["doc_id"]] = row["story_id"]
        else:
            registry.merged[row["story_id"]] = row["other_story_id"]
    return registry


def rows_of(groups: Groups) -> pa.Table:
    """segments.CLUSTERS, in no order."""
    rows = [(doc, min(group)) for group in groups for doc in reversed(group)]
    docs, names = zip(*rows, strict=True) if rows else ((), ())
    asked = pa.repeat(pa.scalar(True), len(docs))
    return pa.table([pa.array(docs, pa.string()), pa.array(names, pa.string()), asked], CLUSTERS)


def ledger(*runs: pa.Table) -> pa.Table:
    return pa.concat_tables([LEDGER.empty_table(), *runs])


def run(history: list[pa.Table], groups: Groups) -> dict[str, str]:
    """One run over the clusters; the story of each document afterwards."""
    history.append(identify(rows_of(groups), Replayed(ledger(*history)), f"run{len(history)}"))
    return replay(ledger(*history)).stories()


def events_of(groups: Groups, history: pa.Table) -> list[Event]:
    """The events by the rule, for all clusters."""
    registry = replay(history)
    prior = registry.stories()
    clusters = {min(group): group for group in groups}
    held = {name: Counter(prior[d] for d in docs if d in prior) for name, docs in clusters.items()}
    kept = _keep(held, registry)
    events: list[Event] = []
    names: dict[str, str] = {}
    used = set(registry.born)
    for name in sorted(clusters):
        names[name] = kept.get(name) or _mint(name, used)
        used.add(names[name])
        if name not in kept:
            best = [(-held[name][story], registry.born[story], story) for story in held[name]]
            parent = min(best)[2] if best else None
            events.append(("split_from" if parent else "created", names[name], parent, None))
    shares: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    for name, stories in held.items():
        for story in stories:
            if story not in kept.values():
                shares[story].append((-stories[story], name))
    for story in sorted(shares):
        registry.merged[story] = names[min(shares[story])[1]]
        events.append(("merged_into", story, registry.merged[story], None))
    for name in sorted(clusters):
        for doc in sorted(clusters[name]):
            old = prior.get(doc)
            if old is None or registry.live(old) != names[name]:
                events.append(("absorbed", names[name], old, doc))
    return events


def _keep(held: dict[str, Counter[str]], registry: Registry) -> dict[str, str]:
    claims = sorted(
        (-stories[story], registry.born[story], story, name)
        for name, stories in held.items()
        for story in stories
    )
    kept: dict[str, str] = {}
    for _, _, story, name in claims:
        if name not in kept and story not in kept.values():
            kept[name] = story
    return kept


def _mint(name: str, used: set[str]) -> str:
    salted = (hashlib.sha256(f"{name}\n{salt}".encode()).hexdigest() for salt in count())
    return next(made for digest in salted if (made := f"s_{digest[:16]}") not in used)
