"""Documents of the lake as they are compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.index.standing import Pages
from pipeline.lake.pages import Documents
from pipeline.match.blocks import nobody_is_none, url_keys
from pipeline.match.figures import Articles
from pipeline.match.words import Words, WordStore, read_words

NAMED = ("doc_id", "body_sha256")
NARROW = ("outlet_id", "url_normalised", "headline", "published_at")


def times_of(pages: pa.Table, first_seen_at: pa.Array) -> NDArray[np.int64]:
    """When each page was published, by its own words or else when it was first seen, int64[n] in
    microseconds."""
    times = pc.coalesce(pages["published_at"].combine_chunks(), first_seen_at)
    return np.asarray(times.cast(pa.int64()).to_numpy(), np.int64)


def all_words(docs: Documents) -> Words:
    """The words of all bodies."""
    store, places = WordStore(), []
    for rows, texts in docs.stream(["body"]):
        places.append(rows)
        store.add(texts["body"].combine_chunks())
    return store.words().take(np.argsort(np.concatenate(places))) if places else store.words()


def new_pages(
    docs: Documents, fresh: NDArray[np.bool_], codes: Callable[[pa.Array], NDArray[np.int32]], most: int
) -> Iterator[tuple[Pages, pa.Array]]:
    """Those of the documents that are `fresh` (bool[n]), with their chrome, and their bodies (string[k]); at
    least `most` at once, but for the last. `codes`: of outlets, as `Index.outlet_codes`."""
    held: list[pa.Table] = []
    places: list[NDArray[np.int64]] = []
    for rows, texts in docs.stream((*NARROW, "body")):
        kept = np.flatnonzero(fresh[rows])
        places.append(rows[kept])
        held.append(texts.take(pa.array(kept)))
        if sum(map(len, places)) >= most:
            yield _pages(docs, np.concatenate(places), pa.concat_tables(held), codes)
            held, places = [], []
    if sum(map(len, places)):
        yield _pages(docs, np.concatenate(places), pa.concat_tables(held), codes)


def no_pages() -> tuple[Pages, pa.Array]:
    """None at all, in the same form."""
    none, nothing = pa.array([], pa.string()), np.zeros(0, np.int64)
    articles = Articles(read_words(none), read_words(none), nothing, nothing)
    return Pages(none, nothing.astype(np.int32), nothing, articles), none


def _pages(
    docs: Documents, rows: NDArray[np.int64], table: pa.Table, codes: Callable[[pa.Array], NDArray[np.int32]]
) -> tuple[Pages, pa.Array]:
    table = table.combine_chunks()
    at = pa.array(rows)
    articles = Articles(
        read_words(table["body"].combine_chunks()),
        read_words(table["headline"].combine_chunks()),
        url_keys(table["url_normalised"]),
        times_of(table, docs.first_seen_at.take(at)),
    )
    outlets = codes(nobody_is_none(table["outlet_id"].combine_chunks()))
    seen = docs.first_seen_at.take(at).cast(pa.int64()).to_numpy()
    return Pages(docs.doc_ids.take(at), outlets, seen, articles), table["body"].combine_chunks()
