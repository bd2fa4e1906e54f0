"""Archives in folders and on S3: each file is read once, in the order of names, whatever cuts it short."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import pytest
from typer.testing import CliRunner

from pipeline import cli, intake
from pipeline.config import Config
from pipeline.errors import BadInput
from pipeline.ingest.fetch import Reply, Validators
from pipeline.ingest.files import find_files
from pipeline.ingest.warc import WarcSpool
from pipeline.lake import ledger
from pipeline.lake.folder import FolderStore
from pipeline.lake.segment import read_segments
from pipeline.lake.store import Store
from pipeline.model import Run
from pipeline.publish.release import read_table
from pipeline.rebuild import rebuild
from pipeline.schema import TABLES
from pipeline.segments import HELD, PAGES
from tests.e2e.test_cli import prose
from tests.e2e.test_crash import fold
from tests.publish.faults import Killed, Mortal, contents
from tests.servers import S3Server

NEW, OLD = Run.at(datetime(2026, 3, 5, 20, tzinfo=UTC)), Run.at(datetime(2026, 3, 6, 9, tzinfo=UTC))
CONFIG = Config.for_files("lake", ())


def html(title: str, words: int, count: int) -> bytes:
    body = "".join(f"<p>{line}</p>" for line in prose(words, count).split("\n"))
    return f"<html><head><title>{title}</title></head><body><article>{body}</article></body></html>".encode()


def warc(path: Path, pages: dict[str, bytes], at: datetime = NEW.now) -> dict[int, int]:
    """A WARC file of pages by URL; the offsets of their records."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with WarcSpool(path.parent, path.name.removesuffix(".warc.gz"), "test", at) as spool:
        for number, (url, content) in enumerate(pages.items()):
            headers = ((b"Content-Type", b"text/html; charset=utf-8"),)
            said = (
                headers,
                content,
                content,
                "text/html",
                "utf-8",
                Validators(),
                b"GET / HTTP/1.1\r\n\r\n",
                None,
            )
            spool.add(number, Reply(url, 200, "HTTP/1.1 200 OK", *said))
        file = spool.finish()
    assert file
    return file.offsets


def rows(path: Path, *of: tuple[str, str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [{"doc_id": doc, "url": url, "text": text} for doc, url, text in of]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def archive(folder: Path) -> Path:
    """As CC-NEWS has it, by month, and a dump; other files are none of ours."""
    piece, other = prose(1, 80), prose(3, 90)
    warc(folder / "2026/02/CC-1.warc.gz", {"http://one.example/a": html("A", 5, 90)})
    warc(folder / "2026/03/CC-2.warc.gz", {"http://two.example/a": html("A", 5, 90)})
    rows(folder / "dump.jsonl", ("j1", "http://one.example/j", piece), ("j2", "http://two.example/j", piece))
    rows(folder / "more.jsonl", ("k1", "http://one.example/k", other))
    (folder / "2026/03/warc.paths.gz").write_bytes(gzip.compress(b"a list"))
    return folder


@contextmanager
def each_file_a_portion() -> Iterator[None]:
    with patch("pipeline.archive._PORTION_BYTES", 1):
        yield


def take_in(lake: Store, folder: Path) -> None:
    with each_file_a_portion():
        intake.take_in(lake, NEW, CONFIG, [folder])


@pytest.mark.slow
def test_killed_at_any_write_an_archive_goes_on_after_the_last_file(tmp_path: Path) -> None:
    folder = archive(tmp_path / "crawl")
    counted = Mortal(FolderStore(str(tmp_path / "whole")), 0)
    take_in(counted, folder)
    whole = contents(FolderStore(str(tmp_path / "whole")))
    assert sum(key.startswith("fetches/") for key in whole) == 4
    for at in range(1, counted.writes + 1):
        lake, copy = FolderStore(str(tmp_path / f"killed{at}")), tmp_path / f"crawl{at}"
        shutil.copytree(folder, copy)
        folder.rename(tmp_path / "aside")
        copy.rename(folder)
        with pytest.raises(Killed):
            take_in(Mortal(lake, at), folder)
        done = sum(1 for _ in lake.list("fetches/")) - 1
        for file in find_files([folder])[: max(done, 0)]:
            file.path.write_bytes(b" " * file.size)  # whoever reads it again finds nothing
        take_in(lake, folder)
        assert contents(lake) == whole
        shutil.rmtree(folder)
        (tmp_path / "aside").rename(folder)


def test_under_one_clock_one_archive_as_it_was(tmp_path: Path) -> None:
    lake, folder = FolderStore(str(tmp_path / "lake")), archive(tmp_path / "crawl")
    with pytest.raises(Killed):
        take_in(Mortal(lake, 5), folder)
    rows(folder / "more.jsonl", ("k1", "http://one.example/k", prose(3, 91)))
    with pytest.raises(BadInput, match=r"more.jsonl: is not what run 20260305T200000Z began to read"):
        take_in(lake, folder)
    (folder / "more.jsonl").unlink()
    with pytest.raises(BadInput, match=r"more.jsonl: is gone"):
        take_in(lake, folder)
    with pytest.raises(BadInput, match="need another clock"):
        intake.take_in(lake, NEW, CONFIG, [folder / "dump.jsonl"])
    archive(folder)
    take_in(lake, folder)
    shutil.rmtree(folder)
    take_in(lake, folder)  # it is there
    with pytest.raises(BadInput, match="need another clock"):
        intake.take_in(lake, NEW, CONFIG, [tmp_path / "other.jsonl"])


def test_records_that_are_broken_or_too_large_are_rows_of_quarantine(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    pages = {f"http://one.example/{n}": html(f"T{n}", n * 7, 90) for n in range(4)}
    large = {"http://one.example/large": b"<p>" + b"word " * (CONFIG.params.max_page_bytes // 5 + 1)}
    offsets = warc(path, {**pages, **large})
    data = bytearray(path.read_bytes())
    data[offsets[1] + 300 : offsets[1] + 330] = bytes(30)
    path.write_bytes(data)
    lake = FolderStore(str(tmp_path / "lake"))
    counts = intake.take_in(lake, NEW, CONFIG, [path])
    assert counts.conserved and (counts.published, counts.quarantined) == (3, 2)
    keys = [stored.key for stored in lake.list("quarantine/")]
    held = {row["reason"]: row for row in read_segments(lake, HELD, keys).to_pylist()}
    assert held["too_large"]["url"] == "http://one.example/large"
    assert held["broken_record"]["url"] == f"{path.as_uri()}#{offsets[1]}"


@pytest.mark.slow
def test_an_old_interval_leaves_newer_stories_their_ids(tmp_path: Path) -> None:
    """It brings older copies of a story that is there, a bridge between two, and a story of its own."""
    lake = FolderStore(str(tmp_path / "lake"))
    first, second, own = prose(1, 80), prose(2, 80), prose(9, 90)
    rows(
        tmp_path / "new.jsonl",
        ("n1", "http://one.example/1", first),
        ("n2", "http://two.example/1", first),
        ("n3", "http://one.example/2", second),
        ("n4", "http://two.example/2", second),
    )
    fold(lake, NEW, tmp_path / "new.jsonl")
    before = {row["doc_id"]: row["story_id"] for row in read_table(lake, "republications").to_pylist()}
    old = datetime(2026, 1, 7, 6, tzinfo=UTC)
    crawl = tmp_path / "crawl"
    both, alone = (
        f"<html><body><article>{''.join(f'<p>{text}</p>' for text in texts)}</article></body></html>"
        for texts in ((first, second), (own,))
    )
    warc(
        crawl / "2026/01/CC.warc.gz",
        {
            "http://old.example/copy": html("Copy", 1, 80),
            "http://old.example/digest": both.encode(),
            "http://old.example/own": alone.encode(),
        },
        old,
    )
    fold(lake, OLD, crawl)
    now = read_table(lake, "republications").to_pylist()
    assert {row["doc_id"]: row["story_id"] for row in now if row["doc_id"] in before} == before
    copy = next(row for row in now if row["url"] == "http://old.example/copy")
    assert (copy["story_id"], copy["first_seen_at"]) == (before["n1"], old)
    changes = ledger.history(lake, [OLD.run_id])["change"].to_pylist()
    assert set(changes) <= {"created", "absorbed"}


@pytest.mark.slow
def test_a_rebuild_takes_archives_in_again(tmp_path: Path) -> None:
    lake, folder = FolderStore(str(tmp_path / "lake")), archive(tmp_path / "crawl")
    rows(tmp_path / "new.jsonl", ("n1", "http://one.example/1", prose(1, 80)))
    fold(lake, NEW, folder)
    fold(lake, OLD, tmp_path / "new.jsonl")
    anew = FolderStore(str(tmp_path / "anew"))
    found = rebuild(lake, anew, CONFIG)
    assert (found.runs, found.left_out) == (2, ())
    for table in TABLES:
        assert read_table(anew, table.name).equals(read_table(lake, table.name)), table.name
    (tmp_path / "new.jsonl").unlink()
    found = rebuild(lake, FolderStore(str(tmp_path / "without")), CONFIG)
    assert (found.runs, found.left_out) == (1, (OLD.run_id,))


@pytest.mark.slow
def test_a_prefix_on_s3_gives_what_the_same_folder_gives(
    s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = archive(tmp_path / "crawl")
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    with s3_server.client() as client:
        bucket = s3_server.new_bucket(client)
        for path in (*folder.rglob("*.gz"), *folder.rglob("*.jsonl")):
            client.upload_file(str(path), bucket, f"crawl/{path.relative_to(folder).as_posix()}")
        client.upload_file(str(folder / "more.jsonl"), bucket, "crawl-of-others/more.jsonl")
    found = {}
    for name, url in (("s3", f"s3://{bucket}/crawl"), ("folder", str(folder))):
        command = ["cluster", url, "--out", str(tmp_path / name), "--now", "2026-03-05T20:00:00Z", "--json"]
        done = CliRunner().invoke(cli.app, command)
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["pages"]["published"] == 5
        lake = FolderStore(str(tmp_path / name))
        keys = [stored.key for stored in lake.list("pages/")]
        found[name] = read_segments(lake, PAGES, keys)
    assert found["s3"].equals(found["folder"])
    assert [file.key for file in find_files([f"s3://{bucket}/crawl/2026/0*"])] == [
        "crawl/2026/02/CC-1.warc.gz",
        "crawl/2026/03/CC-2.warc.gz",
    ]
    for url, said in (
        (f"s3://{bucket}/craw", "got none"),
        (f"s3://{bucket}/crawl/2026/03/warc.paths.gz", "got none"),
    ):
        with pytest.raises(BadInput, match=said):
            find_files([url])


def test_a_folder_is_pages_or_an_archive(tmp_path: Path) -> None:
    folder = archive(tmp_path / "crawl")
    names = [Path(file.name).name for file in find_files([folder])]
    assert names == ["CC-1.warc.gz", "CC-2.warc.gz", "dump.jsonl", "more.jsonl"]
    with pytest.raises(BadInput, match="named twice"):
        find_files([folder, folder / "dump.jsonl"])
    (folder / "page.html").write_text("<p>page</p>")
    with pytest.raises(BadInput, match="expected pages or an archive, got both"):
        find_files([folder])
