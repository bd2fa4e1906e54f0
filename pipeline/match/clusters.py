"""What clustering gives: a cluster for each document, and the pairs that made it so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.match.verify import Verdicts

FOUND_BY = ("bands", "anchors", "url", "judgement")  # what brought a pair to be verified
BY_BANDS, BY_ANCHORS, BY_URL, BY_JUDGEMENT = FOUND_BY


@dataclass(frozen=True, slots=True)
class Clusters:
    """`labels` int64[n]: the number of each document's cluster, which is its first document's.

    `same_text` int64[n]: the first document with the same text. `verdicts` on the pairs that were asked and
    accepted or came near the line, ascending, `found_by` what found each; `refused_as`: for each, why an
    accepted verdict still joined nothing, or ""; `said` int8[m]: what a person said of the pair, 1 the same,
    -1 different, 0 nothing. `candidates`, `capped`: pairs verified, and buckets too large to multiply out.
    """

    labels: NDArray[np.int64]
    same_text: NDArray[np.int64]
    verdicts: Verdicts
    found_by: NDArray[np.object_]
    refused_as: NDArray[np.object_]
    said: NDArray[np.int8]
    candidates: int
    capped: int

    @property
    def joined(self) -> NDArray[np.bool_]:
        """Which of the verdicts put their two documents into one cluster."""
        found = self.verdicts.accepted & (self.refused_as == "") & (self.said == 0)
        return np.asarray(found | (self.said > 0), np.bool_)
