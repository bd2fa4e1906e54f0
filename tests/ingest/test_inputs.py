"""Files as input: every page and row comes out once, or says where and why it did not."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import BadInput
from pipeline.ingest.articles import ArticleBatch, read_articles
from pipeline.ingest.files import Kind, kind_of
from pipeline.ingest.inputs import read_pages
from pipeline.ingest.sound import count_words, sound
from pipeline.ingest.warc import WarcSpool
from pipeline.model import RawPage
from pipeline.params import Params
from pipeline.segments import HELD, PAGES
from tests.ingest.site import run
from tests.ingest.test_warc import reply

TEXT = "The ferry to Harrow Point sails twice a day again, the council said on Thursday. " * 3


def pages(path: Path, **params: Any) -> list[RawPage]:
    return list(read_pages(path, run(), Params(**params)))


def articles(
    path: Path, outlet_field: str | None = None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    batches: list[ArticleBatch] = list(read_articles(path, run(), Params(), outlet_field))
    for batch in batches:
        batch.pages.validate(full=True)
        assert batch.pages.schema == PAGES
        assert batch.quarantine.schema == HELD
    taken = [row for batch in batches for row in batch.pages.to_pylist()]
    return taken, [row for batch in batches for row in batch.quarantine.to_pylist()]


def jsonl(path: Path, *rows: object) -> Path:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(lines) + "\n")
    return path


def row(**changes: object) -> dict[str, object]:
    return {"doc_id": "d1", "url": "http://www.a.example/1?utm_source=x", "text": TEXT} | changes


def test_a_folder_gives_each_page_once_under_a_name_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "page.html.gz").write_bytes(gzip.compress(b"<p>packed</p>"))
    (tmp_path / "a.HTM").write_bytes(b"<p>a</p>")
    (tmp_path / "index.html").write_bytes(b"<p>top</p>")
    (tmp_path / "b" / "index.html").write_bytes(b"<p>below</p>")
    (tmp_path / "broken.html.gz").write_bytes(gzip.compress(b"<p>broken</p>" * 50)[:-9])
    (tmp_path / "notes.md").write_text("no page")
    told: list[tuple[int, int]] = []
    found = list(read_pages(tmp_path, run(), Params(), lambda *at: told.append(at)))

    assert [page.doc_id for page in found] == ["a", "b/index", "page", "broken", "index"]
    assert found[2].content == b"<p>packed</p>"
    assert found[2].url == (tmp_path / "b" / "page.html.gz").as_uri()
    assert found[3].content.startswith(b"\x1f\x8b"), "left as it is, for extraction to refuse"
    assert {page.fetched_at for page in found} == {run().now}
    size = sum(file.stat().st_size for file in tmp_path.rglob("*.*") if file.suffix != ".md")
    assert told[-1] == (size, size)


def test_a_warc_file_gives_its_html_responses(tmp_path: Path) -> None:
    with WarcSpool(tmp_path, "crawl", "Wirefold/0", run().now) as spool:
        spool.add(0, reply(0))
        spool.add(1, reply(1))
        spool.finish()
    path = tmp_path / "crawl.warc.gz"
    for file in (path, Path(str(path).removesuffix(".gz"))):
        file.write_bytes(path.read_bytes() if file == path else gzip.decompress(path.read_bytes()))
        found = pages(file)
        assert [page.url for page in found] == ["http://a.example/0", "http://a.example/1"]
        assert [page.content for page in found] == [reply(0).content, reply(1).content]
        assert (found[0].charset, found[0].doc_id, found[0].fetched_at) == ("utf-8", None, run().now)
    cut = pages(path, max_page_bytes=100)
    assert [len(page.content) for page in cut] == [101, 101]


def test_single_pages_and_what_is_none(tmp_path: Path) -> None:
    (tmp_path / "seed-page.txt").write_text("Ferry sails again")
    (page,) = pages(tmp_path / "seed-page.txt")
    assert (page.doc_id, page.content) == ("seed-page", b"Ferry sails again")
    assert kind_of(tmp_path) == Kind.FOLDER
    (tmp_path / "x.csv").touch()
    (tmp_path / "x.warc").write_bytes(b"not a WARC file" * 10)
    for name in ("x.csv", "missing.html", "x.warc", "."):
        with pytest.raises(BadInput, match=r"^[^\n]+$") as error:
            pages(tmp_path / name)
        assert str(tmp_path) in str(error.value)
    with pytest.raises(BadInput, match="expected pages"):
        pages(jsonl(tmp_path / "x.jsonl", row()))
    with pytest.raises(BadInput, match="expected articles"):
        articles(tmp_path / "seed-page.txt")


def test_a_file_whose_rows_are_all_refused_gives_no_page(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "a.jsonl", row(text=""), row(doc_id="d2", text="Too short."))
    assert [len(part) for part in articles(path)] == [0, 2]


def test_an_article_may_say_when_it_was_fetched(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "a.jsonl", row(crawled_at="2026-01-02T03:04:05Z"), row(doc_id="d2"))
    told, _ = articles(path)
    assert [page["fetched_at"] for page in told] == [datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), run().now]


def test_row_groups_without_rows_are_passed_over(tmp_path: Path) -> None:
    table = pa.Table.from_pylist([row()])
    with pq.ParquetWriter(tmp_path / "a.parquet", table.schema) as writer:
        for some in (table.slice(0, 0), table, table.slice(0, 0)):
            writer.write_table(some)
    assert len(articles(tmp_path / "a.parquet")[0]) == 1


def test_an_article_becomes_a_page_with_all_columns(tmp_path: Path) -> None:
    path = jsonl(
        tmp_path / "docs.jsonl",
        row(title="Ferry", published_at="2026-03-05", authors="Ada Quill; Bo Marsh"),
        "",
        row(doc_id=17, url=None, site="beacon", published_at="unknown", text="\ud83d\u26f4\x05 " + TEXT),
    )
    (first, second), rejected = articles(path)
    assert not rejected
    assert (first["doc_id"], first["outlet_id"], first["headline"]) == ("d1", "a.example", "Ferry")
    assert first["url_normalised"] == "http://www.a.example/1"
    assert first["published_at"] == datetime(2026, 3, 5, tzinfo=UTC)
    assert (first["byline"], first["authors"]) == ("Ada Quill; Bo Marsh", ["Ada Quill", "Bo Marsh"])
    assert first["word_count"] == len(TEXT.split())
    assert (second["doc_id"], second["outlet_id"], second["published_at"]) == ("17", "beacon", None)
    assert second["url"] == f"{path.as_uri()}#2"
    assert second["body"].startswith("�⛴ The ferry")


@given(st.text(st.sampled_from("ab \n\t\u00a0\u2009\u2028\r\x1c\x85é\ud83d\ude00")))
def test_words_are_counted_as_python_splits_them(text: str) -> None:
    clean = sound(text)
    assert clean.encode().decode() == clean
    assert count_words(clean) == len(clean.split())


def test_jsonl_packed_or_not_and_parquet_with_other_names_read_the_same(tmp_path: Path) -> None:
    plain = jsonl(tmp_path / "d.jsonl", *(row(doc_id=f"d{n}", site="s", title="T") for n in range(2_500)))
    (tmp_path / "d.jsonl.gz").write_bytes(gzip.compress(plain.read_bytes()))
    with pa.CompressedOutputStream(str(tmp_path / "d.jsonl.zst"), "zstd") as stream:
        stream.write(plain.read_bytes())
    table = pa.table(
        {
            "id": [f"d{n}" for n in range(2_500)],
            "link": [row()["url"]] * 2_500,
            "content": [TEXT] * 2_500,
            "headline": ["T"] * 2_500,
            "site": ["s"] * 2_500,
        }
    )
    pq.write_table(table, tmp_path / "d.parquet")
    expected, _ = articles(plain, "site")
    assert len(expected) == 2_500
    assert {page["outlet_id"] for page in expected} == {"s"}
    for name in ("d.jsonl.gz", "d.jsonl.zst", "d.parquet"):
        assert articles(tmp_path / name, "site") == (expected, [])


def test_names_of_the_files_own_are_mapped_and_must_be_there(tmp_path: Path) -> None:
    named = {"key": "d1", "story": TEXT, "text": "not this", "url": row()["url"]}
    path = jsonl(tmp_path / "d.jsonl", named, named | {"key": "d2", "story": None})
    columns = {"doc_id": "key", "text": "story"}
    [batch] = read_articles(path, run(), Params(), columns=columns)
    [page] = batch.pages.to_pylist()
    assert (page["doc_id"], page["body"]) == ("d1", TEXT.strip())
    assert batch.quarantine["reason"].to_pylist() == ["no_text"]
    with pytest.raises(BadInput, match=":1: expected the column headline"):
        list(read_articles(path, run(), Params(), columns=columns | {"title": "headline"}))


def test_a_bad_row_is_one_rejection_and_takes_no_other_with_it(tmp_path: Path) -> None:
    bad = {
        "{not json": "parse",
        "[1, 2]": "parse",
        json.dumps(row(doc_id="")): "no_doc_id",
        json.dumps(row(doc_id=True)): "no_doc_id",
        json.dumps(row(text=None)): "no_text",
        json.dumps(row(text=["a"])): "no_text",
        json.dumps(row(text="Too few words.")): "too_short",
        json.dumps(row(text="word " * 2_000_000)): "too_large",
        json.dumps(row(published_at="2026-02-30")): "impossible_date",
        json.dumps(row(published_at="2031-01-01T00:00:00Z")): "impossible_date",
        json.dumps(row(published_at="0999-01-01")): "impossible_date",
    }
    path = jsonl(tmp_path / "docs.jsonl", row(doc_id="first"), *bad, row(doc_id="last"))
    taken, rejected = articles(path)
    assert [page["doc_id"] for page in taken] == ["first", "last"]
    assert [reject["reason"] for reject in rejected] == list(bad.values())
    assert [reject["url"] for reject in rejected] == [f"{path.as_uri()}#{n}" for n in range(2, 13)]
    assert "row 4 (http://www.a.example/1" in rejected[2]["detail"]


@pytest.mark.parametrize(
    ("first", "outlet_field", "said"),
    [
        ({"url": "http://a.example/1", "text": TEXT}, None, ":1: expected a column doc_id or id"),
        ({"doc_id": "d", "url": "http://a.example/1"}, None, ":1: expected a column text or body"),
        (row(), "site", ":1: expected the column site"),
        ("not json", None, ":1: expected a JSON object a line"),
        ("", None, "an empty file"),
    ],
)
def test_a_file_without_its_columns_is_one_line(
    tmp_path: Path, first: object, outlet_field: str | None, said: str
) -> None:
    path = jsonl(tmp_path / "docs.jsonl", first)
    with pytest.raises(BadInput) as error:
        articles(path, outlet_field)
    assert said in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_files_cut_short_are_bad_input(tmp_path: Path) -> None:
    plain = jsonl(tmp_path / "d.jsonl", *(row(doc_id=f"d{n}", title=str(n) * 50) for n in range(500)))
    (tmp_path / "d.jsonl.gz").write_bytes(gzip.compress(plain.read_bytes())[:-100])
    pq.write_table(pa.table({"doc_id": ["d"], "text": [TEXT]}), tmp_path / "d.parquet")
    whole = (tmp_path / "d.parquet").read_bytes()
    (tmp_path / "d.parquet").write_bytes(whole[:-20])
    for name in ("d.jsonl.gz", "d.parquet"):
        with pytest.raises(BadInput, match=f"{name}: cannot be read"):
            articles(tmp_path / name)


LONG = " ".join(f"word{number}" for number in range(220))
FEED = f"""<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Harbor Wire</title>
<item><title>Ferry &amp; fog</title><link>https://harborwire.example/ferry</link>
<dc:creator>Maren Idowu</dc:creator>
<pubDate>Thu, 05 Mar 2026 09:30:00 -0500</pubDate><description>In short.</description>
<content:encoded><![CDATA[<p>The <b>ferry</b> is late.</p>]]></content:encoded></item>
<item><title>Summary</title>
<link>https://harborwire.example/summary</link><description>In short.</description></item>
<item><title>All of it</title><description>{LONG}</description></item></channel></rss>"""


def test_a_feed_is_the_texts_of_its_items(tmp_path: Path) -> None:
    path = tmp_path / "feed.rss"
    path.write_text(FEED)
    seen: list[tuple[int, int]] = []
    full, summary, unlinked = read_pages(path, run(), Params(), lambda *told: seen.append(told))
    assert (full.url, full.feed_headline, full.feed_byline) == (
        "https://harborwire.example/ferry",
        "Ferry & fog",
        "Maren Idowu",
    )
    assert full.feed_published_at == datetime(2026, 3, 5, 14, 30, tzinfo=UTC)
    assert b"<p>The <b>ferry</b> is late.</p>" in full.content
    assert b"In short" not in summary.content
    assert unlinked.url == f"{path.as_uri()}#3"
    assert LONG.encode() in unlinked.content
    assert seen == [(len(FEED), len(FEED))]


def test_a_file_that_is_no_feed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sitemap.xml"
    path.write_text("<urlset><url><loc>https://harborwire.example/</loc></url></urlset>")
    with pytest.raises(BadInput, match=r"sitemap.xml: not a feed"):
        list(read_pages(path, run(), Params()))
