"""Until when each text stood at its address: what later fetches of the address tell.

A fetch that found nothing new confirms the text that stood there; another text at the address replaced it;
an answer of 404 or 410, and none later with a page, means that it is gone, unless it must be said again first
(reason `missing`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.segments import TIME

Ints = NDArray[np.int64]
_NEVER = np.iinfo(np.int64).max
_GONE = (404, 410)


@dataclass(frozen=True, slots=True)
class Presence:
    """For each of n documents; times timestamp[us, UTC][n].

    `last_seen_at`: when it was last found at its address. `replaced_at`, `gone_at`: when another text, or
    none, was found there afterwards; null while it stands. `before` int64[n]: the document that it replaced,
    or -1.
    """

    last_seen_at: pa.Array
    replaced_at: pa.Array
    gone_at: pa.Array
    before: Ints

    def dated(self, since: Ints) -> Presence:
        """The same, each replaced when the text that followed says that it came (int64[n] microseconds)."""
        new = np.flatnonzero(self.before >= 0)
        at = _micros(self.replaced_at)
        at[self.before[new]] = since[new]
        return replace(self, replaced_at=_times(at))

    def take(self, rows: Ints) -> Presence:
        """Of those rows alone (ascending); what stood before is -1 where it is not among them."""
        place = np.full(len(self.before) + 1, -1)
        place[rows] = np.arange(len(rows))
        last, replaced, gone = (
            times.take(pa.array(rows)) for times in (self.last_seen_at, self.replaced_at, self.gone_at)
        )
        return Presence(last, replaced, gone, place[self.before[rows]])


def presence(
    doc_ids: pa.Array, urls: pa.Array, first_seen_at: pa.Array, last_seen_at: pa.Array, fetches: pa.Table
) -> Presence:
    """What became of n documents at their addresses (string[n] each).

    `first_seen_at`, `last_seen_at` timestamp[us][n]: when each was fetched first and last; `fetches`: url,
    final_url, outcome, reason, http_status, fetched_at of segments.FETCHES.
    """
    coded = pc.if_else(pc.equal(urls, ""), doc_ids, urls).dictionary_encode()  # "": no address to return to
    url = coded.indices.to_numpy().astype(np.int64)
    first, last = (times.cast(pa.int64()).to_numpy() for times in (first_seen_at, last_seen_at))
    asked = _addresses(fetches, coded.dictionary)
    at = fetches["fetched_at"].cast(pa.int64()).to_numpy()
    told = pc.is_in(fetches["http_status"], value_set=pa.array(_GONE, pa.int16()))
    doubtful = pc.equal(pc.fill_null(fetches["reason"], ""), "missing")
    missing = pc.and_not(told, doubtful).to_numpy()
    unchanged = pc.equal(fetches["outcome"], "unchanged").to_numpy()
    last = _confirmed(url, first, last, asked, at, unchanged & (asked >= 0))
    replaced, before = _replaced(url, first, last)
    newest = np.full(len(coded.dictionary), -1)
    np.maximum.at(newest, url, last)
    lost = np.full(len(coded.dictionary), _NEVER)
    rows = np.flatnonzero(missing & (asked >= 0))
    rows = rows[at[rows] > newest[asked[rows]]]
    np.minimum.at(lost, asked[rows], at[rows])
    gone = np.where(replaced == _NEVER, lost[url], _NEVER)
    return Presence(_times(last), _times(replaced), _times(gone), before)


def _addresses(fetches: pa.Table, known: pa.Array) -> Ints:
    """The place in `known` of the address that each fetch ended at, int64[m], -1 for none.

    A fetch that brought no page says only what was asked for; earlier ones tell where that led.
    """
    led = fetches.filter(pc.is_valid(fetches["final_url"]))
    to = led["final_url"].take(pc.index_in(fetches["url"], value_set=led["url"].combine_chunks()))
    ended = pc.coalesce(fetches["final_url"], to, fetches["url"])
    return np.asarray(pc.fill_null(pc.index_in(ended, value_set=known), -1).to_numpy(), np.int64)


def _confirmed(
    url: Ints, first: Ints, last: Ints, asked: Ints, at: Ints, unchanged: NDArray[np.bool_]
) -> Ints:
    """When each document was last seen, fetches that found nothing new counted for what stood there."""
    rows, n = np.flatnonzero(unchanged), len(url)
    place = np.concatenate([url, url, asked[rows]])
    time = np.concatenate([first, last, at[rows]])
    doc = np.concatenate([np.arange(n), np.arange(n), np.full(len(rows), -1)])
    order = np.lexsort((doc < 0, time, place))
    place, time, doc = place[order], time[order], doc[order]
    stood = np.maximum.accumulate(np.where(doc >= 0, np.arange(len(doc)), 0))
    seen = last.copy()
    found = np.flatnonzero((doc < 0) & (place[stood] == place)) if len(doc) else np.zeros(0, np.int64)
    np.maximum.at(seen, doc[stood[found]], time[found])
    return seen


def _replaced(url: Ints, first: Ints, last: Ints) -> tuple[Ints, Ints]:
    """When each document's address first showed another one for good, and which one it showed before."""
    order = np.lexsort((first, last, url))
    old, new = order[:-1], order[1:]
    later = (url[old] == url[new]) & (last[old] < last[new])
    old, new = old[later], new[later]
    replaced, before = np.full(len(url), _NEVER), np.full(len(url), -1)
    fresh = first[new] > last[old]  # else it stood there before, too
    replaced[old] = np.where(fresh, first[new], last[new])
    before[new[fresh]] = old[fresh]
    return replaced, before


def _micros(times: pa.Array) -> Ints:
    return np.array(pc.fill_null(times.cast(pa.int64()), _NEVER).to_numpy(), np.int64)


def _times(micros: Ints) -> pa.Array:
    return pa.array(micros, TIME, mask=micros == _NEVER)
