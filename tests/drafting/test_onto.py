"""What is drawn onto the last release has the bytes of what is drawn anew, and little of it is written."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from pipeline import steps
from pipeline.drafting import step
from pipeline.judge import judge
from pipeline.params import Params
from pipeline.publish.manifest import FileEntry, Manifest, find_manifest
from pipeline.publish.reader import read_table
from pipeline.takedown import take_down
from tests.match.texts import prose
from tests.matching.desk import REGISTERED, START, Desk, Page, pages_of

Bytes = dict[tuple[str, date | None], str]


def anew(desk: Desk, release: Manifest, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Bytes:
    """The digests of the release's partitions, all of them drawn again from the lake's segments."""
    folder.mkdir()
    before = find_manifest(desk.lake, release.previous) if release.previous else None
    with monkeypatch.context() as patch:
        patch.setattr(step, "_stands", lambda *_: False)
        drafted = steps.draft(desk.lake, desk.runs[-1], desk.config, folder, before, REGISTERED)
    return {
        (partition.table.name, partition.seen_day): sha256(partition.path.read_bytes()).hexdigest()
        for partition in drafted.partitions
        if partition.rows
    }


def published(release: Manifest) -> Bytes:
    """The same of what was published; of `changes` only the day that a release writes."""
    day = max(file.seen_day for file in release.tables["changes"].files if file.seen_day)
    return {
        file.partition: file.sha256
        for file in release.files
        if file.rows and file.table != "checks" and (file.table != "changes" or file.seen_day == day)
    }


def written(release: Manifest, table: str) -> list[FileEntry]:
    """The files of a table that the release brought."""
    return [file for file in release.tables[table].files if f"/{release.release}-" in file.key]


def batches_of(seed: int) -> list[tuple[list[Page], int, dict[str, int]]]:
    """Random pages in batches, each with its hour and what other addresses answered: texts that give way to
    others at their address, some to a kill notice, some come back; addresses that are gone or unchanged."""
    pick = random.Random(seed)
    pages = pages_of(seed, 10)
    pick.shuffle(pages)
    pages = [
        replace(
            page,
            published=START - timedelta(hours=pick.randrange(200)) if pick.random() < 0.7 else None,
            path=pick.choice((None, None, f"place-{pick.randrange(8)}")),
        )
        for page in pages
    ]
    for n in range(2):
        notice = f"Editors: the story about {prose(seed + n, 5)} is withdrawn. {prose(seed + 7, 40)}"
        path = f"place-{pick.randrange(8)}"
        pages.append(Page(f"k{n}", pick.choice(pages).outlet, "kill", notice, path=path, notices=("kill",)))
    count = pick.randrange(3, 6)
    cuts = sorted(pick.sample(range(1, len(pages)), count - 1))
    parts = [pages[a:b] for a, b in zip([0, *cuts], [*cuts, len(pages)], strict=True)]
    hours = sorted(pick.sample(range(240), count))
    # days that nothing touches any more
    alone = [story(1_000_000 + 1_000 * n, ("harrow", "tidewater")) for n in range(2)]
    told: list[tuple[list[Page], int, dict[str, int]]] = [(alone[0], -48, {}), (alone[1], -24, {})]
    for n, (part, hour) in enumerate(zip(parts, hours, strict=True)):
        earlier = [page for some in parts[:n] for page in some]
        again = pick.sample(earlier, min(2, len(earlier))) if pick.random() < 0.5 else []
        new = {page.url for page in (*part, *again)}
        answers = {
            page.url: pick.choice((304, 404))
            for page in earlier
            if page.url not in new and pick.random() < 0.15
        }
        told.append(([*part, *again], hour, answers))
    return told


def run_all(
    batches: Sequence[tuple[list[Page], int, Mapping[str, int]]],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    skipped: int,
) -> int:
    """Take the batches in, release after two of three, and compare; how many partitions were carried."""
    desk, carried = Desk(folder / "desk"), 0
    desk.config = replace(desk.config, params=Params(expire_days={"outlet": 5}))
    for n, (pages, hour, answers) in enumerate(batches):
        desk.take(pages, hour, answers=answers)
        if n % 3 == skipped:
            continue
        if n == 3:
            stories = read_table(desk.lake, "republications", columns=["doc_id"])["doc_id"].to_pylist()
            verdict = "same" if len(stories) % 2 else "different"
            judge(desk.lake, stories[0], stories[-1], verdict, by="us", at=START, why="we looked")
        if n == 2:
            some = read_table(desk.lake, "republications").slice(skipped, 1).to_pylist()[0]
            for kind, value in (("story", some["story_id"]), ("url", some["url"])):
                take_down(desk.lake, kind, value, by="us", at=START, why="they asked")
        release = desk.publish()
        assert published(release) == anew(desk, release, folder / f"anew-{n}", monkeypatch)
        carried += len(release.tables["republications"].files) - len(written(release, "republications"))
    return carried


def test_drawn_onto_the_last_release_is_drawn_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    carried = [run_all(batches_of(seed), tmp_path / f"{seed}", monkeypatch, 1) for seed in range(3)]
    assert all(carried)


@pytest.mark.slow
def test_drawn_onto_the_last_release_is_drawn_anew_whatever_the_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    carried = [
        run_all(batches_of(seed), tmp_path / f"{seed}", monkeypatch, seed % 4) for seed in range(4, 34)
    ]
    # a corpus whose last releases come with a takedown carries nothing
    assert sum(map(bool, carried)) > 20


def story(seed: int, outlets: Sequence[str], **told: object) -> list[Page]:
    body = "\n".join(prose(seed + k, 60) for k in range(4))
    return [Page(f"s{seed}-{outlet}", outlet, f"Story {seed}", body, **told) for outlet in outlets]  # type: ignore[arg-type]


def days(files: Sequence[FileEntry]) -> list[int]:
    return [file.seen_day.day for file in files if file.seen_day]


def test_only_days_of_stories_that_changed_are_written(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for day in range(4):
        desk.take(story(1_000 * day, ("harrow", "tidewater")), 24 * day)
        release = desk.publish()
        assert days(written(release, "republications")) == [day + 1]
    late = story(1_000, ("bellmoor",))
    desk.take([*late, *story(9_000, ("harrow",))], 24 * 4)
    release = desk.publish()
    for table in ("stories", "republications", "versions", "pickups", "registry"):
        assert days(release.tables[table].files) == [1, 2, 3, 4, 5]
        assert days(written(release, table)) == [2, 5]
    assert len(read_table(desk.lake, "republications")) == 10


def test_an_address_that_is_asked_again_changes_its_day_alone(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for day in range(3):
        desk.take(story(1_000 * day, ("harrow", "tidewater")), 24 * day)
        desk.publish()
    gone = story(0, ("harrow",))[0].url
    desk.take([], 24 * 3, answers={gone: 404})
    release = desk.publish()
    assert days(written(release, "republications")) == [1]
    copies = read_table(desk.lake, "republications", columns=["url", "gone_at"]).to_pylist()
    assert {copy["url"] for copy in copies if copy["gone_at"]} == {gone}


@pytest.mark.parametrize("why", ["earlier", "whole", "params"])
def test_all_is_drawn_anew_where_it_must(why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(tmp_path)
    for day in (1, 2):
        desk.take(story(1_000 * day, ("harrow", "tidewater")), 24 * day)
        desk.publish()
    if why == "params":
        desk.config = replace(desk.config, params=replace(desk.config.params, warn_mark_days=9))
    seen: list[bool] = []
    real = step._stands

    def stands(*told: Any) -> bool:
        seen.append(real(*told))
        return seen[-1]

    monkeypatch.setattr(step, "_stands", stands)
    desk.take(story(5_000, ("harrow",)), 1 if why == "earlier" else 72, whole=why == "whole")
    desk.publish()
    assert seen == [False]
