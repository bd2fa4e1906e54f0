"""The network keeps its word: what the truth says of a page is what the page prints."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tomllib
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree, html

import infra.demo
from infra.demo.network import NOW, Copy, Network, build
from infra.demo.registry import registry_toml
from infra.demo.sites import SITES
from infra.demo.truth import Truth, truth
from infra.demo.web import Web

DEMO = Path(infra.demo.__file__).parent
MORNING = datetime(2026, 3, 5, 8, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def network() -> Network:
    return build()


@pytest.fixture(scope="module")
def web(network: Network) -> Web:
    return Web(network)


@pytest.fixture(scope="module")
def facts(network: Network) -> list[Truth]:
    return list(truth(network, NOW))


def body(web: Web, copy: Copy, now: datetime = NOW) -> bytes:
    reply = web.reply(copy.site.domain, copy.path, now)
    assert reply
    return reply.body


def text_of(page: bytes) -> str:
    return html.fromstring(page.decode()).text_content()


def straight(text: str) -> str:
    return text.translate(str.maketrans("“”‘’", "\"\"''"))


def listed(web: Web, domain: str, path: str, now: datetime = NOW) -> set[str]:
    reply = web.reply(domain, path, now)
    assert reply
    tree = etree.fromstring(reply.body, etree.XMLParser(recover=True))
    found = tree.xpath(
        "//item/link/text() | //*[local-name()='entry']/*[local-name()='link']/@href"
        " | //*[local-name()='url']/*[local-name()='loc']/text()"
    )
    return {url.partition("?utm_")[0] for url in found}


def test_same_seed_gives_the_same_bytes_in_any_process() -> None:
    script = (
        "import hashlib; from infra.demo.network import build, NOW; from infra.demo.web import Web\n"
        "n = build(scale=2); w = Web(n); h = hashlib.sha256()\n"
        "for c in n.copies:\n"
        "    h.update(c.url.encode())\n"
        "    if c.fault != 'huge': h.update(w.reply(c.site.domain, c.path, NOW).body)\n"
        "print(h.hexdigest())"
    )
    run = [
        subprocess.run(
            [sys.executable, "-c", script],
            env=os.environ | {"PYTHONHASHSEED": seed},
            cwd=DEMO.parents[1],
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert run[0] == run[1]


def test_another_seed_deals_otherwise(facts: list[Truth]) -> None:
    assert [fact.url for fact in truth(build(seed=7), NOW)] != [fact.url for fact in facts]


def test_stories_are_as_many_and_as_spread_as_promised(network: Network) -> None:
    outlets: dict[str, set[str]] = defaultdict(set)
    for copy in network.copies:
        if copy.site.readable or copy.kind == "local":
            outlets[f"{copy.kind} {copy.story.key}"].add(copy.site.site_id)
    wires = [len(sites) for key, sites in outlets.items() if key.startswith("wire")]
    homes = [len(sites) for key, sites in outlets.items() if key.startswith("local")]
    assert len(wires) >= 30 and min(wires) >= 4 and max(wires) <= 12
    assert len(homes) >= 60 and set(homes) == {1}
    assert len({copy.url for copy in network.copies}) == len(network.copies)


def test_every_treatment_and_fault_occurs(facts: list[Truth]) -> None:
    wanted = {
        *("full", "teaser", "local_top", "local_middle", "rewritten_headline", "unlabelled"),
        *("dropped_byline", "dropped_dateline", "dropped_footer", "straight_quotes", "double_hyphen"),
        *(
            "frozen_v1",
            "frozen_v2",
            "frozen_v3",
            "follows",
            "corrected",
            "uncorrected",
            "killed",
            "kill_ignored",
        ),
        *("digest", "charset", "impossible_date", "empty", "huge"),
    }
    assert wanted <= {name for fact in facts for name in fact.treatments}
    assert {fact.kind for fact in facts} == {"wire", "local", "digest", "kill_notice", "fault"}
    assert {fact.expect for fact in facts} == {"published", "quarantined", "skipped", "unreachable"}
    services = {fact.service for fact in facts}
    assert services == {None, "CNN", "AP", "Reuters", "AFP", "Northline", "Harborstone"}


@pytest.mark.parametrize("now", [MORNING, NOW])
def test_truth_and_listings_name_the_same_pages(network: Network, web: Web, now: datetime) -> None:
    known: dict[str, set[str]] = defaultdict(set)
    for fact in truth(network, now):
        known[fact.outlet_id].add(fact.url)
    for site in network.sites:
        if site.fault != "down":
            assert listed(web, site.domain, "/news-sitemap.xml", now) == known[site.site_id]
            assert listed(web, site.domain, site.feed_path, now) <= known[site.site_id]


def test_a_page_prints_its_treatment_and_nothing_of_what_was_dropped(network: Network, web: Web) -> None:
    seen: Counter[str] = Counter()
    for copy in network.copies:
        showing = copy.at(NOW)
        if copy.kind != "wire" or copy.site.fault == "down" or copy.version(showing).kind == "kill":
            continue
        text = re.sub(r"\s+", " ", text_of(body(web, copy)))
        paragraphs = copy.piece(showing).paragraphs
        assert copy.version(showing).note[:20] in text
        treated = copy.treatment
        assert all(re.sub(r"\s+", " ", paragraph) in text for paragraph in paragraphs)
        wire = [straight(paragraph[-50:]) for paragraph in copy.version(showing).paragraphs]
        if treated.teaser and not copy.site.double_hyphen:
            assert wire[treated.teaser - 1] in straight(text) and wire[-1] not in straight(text)
            seen["teaser"] += 1
        if "dateline" in treated.dropped:
            assert copy.story.dateline not in text and copy.story.dateline.replace("—", "--") not in text
            seen["dateline"] += 1
        if treated.unlabelled:
            page = body(web, copy).decode()
            closing = {*copy.story.footer, copy.story.byline, copy.story.topic} - {copy.story.section}
            assert not [line for line in closing if line in page]
            seen["unlabelled"] += 1
        if treated.straight_quotes:
            assert not re.search("[“”‘’]", "".join(paragraphs))
            seen["straight"] += 1
    assert min(seen[name] for name in ("teaser", "dateline", "unlabelled", "straight")) > 5


def test_outlets_show_the_version_that_the_truth_says(network: Network, web: Web) -> None:
    shown: Counter[int] = Counter()
    for copy in network.copies:
        if copy.story.key == "cnn-ferry-collision" and copy.site.readable and not copy.site.double_hyphen:
            texts = [set(version.paragraphs) for version in copy.story.versions]
            own = [min(text.difference(*texts[:n], *texts[n + 1 :])) for n, text in enumerate(texts)]
            text = straight(text_of(body(web, copy)))
            number = copy.at(NOW).number
            assert [straight(paragraph) in text for paragraph in own] == [n == number for n in range(3)]
            shown[number] += 1
    assert set(shown) == {0, 1, 2}


def test_a_following_page_changes_at_its_url_as_the_clock_advances(network: Network, web: Web) -> None:
    following = [copy for copy in network.copies if copy.follows]
    assert {version.kind for copy in following for version in copy.story.versions} == {
        *("first", "update", "correction", "kill")
    }
    for copy in following:
        first, then = copy.showings[:2]
        moments = (first.at - timedelta(seconds=1), first.at, then.at)
        replies = [web.reply(copy.site.domain, copy.path, now) for now in moments]
        assert [reply.status for reply in replies] == [404, 200, 200]
        assert replies[1].etag != replies[2].etag and replies[2].last_modified == then.at
        feeds = [web.reply(copy.site.domain, copy.site.feed_path, now) for now in (first.at, then.at)]
        assert feeds[0].etag != feeds[1].etag


def test_an_hour_after_the_default_moment_nothing_has_changed(network: Network, web: Web) -> None:
    later = NOW + timedelta(hours=1)
    assert list(truth(network, NOW)) == list(truth(network, later))
    for site in network.sites:
        for path in (site.feed_path, site.sitemap_path):
            assert web.reply(site.domain, path, NOW) == web.reply(site.domain, path, later)


def test_the_digest_holds_three_stories_in_short(network: Network, web: Web, facts: list[Truth]) -> None:
    digest = next(copy for copy in network.copies if copy.kind == "digest")
    text = text_of(body(web, digest))
    for story in digest.parts:
        version = story.versions[0]
        assert version.headline in text and version.paragraphs[0] in text
        assert version.paragraphs[2] not in text
    assert {fact.parts for fact in facts if fact.kind == "digest"} == {tuple(s.key for s in digest.parts)}


def test_marks_are_where_the_truth_says(facts: list[Truth]) -> None:
    by_marks = {fact.url: fact for fact in facts if fact.kind == "wire"}
    bare = [fact for fact in by_marks.values() if "unlabelled" in fact.treatments]
    assert bare and all(not fact.marks and not fact.hints for fact in bare)
    kept = [f for f in by_marks.values() if f.service == "CNN" and {"full"} == set(f.treatments)]
    assert kept and all(fact.marks == ("byline", "dateline", "footer") for fact in kept)
    assert any(fact.hints == ("canonical",) for fact in by_marks.values())


def test_committed_registry_is_the_code_s_and_loads() -> None:
    from pipeline.ingest.registry import load_outlets

    assert (DEMO / "outlets.toml").read_text(encoding="utf-8") == registry_toml(SITES)
    assert [outlet.outlet_id for outlet in load_outlets(DEMO / "outlets.toml")] == [s.site_id for s in SITES]


def test_house_rules_match_the_in_house_wires(network: Network) -> None:
    rules = tomllib.loads((DEMO / "wires.toml").read_text(encoding="utf-8"))["rule"]
    assert all(re.search(rule["pattern"], rule["example"]) for rule in rules)
    for story in {copy.story for copy in network.copies if copy.kind == "wire"}:
        printed = {"dateline": story.dateline, "footer": " ".join(story.footer), "byline": story.byline}
        hit = {
            rule["service"].lower()
            for rule in rules
            if rule["where"] in printed and re.search(rule["pattern"], printed[rule["where"]])
        }
        assert hit == {story.service} & {"northline", "harborstone"}


def test_scale_multiplies_sites_and_stories_and_keeps_addresses_apart() -> None:
    once, thrice = build(), build(scale=3)
    assert len(thrice.sites) == 3 * len(once.sites)
    assert len({copy.url for copy in thrice.copies}) == len(thrice.copies) > 2.5 * len(once.copies)
    stories = {copy.story.key: hashlib.sha256("".join(copy.story.versions[0].paragraphs).encode()).digest()
               for copy in thrice.copies if copy.kind == "wire"}  # fmt: skip
    assert len(set(stories.values())) == len(stories)
