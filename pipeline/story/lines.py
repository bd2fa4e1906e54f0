"""The texts of a story's copies line by line: what is printed, and its words as they are compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.match.words import LINE, Words
from pipeline.segments import STRINGS

Ints = NDArray[np.int64]
Read = Callable[[pa.Table], Words]


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of n texts: text d has `text` (string[l]) and `words` opens[d]:opens[d + 1] (int64[n + 1]).

    A line of the outlet's chrome has no words.
    """

    text: pa.Array
    words: Words
    opens: Ints

    def texts(self) -> Words:
        """The words of each whole text."""
        return Words(
            self.words.words, self.words.starts[self.opens[:-1]], self.words.ends[self.opens[1:] - 1]
        )

    def between(self, first: int, past: int) -> list[int]:
        """The hashed words of some lines that follow each other."""
        if first == past:
            return []
        own = self.words.words[self.words.starts[first] : self.words.ends[past - 1]]
        return list((own & ~np.uint32(LINE)).tolist())

    def lists(self, lines: Ints, owners: Ints, n: int) -> pa.Array:
        """The text of k lines as n lists (list<string>); `owners` int64[k], ascending: whose each is."""
        offsets = np.append(0, np.cumsum(np.bincount(owners, minlength=n)))
        printed = self.text.take(pa.array(lines))
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), printed).cast(STRINGS)


def read_lines(pages: pa.Table, read: Read) -> Lines:
    """The lines of n pages (outlet_id, body of segments.PAGES); `read` gives the words of some texts as they
    are compared, line by line as well as whole, since chrome is whole lines."""
    split = pc.split_pattern(pages["body"].combine_chunks(), "\n")
    text = pc.list_flatten(split)
    outlets = pages["outlet_id"].combine_chunks().take(pc.list_parent_indices(split))
    words = read(pa.table({"outlet_id": outlets, "body": text}))
    return Lines(text, words, np.append(0, np.cumsum(pc.list_value_length(split).to_numpy())))
