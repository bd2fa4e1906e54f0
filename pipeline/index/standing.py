"""What stands: every document that was matched, its words as they are compared, its story, and its keys.

A worker's own copy, made from the lake's immutable segments alone and thrown away whenever it is in doubt:
it costs one reading of the pages to make, and a run reads on from where the last one stopped. What is looked
up is mapped, not loaded. Documents are numbered in the order in which they were entered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.index import kernels
from pipeline.index.kept import Kept
from pipeline.index.keys import DOC_ID, LINE, STORY_ID, TEXT, URL, TextKeys, keys_of, text_keys
from pipeline.match.blocks import digest_strings
from pipeline.match.chrome import Chrome, read_lines, strip
from pipeline.match.figures import Articles
from pipeline.match.kernels.groups import roots, unite_all
from pipeline.match.words import Words, buffers
from pipeline.params import Params

_Entries = tuple[NDArray[np.uint64], NDArray[np.int64]]
_COPIES = 256  # of one text


@dataclass(frozen=True, slots=True)
class Pages:
    """k documents: `doc_ids` string[k]; `outlets` int32[k], codes of `Index.outlet_codes`, -1 for none;
    `seen` int64[k], when each was fetched first, in microseconds; what of them is compared."""

    doc_ids: pa.Array
    outlets: NDArray[np.int32]
    seen: NDArray[np.int64]
    articles: Articles

    def __len__(self) -> int:
        return len(self.outlets)


@dataclass(frozen=True, slots=True)
class Edges:
    """m accepted pairs of documents by their numbers: `pairs` int64[m, 2]; `sure` bool[m]: whatever else
    stands in the lake; `found_by` int8[m]: what found them, an index into match.clusters.FOUND_BY."""

    pairs: NDArray[np.int64]
    sure: NDArray[np.bool_]
    found_by: NDArray[np.int8]


class Index(Kept):
    """The index in a folder, and what is asked of it."""

    def __len__(self) -> int:
        return len(self.columns["outlets"])

    def outlet_codes(self, ids: pa.Array) -> NDArray[np.int32]:
        """Codes of the outlets (string[k], null for none) of some documents; new ones are added."""
        encoded = ids.dictionary_encode()
        known = {outlet: code for code, outlet in enumerate(self.outlet_ids)}
        codes = [known.setdefault(outlet, len(known)) for outlet in encoded.dictionary.to_pylist()]
        self.outlet_ids = list(known)
        self.outlet_pages += [0] * (len(known) - len(self.outlet_pages))
        table = np.array([*codes, -1], np.int32)
        return np.asarray(table[encoded.indices.fill_null(len(codes)).to_numpy()], np.int32)

    def enter(self, new: Pages, params: Params) -> None:
        """Enter documents that are not in the index. Each is a story of its own until `settle`."""
        numbers = np.arange(len(self), len(self) + len(new))
        bodies, heads, urls = (
            new.articles.words.compact(),
            new.articles.headlines.compact(),
            new.articles.urls,
        )
        self._append_texts("ids", "id_starts", "id_ends", new.doc_ids)
        self._append_words("words", "starts", "ends", bodies)
        self._append_words("head_words", "head_starts", "head_ends", heads)
        self._append(outlets=new.outlets, urls=urls, times=new.articles.times)
        digests = bodies.digests()
        self._append(
            digests=digests, labels=numbers, sure=numbers, ring=numbers, edge_heads=np.full(len(new), -1)
        )
        none = np.zeros(len(new), bool)
        self._append(anchors=none, doubtful=none, changed=none, stories=np.full(len(new), -1), seen=new.seen)
        for code, pages in zip(*np.unique(new.outlets[new.outlets >= 0], return_counts=True), strict=True):
            self.outlet_pages[code] += int(pages)
        named = np.flatnonzero(urls >= 0)
        entries = [
            (keys_of(DOC_ID, digest_strings(new.doc_ids)), numbers),
            (keys_of(URL, urls[named].astype(np.uint64)), numbers[named]),
        ]
        self._post([*entries, *self._of_texts(numbers, bodies, digests, params)])

    def take_off(self, chrome: Chrome, params: Params) -> None:
        """Take lines that are chrome now off the documents that hold them."""
        keys = np.unique(chrome.keys)
        new = keys[~np.isin(keys, self["chrome"])]
        self.columns["chrome"].append(new)
        holders = self.holders(new)
        if not len(holders):
            return
        words = strip(read_lines(self.words(holders), self["outlets"][holders]), chrome)
        at = len(self["words"])
        self.columns["words"].append(words.words)
        self["starts"][holders], self["ends"][holders] = words.starts + at, words.ends + at
        before = np.unique(self["digests"][holders])
        digests = words.digests()
        self["digests"][holders], self["changed"][holders] = digests, True
        self._post(self._of_texts(holders, words, digests, params))
        # a text may have been found by one of these documents alone
        left = np.setdiff1d(self.firsts(before), [-1])
        self._post(self._of_keys(left, text_keys(self.words(left), params)))

    def firsts(self, digests: NDArray[np.uint64]) -> NDArray[np.int64]:
        """The first document that has each of the texts (uint64[k], ascending), int64[k], -1 without any."""
        owners, docs = self.copies(digests)
        found = np.full(len(digests), len(self))
        np.minimum.at(found, owners, docs)
        return np.where(found < len(self), found, -1)

    def copies(self, digests: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The documents that have the texts (uint64[k], each once): which text (int64[m]) and which document
        (int64[m]), of one text the first so many that were entered."""
        keys = keys_of(TEXT, digests)
        order = np.argsort(keys)
        owners, docs = self.postings.probe(keys[order], _COPIES)
        owners = order[owners]
        kept = self["digests"][docs] == digests[owners]
        return owners[kept], docs[kept]

    def holders(self, lines: NDArray[np.uint64], most: int = 1 << 30) -> NDArray[np.int64]:
        """The documents that hold any of the lines (uint64, as `Lines.keys`), of a line the first `most`."""
        _, docs = self.postings.probe(np.unique(keys_of(LINE, lines)), most)
        return np.unique(docs)

    def settle(
        self, docs: NDArray[np.int64], labels: NDArray[np.int64], edges: Edges, params: Params
    ) -> None:
        """Put whole stories in the place of what these documents were in: `docs` int64[k] all documents of
        some stories, `labels` int64[k] which document each one's story is named by, `edges` all their
        edges."""
        self["labels"][docs] = labels
        kernels.tie_rings(docs[np.argsort(labels, kind="stable")], self["labels"], self["ring"])
        self["sure"][docs] = self._sure_groups(docs, edges, params)
        self["doubtful"][docs] = np.isin(labels, self["labels"][edges.pairs[~edges.sure]])
        self["edge_heads"][docs] = -1
        first, m = len(self["edge_a"]), len(edges.pairs)
        a, b = edges.pairs[:, 0].copy(), edges.pairs[:, 1].copy()
        next_a, next_b = np.empty(m, np.int64), np.empty(m, np.int64)
        kernels.chain_edges(a, b, first, self["edge_heads"], next_a, next_b)
        self._append(edge_a=a, edge_b=b, edge_next_a=next_a, edge_next_b=next_b)
        self._append(edge_sure=edges.sure, edge_found_by=edges.found_by)

    def _sure_groups(self, docs: NDArray[np.int64], edges: Edges, params: Params) -> NDArray[np.int64]:
        """For each of the documents (int64[k]) the first of those that are copies of it whatever else stands
        in the lake."""
        parent = np.arange(len(docs))
        _, firsts, same = np.unique(self["digests"][docs], return_index=True, return_inverse=True)
        enough = np.flatnonzero(self["ends"][docs] - self["starts"][docs] >= params.least_words)
        unite_all(parent, enough, firsts[same][enough])
        order = np.argsort(docs)
        ends = order[np.searchsorted(docs, edges.pairs[edges.sure], sorter=order)]
        unite_all(parent, ends[:, 0], ends[:, 1])
        return np.asarray(docs[roots(parent)], np.int64)

    def words(self, docs: NDArray[np.int64]) -> Words:
        """The words of some documents, as they are compared."""
        return self._gathered("words", "starts", "ends", docs)

    def articles(self, docs: NDArray[np.int64]) -> Articles:
        """What of some documents is compared."""
        heads = self._gathered("head_words", "head_starts", "head_ends", docs)
        return Articles(self.words(docs), heads, self["urls"][docs], self["times"][docs])

    def _gathered(self, words: str, starts: str, ends: str, docs: NDArray[np.int64]) -> Words:
        lengths = self[ends][docs] - self[starts][docs]
        out, out_ends = np.empty(int(lengths.sum()), self[words].dtype), np.empty(len(docs), np.int64)
        kernels.gather(self[words], self[starts], self[ends], docs, out, out_ends)
        return Words(out, out_ends - lengths, out_ends)

    def doc_ids(self, docs: NDArray[np.int64]) -> pa.Array:
        """The ids (string[k]) of some documents."""
        return self._texts("ids", "id_starts", "id_ends", docs)

    def numbers(self, doc_ids: pa.Array | pa.ChunkedArray) -> NDArray[np.int64]:
        """The numbers of documents by their ids (string[k]), int64[k], -1 for those that are not here."""
        return self.find(keys_of(DOC_ID, digest_strings(doc_ids)))

    def find(self, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
        """What stands under each key (uint64[k]) of one thing alone, int64[k], -1 where nothing does."""
        asked, inverse = np.unique(keys, return_inverse=True)
        owners, numbers = self.postings.probe(asked, 1)
        found = np.full(len(asked), -1)
        found[owners] = numbers
        return np.asarray(found[inverse], np.int64)

    def enter_stories(self, story_ids: pa.Array) -> None:
        """Enter stories (string[k]) in the order in which they were born."""
        numbers = np.arange(len(self["into"]), len(self["into"]) + len(story_ids))
        self._append_texts("story_bytes", "story_starts", "story_ends", story_ids)
        self._append(into=np.full(len(numbers), -1))
        self._post([(keys_of(STORY_ID, digest_strings(story_ids)), numbers)])

    def story_ids(self, stories: NDArray[np.int64]) -> pa.Array:
        """The ids (string[k]) of some stories."""
        return self._texts("story_bytes", "story_starts", "story_ends", stories)

    def _append_texts(self, data: str, starts: str, ends: str, texts: pa.Array) -> None:
        content, offsets = buffers(texts.cast(pa.large_string()))
        base = len(self[data]) - offsets[0]
        self.columns[data].append(content[offsets[0] : offsets[-1]])
        self._append(**{starts: offsets[:-1] + base, ends: offsets[1:] + base})

    def _texts(self, data: str, starts: str, ends: str, rows: NDArray[np.int64]) -> pa.Array:
        text = self._gathered(data, starts, ends, rows)
        offsets = np.append(0, text.ends).astype(np.int64)
        found = pa.LargeStringArray.from_buffers(len(rows), pa.py_buffer(offsets), pa.py_buffer(text.words))
        return found.cast(pa.string())

    def _of_texts(
        self, numbers: NDArray[np.int64], texts: Words, digests: NDArray[np.uint64], params: Params
    ) -> list[_Entries]:
        """The entries of texts. What stands in the index word for word is found by that alone."""
        lines = read_lines(texts, self["outlets"][numbers])
        asked, inverse = np.unique(digests, return_inverse=True)
        fresh = np.flatnonzero((self.firsts(asked) < 0)[inverse] & (texts.lengths > 0))
        fresh = fresh[np.unique(digests[fresh], return_index=True)[1]]
        return [
            (keys_of(LINE, lines.keys), np.repeat(numbers, np.diff(lines.opens))),
            (keys_of(TEXT, digests), numbers),
            *self._of_keys(numbers[fresh], text_keys(texts.take(fresh), params)),
        ]

    def _of_keys(self, numbers: NDArray[np.int64], keys: TextKeys) -> list[_Entries]:
        self["anchors"][numbers] = keys.held
        return [(keys.bands, numbers[keys.of_bands]), (keys.anchors, numbers[keys.of_anchors])]

    def _post(self, entries: list[_Entries]) -> None:
        keys, docs = zip(*entries, strict=True)
        if sum(map(len, keys)):
            self.postings.add(np.concatenate(keys), np.concatenate(docs).astype(np.uint32))

    def _append(self, **values: NDArray[Any]) -> None:
        for name, column in values.items():
            self.columns[name].append(column)

    def _append_words(self, words: str, starts: str, ends: str, texts: Words) -> None:
        base = len(self[words])
        self.columns[words].append(texts.words)
        self._append(**{starts: texts.starts + base, ends: texts.ends + base})
