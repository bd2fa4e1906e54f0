"""What stands: every document that was matched, its words as they are compared, its story, and its keys.

A worker's own copy, made from the lake's immutable segments alone and thrown away whenever it is in doubt:
it costs one reading of the pages to make, and a run reads on from where the last one stopped. What is looked
up is mapped, not loaded. Documents are numbered in the order in which they were entered.
"""

from __future__ import annotations

import fcntl
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.index import kernels
from pipeline.index.columns import Column
from pipeline.index.keys import DOC_ID, LINE, TEXT, URL, TextKeys, keys_of, text_keys
from pipeline.index.postings import Postings
from pipeline.match.blocks import digest_strings
from pipeline.match.chrome import Chrome, read_lines, strip
from pipeline.match.figures import Articles
from pipeline.match.kernels.groups import roots, unite_all
from pipeline.match.words import Words, buffers
from pipeline.params import Params

_COLUMNS = {
    "ids": np.uint8,
    "id_starts": np.int64,
    "id_ends": np.int64,
    "words": np.uint32,
    "starts": np.int64,
    "ends": np.int64,
    "head_words": np.uint32,
    "head_starts": np.int64,
    "head_ends": np.int64,
    "outlets": np.int32,
    "urls": np.int64,
    "times": np.int64,
    "digests": np.uint64,
    "labels": np.int64,
    "sure": np.int64,
    "doubtful": np.bool_,
    "ring": np.int64,
    "changed": np.bool_,
    "anchors": np.int32,
    "edge_heads": np.int64,
    "edge_a": np.int64,
    "edge_b": np.int64,
    "edge_next_a": np.int64,
    "edge_next_b": np.int64,
    "edge_sure": np.bool_,
    "edge_anchors": np.bool_,
    "chrome": np.uint64,
}
_Entries = tuple[NDArray[np.uint64], NDArray[np.int64]]
_COPIES = 256  # of one text
_STATE, _TORN, _LOCK = "state.json", "torn", "lock"


@dataclass(frozen=True, slots=True)
class Pages:
    """k documents: `doc_ids` string[k]; `outlets` int32[k], codes of `Index.outlet_codes`, -1 for none; what
    of them is compared."""

    doc_ids: pa.Array
    outlets: NDArray[np.int32]
    articles: Articles

    def __len__(self) -> int:
        return len(self.outlets)


@dataclass(frozen=True, slots=True)
class Edges:
    """m accepted pairs of documents by their numbers: `pairs` int64[m, 2]; `sure` bool[m]: whatever else
    stands in the lake; `by_anchors` bool[m]: found by anchors, not by bands."""

    pairs: NDArray[np.int64]
    sure: NDArray[np.bool_]
    by_anchors: NDArray[np.bool_]


class Index:
    """The index in a folder, as it was saved last. One process at a time has it open."""

    runs: tuple[str, ...]
    mark: str
    outlet_ids: list[str]
    outlet_pages: list[int]
    columns: dict[str, Column]
    postings: Postings

    def __init__(self, folder: Path) -> None:
        """Open it; empty if there is none, or one whose last change was cut short."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._lock: BinaryIO = (folder / _LOCK).open("wb")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        if (folder / _TORN).exists():
            self.reset()
        else:
            self._load()

    def __len__(self) -> int:
        return len(self.columns["outlets"])

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.columns[name].values

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.close()

    def reset(self) -> None:
        """Forget everything."""
        for path in self._folder.iterdir():
            if path.name != _LOCK:
                path.unlink()
        self._load()

    def change(self) -> None:
        """To be called before the first change: until `save`, a crash means that all is forgotten."""
        (self._folder / _TORN).touch()

    def save(self, runs: tuple[str, ...], mark: str) -> None:
        """Keep what was changed, as what stands after `runs`; `mark` names the last one's result."""
        self.runs, self.mark = runs, mark
        state = {
            "runs": list(runs),
            "mark": mark,
            "outlets": self.outlet_ids,
            "outlet_pages": self.outlet_pages,
            "lengths": {name: len(column) for name, column in self.columns.items()},
            "levels": self.postings.names,
        }
        path = self._folder / f"{_STATE}.new"
        path.write_text(json.dumps(state), encoding="utf-8")
        path.replace(self._folder / _STATE)
        (self._folder / _TORN).unlink(missing_ok=True)

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
        data, offsets = buffers(new.doc_ids.cast(pa.large_string()))
        base = len(self["ids"]) - offsets[0]
        self.columns["ids"].append(data[offsets[0] : offsets[-1]])
        self._append(id_starts=offsets[:-1] + base, id_ends=offsets[1:] + base)
        self._append_words("words", "starts", "ends", bodies)
        self._append_words("head_words", "head_starts", "head_ends", heads)
        self._append(outlets=new.outlets, urls=urls, times=new.articles.times)
        digests = bodies.digests()
        self._append(
            digests=digests, labels=numbers, sure=numbers, ring=numbers, edge_heads=np.full(len(new), -1)
        )
        none = np.zeros(len(new), bool)
        self._append(anchors=none, doubtful=none, changed=none)
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

    def settle(self, docs: NDArray[np.int64], labels: NDArray[np.int64], edges: Edges) -> None:
        """Put whole stories in the place of what these documents were in: `docs` int64[k] all documents of
        some stories, `labels` int64[k] which document each one's story is named by, `edges` all their
        edges."""
        self["labels"][docs] = labels
        kernels.tie_rings(docs[np.argsort(labels, kind="stable")], self["labels"], self["ring"])
        self["sure"][docs] = self._sure_groups(docs, edges)
        self["doubtful"][docs] = False
        self["doubtful"][edges.pairs[~edges.sure]] = True
        self["edge_heads"][docs] = -1
        first, m = len(self["edge_a"]), len(edges.pairs)
        a, b = edges.pairs[:, 0].copy(), edges.pairs[:, 1].copy()
        next_a, next_b = np.empty(m, np.int64), np.empty(m, np.int64)
        kernels.chain_edges(a, b, first, self["edge_heads"], next_a, next_b)
        self._append(edge_a=a, edge_b=b, edge_next_a=next_a, edge_next_b=next_b)
        self._append(edge_sure=edges.sure, edge_anchors=edges.by_anchors)

    def _sure_groups(self, docs: NDArray[np.int64], edges: Edges) -> NDArray[np.int64]:
        """For each of the documents (int64[k]) the first of those that are copies of it whatever else stands
        in the lake."""
        parent = np.arange(len(docs))
        _, firsts, same = np.unique(self["digests"][docs], return_index=True, return_inverse=True)
        unite_all(parent, parent, firsts[same])
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
        text = self._gathered("ids", "id_starts", "id_ends", docs)
        offsets = np.append(0, text.ends).astype(np.int64)
        found = pa.LargeStringArray.from_buffers(len(docs), pa.py_buffer(offsets), pa.py_buffer(text.words))
        return found.cast(pa.string())

    def numbers(self, doc_ids: pa.Array) -> NDArray[np.int64]:
        """The numbers of documents by their ids (string[k]), int64[k], -1 for those that are not here."""
        keys, inverse = np.unique(keys_of(DOC_ID, digest_strings(doc_ids)), return_inverse=True)
        owners, docs = self.postings.probe(keys, 1)
        found = np.full(len(keys), -1)
        found[owners] = docs
        return np.asarray(found[inverse], np.int64)

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

    def _load(self) -> None:
        path = self._folder / _STATE
        state = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        self.runs = tuple(state.get("runs", ()))
        self.mark = state.get("mark", "")
        self.outlet_ids = state.get("outlets", [])
        self.outlet_pages = state.get("outlet_pages", [])
        lengths = state.get("lengths", {})
        self.columns = {
            name: Column(self._folder / f"{name}.column", dtype, lengths.get(name, 0))
            for name, dtype in _COLUMNS.items()
        }
        self.postings = Postings(self._folder, state.get("levels", []))
