"""Chrome as rows: what a run learned is stored and published, and read again wherever texts are compared.

The rows are those of schema.BOILERPLATE. Of the texts only digests are held; a line's own text comes
from one pass over the bodies, from the document that held it first.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.match.chrome import Chrome, Learned, read_lines, strip
from pipeline.match.normalise import LINE_ENDS
from pipeline.match.words import Words, read_words
from pipeline.schema import BOILERPLATE
from pipeline.segments import NO_OUTLET

_LONGEST = 300  # characters kept of a line


def coded(outlet_ids: pa.Array) -> tuple[NDArray[np.int32], pa.Array]:
    """The outlets of n documents (string[n]) as codes (int32[n], -1 for none), and the ids by code."""
    encoded = outlet_ids.dictionary_encode()
    codes = pc.fill_null(encoded.indices, -1).to_numpy()
    nobody = pc.index(encoded.dictionary, pa.scalar(NO_OUTLET)).as_py()
    return np.where(codes == nobody, -1, codes).astype(np.int32), encoded.dictionary


def url_codes(urls: pa.Array | pa.ChunkedArray) -> NDArray[np.int64]:
    """The addresses of n documents (string[n]) as codes, int64[n], -1 for none."""
    codes = urls.cast(pa.string()).combine_chunks().dictionary_encode().indices
    return np.asarray(pc.fill_null(codes, -1).to_numpy(zero_copy_only=False), np.int64)


def boilerplate(
    learned: Learned,
    outlets: NDArray[np.int32],
    outlet_ids: pa.Array,
    bodies: Iterable[tuple[NDArray[np.int64], pa.Array]],
) -> pa.Table:
    """schema.BOILERPLATE of what was learned from n documents.

    `outlets`, `outlet_ids`: as `coded` gave them. `bodies`: all of them once, as pairs of k documents'
    numbers and texts (int64[k], string[k]). Times are those that `learn` got, in microseconds.
    """
    chrome = learned.chrome
    pages = np.bincount(outlets[outlets >= 0], minlength=len(outlet_ids))
    columns = {
        "outlet_id": outlet_ids.take(pa.array(chrome.outlets)),
        "line_hash": _hex(chrome.lines),
        "block": _blocks(learned, bodies),
        "articles": learned.articles,
        "pages": learned.pages,
        "share": learned.pages / np.maximum(pages[chrome.outlets], 1),
        "first_seen_at": learned.spans[:, 0],
        "last_seen_at": learned.spans[:, 1],
    }
    rows = [pa.array(columns[field.name]).cast(field.type) for field in BOILERPLATE.schema]
    table = pa.Table.from_arrays(rows, schema=BOILERPLATE.schema)
    return table.sort_by([(name, "ascending") for name in BOILERPLATE.sort])


def compared(outlet_ids: pa.Array, bodies: pa.Array, rows: pa.Table) -> Words:
    """The words of n documents (string[n] each) as they are compared: without the lines that `rows`, of
    schema.BOILERPLATE, name for their outlets."""
    known = pc.unique(rows["outlet_id"])
    chrome = Chrome(_places(rows["outlet_id"], known), _unhex(rows["line_hash"]))
    return strip(read_lines(read_words(bodies), _places(outlet_ids, known)), chrome)


def _places(values: pa.Array | pa.ChunkedArray, known: pa.Array) -> NDArray[np.int32]:
    places = pc.fill_null(pc.index_in(values, value_set=known), -1)
    return np.asarray(places.to_numpy(), np.int32)


def _blocks(learned: Learned, bodies: Iterable[tuple[NDArray[np.int64], pa.Array]]) -> pa.Array:
    """The text of each chrome line in the document that held it first."""
    # a line's key with the document in the place of the outlet
    wanted = Chrome(learned.firsts.astype(np.int32), learned.chrome.lines).keys
    order = np.argsort(wanted)
    found = np.full(len(wanted), "", object)
    for docs, texts in bodies:
        here = np.flatnonzero(np.isin(docs, learned.firsts))
        split = pc.split_pattern_regex(texts.take(pa.array(here)), f"[{LINE_ENDS}]")
        text, owner = pc.list_flatten(split), docs[here][pc.list_parent_indices(split).to_numpy()]
        lines = read_lines(read_words(text), owner.astype(np.int32))
        held = np.flatnonzero(np.diff(lines.opens))  # the others have no word
        at = np.searchsorted(wanted, lines.keys, sorter=order)
        hits = np.flatnonzero(wanted[order[np.minimum(at, len(order) - 1)]] == lines.keys)
        whole = pc.utf8_trim_whitespace(text.take(pa.array(held[hits])))
        found[order[at[hits]]] = pc.utf8_slice_codeunits(whole, 0, _LONGEST).to_numpy(zero_copy_only=False)
    return pa.array(found, pa.string())


def _hex(lines: NDArray[np.uint64]) -> list[str]:
    digits = lines.astype(">u8").tobytes().hex()
    return [digits[at : at + 16] for at in range(0, len(digits), 16)]


def _unhex(hashes: pa.ChunkedArray) -> NDArray[np.uint64]:
    return np.frombuffer(bytes.fromhex("".join(hashes.to_pylist())), ">u8").astype(np.uint64)
