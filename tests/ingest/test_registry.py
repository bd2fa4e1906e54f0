"""A registry is read whole or refused with file, line, field and what was expected."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline.errors import BadInput
from pipeline.ingest.registry import load_outlets, shard_outlets
from tests.ingest.site import outlet

GOOD = """\
[[outlet]]
id = "kmrx"
name = "KMRX Morrow Bay"
domain = "www.kmrx.example"
feeds = ["https://kmrx.example/feed", "https://rss.kmrx.example/all"]
owner_group = "Larkfield"
time_zone = "America/Denver"
delay_seconds = 1

[[outlet]]
id = "beacon"
name = "The Beacon"
domain = "beacon.test"
sitemaps = [
  "http://beacon.test/news.xml",
]
"""


US = Path(__file__).parents[2] / "infra" / "registry" / "us-affiliates.toml"


def test_the_registry_of_us_affiliates_is_sound_and_polite() -> None:
    outlets = load_outlets(US)
    assert len(outlets) >= 60
    assert len({outlet.owner_group for outlet in outlets}) >= 8
    for one in outlets:
        assert one.owner_group and one.market and one.feeds and one.time_zone != "UTC", one.outlet_id
        assert (one.max_concurrency, one.delay_seconds) == (1, 2.0)
        assert (one.call_sign is None) == (one.network is None)
        assert one.call_sign is None or re.fullmatch("[KW][A-Z]{2,3}", one.call_sign)
    assert "UNTESTED" in US.read_text()


def registry(folder: Path, text: str) -> Path:
    path = folder / "outlets.toml"
    path.write_text(text)
    return path


def test_a_good_registry_is_read_in_its_order(tmp_path: Path) -> None:
    first, second = load_outlets(registry(tmp_path, GOOD))
    assert (first.outlet_id, first.owner_group, first.time_zone) == ("kmrx", "Larkfield", "America/Denver")
    assert first.delay_seconds == 1.0
    assert second.sitemaps == ("http://beacon.test/news.xml",)
    assert second.max_concurrency == 2


@pytest.mark.parametrize(
    "url", ["https://us:sesame@kmrx.example/feed", "https://us:sesame@", "//us:sesame@x"]
)
def test_a_login_is_refused_and_quoted_nowhere(tmp_path: Path, url: str) -> None:
    for text in (GOOD.replace("https://kmrx.example/feed", url), f'[[outlet]]\nfeeds = ["{url}"]\n'):
        with pytest.raises(BadInput) as refused:
            load_outlets(registry(tmp_path, text))
        assert "sesame" not in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "expected"),
    [
        ('"beacon"', '"kmrx"', 11, "outlet.1.id", "a unique id"),
        ('"beacon"', '"be/acon"', 11, "outlet.1.id", "match pattern"),
        ('"https://kmrx.example/feed"', '"ftp://kmrx.example"', 5, "outlet.0.feeds.0", "http or https URL"),
        ("https://kmrx.example/feed", "https://us:x@kmrx.example/", 5, "outlet.0.feeds.0", "without a login"),
        ('"https://kmrx.example/feed"', '"kmrx.example/feed"', 5, "outlet.0.feeds.0", "http or https URL"),
        ("https://rss.kmrx.example", "https://kmrx.example.test", 5, "outlet.0.feeds", "a host below it"),
        ('["https://kmrx.example/feed", "https://rss.kmrx.example/all"]', "[]", 5, "outlet.0.feeds", "one"),
        ('["https://kmrx.example/feed", "https://rss.kmrx.example/all"]', "3", 5, "outlet.0.feeds", "tuple"),
        ("http://beacon.test/news.xml", "http://else.test/", 14, "outlet.1.sitemaps", "on beacon.test"),
        ('"beacon.test"', '"http://beacon.test"', 13, "outlet.1.domain", "a host name"),
        ("America/Denver", "America/Atlantis", 7, "outlet.0.time_zone", "IANA time zone"),
        ("delay_seconds = 1", "delay_seconds = -1", 8, "outlet.0.delay_seconds", "greater than or equal"),
        ("delay_seconds = 1", "poll_minutes = [60, 10]", 8, "outlet.0.poll_minutes", "0 <= least <= most <="),
        ("delay_seconds = 1", "poll_minutes = 60", 8, "outlet.0.poll_minutes", "valid tuple"),
        ("owner_group", "ownergroup", 6, "outlet.0.ownergroup", "unexpected"),
        ('name = "The Beacon"\n', "", 10, "outlet.1.name", "required"),
    ],
)
def test_a_bad_entry_is_named(
    tmp_path: Path, old: str, new: str, line: int, field: str, expected: str
) -> None:
    assert old in GOOD
    path = registry(tmp_path, GOOD.replace(old, new))
    with pytest.raises(BadInput) as error:
        load_outlets(path)
    message = str(error.value)
    assert message.startswith(f"{path}:{line}: {field}: "), message
    assert expected in message
    assert "\n" not in message


def test_an_empty_registry_is_refused(tmp_path: Path) -> None:
    for text in ("", "outlet = []"):
        with pytest.raises(BadInput, match=r"outlets\.toml"):
            load_outlets(registry(tmp_path, text))


def test_shards_hold_each_outlet_once_and_do_not_move_when_one_is_added() -> None:
    outlets = [outlet(f"site{number}.example") for number in range(50)]
    shards = shard_outlets(outlets, 4)
    assert list(shards) == ["000", "001", "002", "003"]
    held = [one.outlet_id for shard in shards.values() for one in shard]
    assert sorted(held) == sorted(one.outlet_id for one in outlets)

    more = shard_outlets([outlet("new.example"), *reversed(outlets)], 4)
    for name, shard in shards.items():
        assert [one for one in more[name] if one.outlet_id != "new"] == list(shard)
    twins = [outlet("a.example", outlet_id=name) for name in ("north", "south", "west")]
    assert len(shard_outlets(twins, 4)) == 1, "one host, one shard, so that its limits hold"
