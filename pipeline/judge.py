"""A person's word on two documents: taken down for good, unless it contradicts what was said before."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import BadInput
from pipeline.lake import judgements
from pipeline.lake.store import Store
from pipeline.model import Run
from pipeline.publish.release import read_table
from pipeline.segments import JUDGEMENTS
from pipeline.story.judgements import VERDICTS, binding, contradictions


def judge(
    lake: Store, doc_a: str, doc_b: str, verdict: str, *, by: str, at: datetime, why: str
) -> dict[str, object]:
    """Take down a judgement; gives the row of segments.JUDGEMENTS. The same one again changes nothing.

    Raises `BadInput` for another verdict than same, different and skip, a document that the newest release
    lacks, a pair of one document, no reason, or a contradiction, whose chain of `same` it names.
    """
    if verdict not in VERDICTS:
        raise BadInput(f"verdict {verdict!r}: expected {', '.join(VERDICTS)}")
    if not why.strip():
        raise BadInput("--why: expected a reason, got nothing")
    if doc_a == doc_b:
        raise BadInput(f"{doc_a}: expected two documents, got one twice")
    known = read_table(lake, "republications", columns=["doc_id"])["doc_id"]
    for doc in (doc_a, doc_b):
        if not pc.is_in(pa.scalar(doc), value_set=known).as_py():
            raise BadInput(f"{doc}: no such doc_id in the newest release of {lake.url}")
    a, b = sorted((doc_a, doc_b))
    said = {"doc_id_a": a, "doc_id_b": b, "verdict": verdict, "by": by, "at": at.astimezone(UTC), "why": why}
    digest = hashlib.sha256("\n".join(map(str, said.values())).encode()).hexdigest()
    row = said | {"judgement_id": f"j_{digest[:16]}"}
    while True:
        earlier = judgements.read(lake)
        now = binding(pa.concat_tables([earlier, pa.Table.from_pylist([row], JUDGEMENTS)]))
        if row["judgement_id"] in binding(earlier)["judgement_id"].to_pylist():
            return row
        if wrong := contradictions(now):
            chain = " = ".join(wrong[0])
            raise BadInput(f"{wrong[0][0]} and {wrong[0][-1]} were judged different, but by `same` {chain}")
        if judgements.append(lake, row, earlier.num_rows + 1):
            return row


def judged(lake: Store) -> pa.Table:
    """The binding judgements (segments.JUDGEMENTS), by pair."""
    return binding(judgements.read(lake))


def judgements_of(lake: Store, run: Run) -> pa.Table:
    """The judgements (segments.JUDGEMENTS) that bind in a run, by pair: the last on each pair among
    those that there were when the run took its place in the order."""
    return binding(judgements.judgements_before(lake, run))
