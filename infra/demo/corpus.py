"""Extracted articles with truth, straight to Parquet or JSONL: any size, in constant memory.

The same planning and treatments as the network's, on generated stories. A unit of scale is some 1,600
documents: 16 sites with 100 pages each. A third of the sites leave a line of their chrome in the text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from infra.demo.content import Inserts, load_content
from infra.demo.generated import generated_local, generated_wire
from infra.demo.network import SEED, Copy, Desk, digest_of, locals_of
from infra.demo.pages import authors_of, iso
from infra.demo.sites import Site, scaled_sites

ROW_GROUP = 10_000
# stories a unit of scale: wires stand on 6.9 outlets each at scale 1 and on 8.1 from there on (measured)
_WIRES, _LOCALS = 130, 610
_SCHEMA = pa.schema(
    [
        ("doc_id", pa.string()),
        ("url", pa.string()),
        ("site", pa.string()),
        ("title", pa.string()),
        ("published_at", pa.timestamp("us", tz="UTC")),
        ("authors", pa.list_(pa.string())),
        ("text", pa.string()),
        ("truth", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Article:
    """One extracted page. `truth` is the story; kill notices are their own, as they share no text with it."""

    doc_id: str
    url: str
    site: str
    title: str
    published_at: datetime
    authors: tuple[str, ...]
    text: str
    truth: str


def articles(scale: int, seed: int = SEED) -> Iterator[Article]:
    """Some 1,600 x `scale` articles, story by story."""
    inserts = load_content().inserts
    sites = [replace(site, fault="", max_wires=1 << 30) for site in scaled_sites(scale) if site.readable]
    for copy in _copies(sites, inserts, scale, seed):
        yield _article(copy, inserts)


def write_corpus(path: Path, scale: int, seed: int = SEED) -> int:
    """Write Parquet or, if the name ends so, JSONL; gives the number of articles."""
    rows, written = articles(scale, seed), 0
    if path.suffix == ".jsonl":
        with path.open("w", encoding="utf-8") as file:
            for row in rows:
                line = {**asdict(row), "published_at": iso(row.published_at)}
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
                written += 1
        return written
    with pq.ParquetWriter(path, _SCHEMA, compression="zstd") as writer:
        while batch := list(islice(rows, ROW_GROUP)):
            columns = [[getattr(row, field.name) for row in batch] for field in fields(Article)]
            writer.write_table(pa.table(columns, schema=_SCHEMA))
            written += len(batch)
    return written


def _copies(sites: Sequence[Site], inserts: Inserts, scale: int, seed: int) -> Iterator[Copy]:
    desk = Desk(sites, inserts, seed)
    towns = sorted({town for site in sites for town in site.towns})
    for unit in range(scale):
        wires = [generated_wire(seed, number) for number in range(unit * _WIRES, (unit + 1) * _WIRES)]
        for story in wires:
            yield from desk.wire(story)
        yield digest_of(sites, wires[20:23], f"digest-g{unit:06d}")
        numbers = range(unit * _LOCALS, (unit + 1) * _LOCALS)
        yield from locals_of(sites, [generated_local(seed, n, towns[n % len(towns)]) for n in numbers])


def _article(copy: Copy, inserts: Inserts) -> Article:
    showing = copy.showings[-1]
    piece = copy.piece(showing)
    lines = list(piece.article())
    chrome = int.from_bytes(hashlib.sha256(copy.site.domain.encode()).digest()[:4])
    if chrome % 3 == 0:
        lines.insert(len(lines) // 2, inserts.newsletter[chrome % len(inserts.newsletter)])
    killed = copy.version(showing).kind == "kill"
    return Article(
        doc_id="d_" + hashlib.sha256(copy.url.encode()).hexdigest()[:16],
        url=copy.url,
        site=copy.site.domain,
        title=piece.headline,
        published_at=showing.at,
        authors=authors_of(piece.byline),
        text="\n\n".join(lines),
        truth=f"{copy.story.key}-kill" if killed else copy.story.key,
    )
