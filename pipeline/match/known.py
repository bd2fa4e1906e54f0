"""What is known of some documents from earlier runs, so that only new pairs are asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of some of n documents from before.

    `asked` bool[n]: the documents whose pairs are to be found. `elsewhere` int64[n]: a number for the group
    of those that are not clustered, but of whose words it is counted how rare they are; else -1. They come
    last. `pairs` int64[m, 2]: accepted ones of documents that are not asked for, the smaller number first,
    and `found_by` of each. They are judged again, since words that were rare may be so no more.
    """

    asked: NDArray[np.bool_]
    elsewhere: NDArray[np.int64]
    pairs: NDArray[np.int64]
    found_by: NDArray[np.object_]

    @classmethod
    def nothing(cls, n: int) -> Known:
        return cls(np.ones(n, bool), np.full(n, -1), np.zeros((0, 2), np.int64), np.zeros(0, object))
