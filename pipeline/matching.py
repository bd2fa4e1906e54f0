"""The match step: new pages are folded into the stories that stand, or all pages at once.

A run reads its own pages only. What earlier runs left is looked up in the worker's index, which reads on
from the lake where it stopped; only stories that the new pages could belong to are clustered again. The
first run in a lake, and one with other params or another scorecard, folds all pages. Its result is written
once: a rerun finds it.

    boilerplate/run=<run_id>/all.parquet    the chrome of all outlets
    pairs/run=<run_id>/all.parquet          pairs that were asked in this run, or stand in its clusters
    clusters/run=<run_id>/all.parquet       all documents of the stories that were touched; last
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.config import Config
from pipeline.index.chrome import adopt
from pipeline.index.fold import Folded, Page, fold_in
from pipeline.index.standing import Edges, Incoming, Index
from pipeline.lake import order, signatures
from pipeline.lake.pages import Documents, documents, documents_in
from pipeline.lake.segment import read_segment, write_segment
from pipeline.lake.store import Store
from pipeline.match.blocks import boilerplate, chrome_of, coded, url_keys
from pipeline.match.bridges import DIGEST, WEAK_BRIDGE
from pipeline.match.chrome import learn, read_lines, strip
from pipeline.match.cluster import cluster
from pipeline.match.figures import RARE, Articles
from pipeline.match.pairs import ACCEPTED, kept_pairs
from pipeline.match.scorecard import Scorecard, load_scorecard
from pipeline.match.sign import sign
from pipeline.match.verify import Verifier
from pipeline.match.words import Words, WordStore, read_words
from pipeline.model import Run
from pipeline.params import Params
from pipeline.segments import CLUSTERS, segment_key
