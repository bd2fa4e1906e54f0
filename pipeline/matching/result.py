"""What a run's matching leaves in the lake: chrome, pairs, and last its clusters, which say how they were
made.

boilerplate/run=<run_id>/all.parquet    the chrome of all outlets
pairs/run=<run_id>/all.parquet          pairs that were asked in this run, or stand in its clusters
clusters/run=<run_id>/all.parquet       all documents of the stories that were touched
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.lake.segment import to_parquet, write_segment
from pipeline.lake.store import Store
from pipeline.segments import CLUSTERS, segment_key

ALL = "all"
_META = b"wirefold"


@dataclass(frozen=True, slots=True)
class Matched:
    """What matching found. Units: documents, pairs, clusters. `pages`: in the lake; `touched`: documents of
    the stories that were clustered; `capped` counts buckets too large to multiply out."""

    pages: int
    new_pages: int
    touched: int
    candidates: int
    accepted: int
    capped: int
    clusters: int


@dataclass(frozen=True, slots=True)
class Result:
    """What a run writes: schema.BOILERPLATE, segments.PAIRS, segments.CLUSTERS, and what was found. `pages`:
    doc_id and body_sha256 of the pages that it matched."""

    pages: pa.Table
    chrome: pa.Table
    pairs: pa.Table
    clusters: pa.Table
    matched: Matched


@dataclass(frozen=True, slots=True)
class Done:
    """How a run was matched: by which `kind` of matching (its params and scorecard), whether it folded all
    pages, and a digest of its result and of all before it."""

    kind: str
    whole: bool
    mark: str
    matched: Matched


def done(lake: Store, run_id: str) -> Done | None:
    """How the run was matched; None if it was not, or by a version that did not say so."""
    key = segment_key("clusters", run_id, ALL)
    if not lake.exists(key):
        return None
    with lake.open(key) as stored:
        told = (pq.read_schema(stored).metadata or {}).get(_META)
    content: dict[str, Any] = json.loads(told) if told else {}
    return Done(**{**content, "matched": Matched(**content["matched"])}) if content else None


def write(lake: Store, run_id: str, result: Result, kind: str, whole: bool, before: str) -> None:
    """Write a run's result, the clusters last: they say that it is there. `before`: the mark of the last
    run."""
    write_segment(lake, segment_key("boilerplate", run_id, ALL), result.chrome)
    write_segment(lake, segment_key("pairs", run_id, ALL), result.pairs)
    digest = hashlib.sha256(before.encode())
    for table in (result.pages, result.clusters, result.chrome, result.pairs):
        digest.update(to_parquet(table))
    told = asdict(Done(kind, whole, digest.hexdigest(), result.matched))
    rows = result.clusters.cast(CLUSTERS.with_metadata({_META: json.dumps(told).encode()}))
    write_segment(lake, segment_key("clusters", run_id, ALL), rows)
