"""Chrome as rows: what a run learned is stored and published, and read again wherever texts are compared.

The rows are those of schema.BOILERPLATE. Of the texts only digests are held; a line's own text comes
from one pass over the bodies, from the document that held it first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.match.chrome import Chrome, Learned, read_lines, strip
from pipeline.match.kernels import shingles
from pipeline.match.normalise import LINE_ENDS
from pipeline.match.words import Words, buffers, read_words
from pipeline.model import NO_OUTLET
from pipeline.schema import BOILERPLATE

_LONGEST = 300  # characters kept of a line


def coded(outlet_ids: pa.Array) -> tuple[NDArray[np.int32], pa.Array]:
    """The outlets of n documents (string[n]) as codes (int32[n], -1 for none), and the ids by code."""
    encoded = nobody_is_none(outlet_ids).dictionary_encode()
    return pc.fill_null(encoded.indices, -1).to_numpy().astype(np.int32), encoded.dictionary


def nobody_is_none(outlet_ids: pa.Array) -> pa.Array:
    """The outlets (string[n]), null for pages of none that is known."""
    return pc.if_else(pc.equal(outlet_ids, NO_OUTLET), pa.scalar(None, pa.string()), outlet_ids)


def url_keys(urls: pa.Array | pa.ChunkedArray) -> NDArray[np.int64]:
    """The addresses of n documents (string[n]) as int64[n]: equal for equal ones, -1 for none. A place in a
    file is none: tomorrow's file has the same name."""
    texts = urls.cast(pa.large_string())
    texts = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    texts = texts.fill_null("file:")
    keys = (digest_strings(texts) >> np.uint64(1)).astype(np.int64)
    return np.where(pc.starts_with(texts, "file:").to_numpy(zero_copy_only=False), -1, keys)


def digest_strings(texts: pa.Array | pa.ChunkedArray) -> NDArray[np.uint64]:
    """64 bits of each string (string[n], none null), uint64[n]."""
    texts = texts.cast(pa.large_string())
    data, offsets = buffers(texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts)
    digests = np.empty(len(texts), np.uint64)
    shingles.digest_strings(data, offsets, digests)
    return digests


def boilerplate(
    learned: Learned,
    outlet_ids: pa.Array,
    pages: NDArray[np.int64],
    bodies: Iterable[tuple[NDArray[np.int64], pa.Array]],
) -> pa.Table:
    """schema.BOILERPLATE of what was learned from n documents.

    `outlet_ids`: the outlets by their codes, as `coded` gave them; `pages` int64: documents of each.
    `bodies`: all of them once, as pairs of k documents' numbers and texts (int64[k], string[k]). Times are
    those that `learn` got, in microseconds.
    """
    chrome = learned.chrome
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
    return _sorted(pa.Table.from_arrays(rows, schema=BOILERPLATE.schema))


def chrome_of(rows: pa.Table, outlets: NDArray[np.int32]) -> Chrome:
    """The chrome lines of schema.BOILERPLATE (k rows); `outlets` int32[k]: their outlets' codes."""
    return Chrome(outlets, _unhex(rows["line_hash"]))


def seen_again(
    rows: pa.Table, pages: NDArray[np.int64], last: NDArray[np.int64], of_outlet: NDArray[np.int64]
) -> pa.Table:
    """The rows of schema.BOILERPLATE (k) after some new pages: `pages` int64[k], how many of them hold each
    line; `last` int64[k], when the last of these was seen, in microseconds; `of_outlet` int64[k], all pages
    of the line's outlet. Each of the new pages is held to be another article."""
    before = rows["pages"].to_numpy()
    columns = {
        "articles": rows["articles"].to_numpy() + pages,
        "pages": before + pages,
        "share": (before + pages) / np.maximum(of_outlet, 1),
        "last_seen_at": np.maximum(rows["last_seen_at"].cast(pa.int64()).to_numpy(), last),
    }
    for name, values in columns.items():
        at = BOILERPLATE.schema.get_field_index(name)
        rows = rows.set_column(
            at, BOILERPLATE.schema.field(at), pa.array(values).cast(rows.schema.field(at).type)
        )
    return rows


def joined(tables: Sequence[pa.Table]) -> pa.Table:
    """Rows of schema.BOILERPLATE as one table, in its order."""
    return _sorted(pa.concat_tables(tables))


def _sorted(rows: pa.Table) -> pa.Table:
    return rows.sort_by([(name, "ascending") for name in BOILERPLATE.sort])


def compared(outlet_ids: pa.Array, bodies: pa.Array, rows: pa.Table) -> Words:
    """The words of n documents (string[n] each) as they are compared: without the lines that `rows`, of
    schema.BOILERPLATE, name for their outlets."""
    known = pc.unique(rows["outlet_id"])
    chrome = chrome_of(rows, _places(rows["outlet_id"], known))
    return strip(read_lines(read_words(bodies), _places(outlet_ids, known)), chrome)


def held_by(outlet_ids: pa.ChunkedArray, bodies: pa.Array, rows: pa.Table) -> NDArray[np.int64]:
    """How many of n documents (string[n] each) hold each line of schema.BOILERPLATE (k rows), int64[k]."""
    known = pc.unique(rows["outlet_id"])
    keys = chrome_of(rows, _places(rows["outlet_id"], known)).keys
    lines = read_lines(read_words(bodies), _places(outlet_ids, known))
    owners = np.repeat(np.arange(len(bodies), dtype=np.uint64), np.diff(lines.opens))
    found, pages = np.unique(np.unique(np.stack([lines.keys, owners]), axis=1)[0], return_counts=True)
    at = np.minimum(np.searchsorted(found, keys), max(len(found) - 1, 0))
    return np.where(found[at] == keys, pages[at], 0) if len(found) else np.zeros(len(keys), np.int64)


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
