"""What is said of a change is what is said of the whole, whatever is broken in it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline import schema
from pipeline.counts import Counts
from pipeline.lake.folder import FolderStore
from pipeline.publish import checks, scope
from pipeline.publish.drafts import Partition
from pipeline.publish.manifest import read_manifest
from pipeline.publish.release import Candidate, Manifest, write_release
from tests.publish import sample
from tests.publish.sample import MONDAY, OWNERS, PARAMS, Copy, Story, Tables, World, doc_id

DAYS = [MONDAY - timedelta(days=n) for n in range(1, 5)]
Row = dict[str, object]
Fault = Callable[[Tables], Tables]
BY_STORY = ("stories", "republications", "versions", "pickups", "edges", "registry")


class Enough(Exception):
    """Nothing is to be released: the next candidate follows the same release."""


@dataclass(frozen=True, slots=True)
class Said:
    """Both verdicts on one candidate, and whether the change alone was enough to tell."""

    change: checks.Checked
    all: checks.Checked
    alone: bool


def world_before(pick: random.Random) -> World:
    outlets = sorted(OWNERS)
    stories = [
        Story(
            f"s-{pick.randrange(10**6)}-{n}",
            pick.choice(DAYS),
            tuple(
                Copy(pick.choice(outlets), f"Text {n} {pick.randrange(3)}") for _ in range(pick.randint(1, 4))
            ),
        )
        for n in range(9)
    ]
    return World(tuple(stories), quarantined=("https://channel-40.example/none",))


def world_after(pick: random.Random, world: World, days: set[date]) -> World:
    """A new story on the day of the run, and late copies on some days."""
    late = [
        replace(story, copies=(*story.copies, Copy(pick.choice(sorted(OWNERS)), "Late text", "r2")))
        if story.day in days and pick.random() < 0.7
        else story
        for story in world.stories
    ]
    new = Story(f"s-{pick.randrange(10**6)}-new", sample.TUESDAY, (Copy("channel-40", "New text", "r2"),))
    return World((*late, new), run_id="r2")


def tables_of(world: World) -> Tables:
    """The world's tables, with refused pairs from each story to the next, on the later one's day."""
    found = sample.tables(world)
    ordered = sorted(world.stories, key=lambda story: (story.day, story.story_id))
    for a, b in pairwise(ordered):
        ends = sorted([doc_id(a, 0), doc_id(b, 0)])
        row = {"story_id": b.story_id, "doc_id_a": ends[0], "doc_id_b": ends[1], "decision": "refused"}
        pairs = found["edges"][b.day]
        found["edges"][b.day] = pa.concat_tables([pairs, sample.table(schema.EDGES, [row])])
    return found


def of_days(tables: Tables, days: set[date | None]) -> Tables:
    """What the next release writes: these partitions, and all that are not of stories."""
    return {
        name: {day: rows for day, rows in by_day.items() if name not in BY_STORY or day in days}
        for name, by_day in tables.items()
    }


def broken(pick: random.Random, given: Tables, every: Tables) -> Tables:
    """One fault in what is written: a value, a row more, a row less, or a row on another day."""
    name = pick.choice([name for name in given if name != "checks" and any(map(len, given[name].values()))])
    day = pick.choice([day for day, rows in given[name].items() if len(rows)])
    rows, pool = given[name][day], pa.concat_tables(every[name].values())
    at = pick.randrange(len(rows))
    rest = pa.concat_tables([rows.slice(0, at), rows.slice(at + 1)])
    fault = pick.choice(["value", "value", "value", "more", "less", "moved"])
    if fault == "value":
        column = pick.choice([*checks.COLUMNS[name], *schema.BY_NAME[name].key])
        field = rows.schema.field(column)
        values = rows[column].to_pylist()
        values[at] = pick.choice([*pool[column].to_pylist(), strange(field.type)])
        new = rows.set_column(rows.schema.get_field_index(column), field, pa.array(values, field.type))
    elif fault == "more":
        new = pa.concat_tables([rows, pool.slice(pick.randrange(len(pool)), 1)])
    else:
        new = rest
    changed = {**given[name], day: new}
    if fault == "moved":
        there = pick.choice(list(given[name]))
        changed[there] = pa.concat_tables([changed[there], rows.slice(at, 1)])
    return {**given, name: changed}


def strange(kind: pa.DataType) -> object:
    if pa.types.is_timestamp(kind):
        return datetime(2039, 1, 1, tzinfo=UTC)
    if pa.types.is_boolean(kind):
        return True
    return "nobody" if pa.types.is_string(kind) else 7


def judge(lake: FolderStore, world: World, given: Tables, counts: Counts, folder: Path) -> Said:
    said: list[Said] = []

    def check(candidate: Candidate) -> checks.Checked:
        base = candidate.before
        assert base is not None
        asked = scope.of_change(candidate, base, world.run)
        alone = asked is not None
        told = {"run": world.run, "params": PARAMS}
        change = checks.run_checks_of_change(candidate, counts, **told)
        said.append(Said(change, checks.run_checks_of_all(candidate, counts, **told), alone))
        raise Enough

    folder.mkdir(parents=True)
    with pytest.raises(Enough):
        write_release(
            lake, release="rel-2", run=world.run, partitions=sample.drafted(given, folder), params=PARAMS,
            counts=counts, check=check,
        )  # fmt: skip
    return said[0]


def cases(seed: int, folder: Path, count: int) -> Iterator[tuple[str, Said]]:
    """A lake with a release, and verdicts on candidates that follow it: a sound one, then broken ones."""
    pick = random.Random(seed)
    before = world_before(pick)
    lake = FolderStore(str(folder / "lake"))
    sample.publish(lake, before, "rel-1", given=tables_of(before))
    for number in range(count):
        days: set[date] = set(pick.sample(DAYS, pick.randint(0, 2)))
        after = world_after(pick, before, days)
        every = tables_of(after)
        given, counts = of_days(every, {*days, sample.TUESDAY}), after.counts
        for _ in range(0 if number == 0 else pick.randint(1, 2)):
            given = broken(pick, given, every)
        if number % 7 == 6:
            counts = replace(counts, published=counts.published + 1)
        yield f"{seed}/{number}", judge(lake, after, given, counts, folder / str(number))


def compare(seeds: range, folder: Path, count: int) -> set[tuple[bool, bool]]:
    """Whether there were candidates with errors and without, and such as a change alone could tell of."""
    verdicts = set()
    for seed in seeds:
        for case, said in cases(seed, folder / str(seed), count):
            assert said.change.table.equals(said.all.table), case
            assert said.change.wrong.keys() == said.all.wrong.keys(), case
            verdicts.add((bool(said.all.wrong), said.alone))
    return verdicts


def test_both_say_the_same(tmp_path: Path) -> None:
    assert compare(range(1), tmp_path, 5) >= {(False, True), (True, True)}


@pytest.mark.slow
def test_both_say_the_same_of_many(tmp_path: Path) -> None:
    assert compare(range(10, 24), tmp_path, 12) >= {(False, True), (True, True), (True, False)}


# three stories on three days, and pairs from each to the next; what follows touches the second day at most
QUAY = Story("s-quay", DAYS[0], (Copy("harbor-post", "The quay."), Copy("channel-40", "The quay!")))
MILL = Story("s-mill", DAYS[1], (Copy("harbor-post", "The mill."), Copy("channel-40", "The mill!")))
KILN = Story("s-kiln", DAYS[2], (Copy("harbor-post", "The kiln."), Copy("valley-news", "The kiln!")))
THREE = World((QUAY, MILL, KILN), quarantined=("https://channel-40.example/none",))
LATE = replace(MILL, copies=(*MILL.copies, Copy("channel-40", "The mill, late.", "r2")))
NEXT = World((QUAY, LATE, KILN), run_id="r2")
NOTHING_NEW = replace(THREE, run_id="r2", quarantined=())


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> FolderStore:
    """A lake with a release of them, which no candidate becomes one of."""
    lake = FolderStore(str(tmp_path_factory.mktemp("three")))
    sample.publish(lake, THREE, "rel-1", given=with_old_ids(tables_of(THREE)))
    return lake


def with_old_ids(tables: Tables) -> Tables:
    """Beside the stories: an id of the second day that was removed, and one of the first that led to it."""
    gone = {"story_id": "s-gate", "current_story_id": "s-gate", "state": "removed"}
    lost = {"story_id": "s-lost", "current_story_id": "s-gate", "state": "merged"}
    return put(put(tables, "registry", MILL.day, gone), "registry", QUAY.day, lost)


def put(tables: Tables, name: str, day: date | None, *rows: Row) -> Tables:
    """With these rows more."""
    by_day = tables[name]
    old = [by_day[day]] if day in by_day else []
    return {
        **tables,
        name: {**by_day, day: pa.concat_tables([*old, sample.table(schema.BY_NAME[name], rows)])},
    }


def told(tables: Tables, name: str, day: date | None, tell: Callable[[Row], Row | None]) -> Tables:
    """With other rows in a partition, or without those of which nothing is told."""
    rows = [row for old in tables[name][day].to_pylist() if (row := tell(old))]
    return {**tables, name: {**tables[name], day: sample.table(schema.BY_NAME[name], rows)}}


def again(name: str, old: date | None, new: date | None) -> Fault:
    """A row of an unchanged partition once more, in one that is written."""
    return lambda tables: put(tables, name, new, tables_of(THREE)[name][old].to_pylist()[0])


def without_mill(tables: Tables) -> Tables:
    """A story is gone from its day; a pair on another day still names a copy of it."""
    for name in BY_STORY:
        tables = told(tables, name, MILL.day, lambda row: row if row["story_id"] == "s-gate" else None)
    return tables


def of_another_owner(tables: Tables) -> Tables:
    """An outlet was sold that has no copy on the day that is written."""
    sold = {"outlet_id": "valley-news", "owner_group": "Tern & Sons"}
    return told(
        tables, "outlets", None, lambda row: row | (sold if row["outlet_id"] == "valley-news" else {})
    )


def without_outlet(tables: Tables) -> Tables:
    """An outlet is not known any more, and the run did not ask it."""
    for name, day in (("outlets", None), ("runs", sample.TUESDAY)):
        tables = told(tables, name, day, lambda row: None if row["outlet_id"] == "valley-news" else row)
    return tables


def same_document(tables: Tables) -> Tables:
    """The late copy has the id of a document of another day."""
    late = doc_id(MILL, 2)
    for name, column in (("republications", "doc_id"), ("edges", "doc_id_b")):
        tables = told(
            tables, name, MILL.day,
            lambda row, at=column: row | ({at: "d-kiln-1"} if row[at] == late else {}),
        )  # fmt: skip
    return tables


def same_id(tables: Tables) -> Tables:
    """An id that lives on another day was removed on this one."""
    row = {"story_id": "s-kiln", "current_story_id": "s-kiln", "state": "removed"}
    return put(tables, "registry", MILL.day, row)


def twin_pair(tables: Tables) -> Tables:
    """The pair that lies on the later story's day lies on the earlier one's, too."""
    ends = sorted([doc_id(MILL, 0), doc_id(QUAY, 0)])
    row = {"story_id": "s-mill", "doc_id_a": ends[0], "doc_id_b": ends[1]}
    return put(tables, "edges", MILL.day, row)


def led_on(tables: Tables) -> Tables:
    """An id leads on to a story; one of another day that leads to it was not told."""
    on = {"current_story_id": "s-kiln", "state": "merged"}
    return told(tables, "registry", MILL.day, lambda row: row | (on if row["story_id"] == "s-gate" else {}))


@pytest.mark.parametrize(
    ("after", "fault", "name"),
    [
        (NOTHING_NEW, without_mill, "edges_without_republication"),
        (NEXT, of_another_owner, "n_owner_groups_wrong"),
        (NEXT, without_outlet, "outlets_unknown"),
        (NEXT, same_document, "republications_key_unique"),
        (NEXT, same_id, "registry_key_unique"),
        (NEXT, twin_pair, "edges_key_unique"),
        (NEXT, led_on, "registry_leads_nowhere"),
        (NEXT, again("changes", KILN.day, MILL.day), "changes_key_unique"),
        (NEXT, again("runs", MONDAY, sample.TUESDAY), "runs_key_unique"),
        (NOTHING_NEW, again("quarantine", MONDAY, sample.TUESDAY), "quarantine_key_unique"),
    ],
)
def test_what_only_the_whole_shows_is_found(
    after: World, fault: Fault, name: str, three: FolderStore, tmp_path: Path
) -> None:
    """The day that is written adds up by itself."""
    given = fault(of_days(with_old_ids(tables_of(after)), {MILL.day}))
    said = judge(three, after, given, after.counts, tmp_path / "next")
    assert name in said.all.wrong
    assert said.change.table.equals(said.all.table)


def test_a_sound_change_is_told_from_little(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file of an unchanged day is read but for narrow columns."""
    pick = random.Random(1)
    before = world_before(pick)
    lake = FolderStore(str(tmp_path / "lake"))
    sample.publish(lake, before, "rel-1", given=tables_of(before))
    after = world_after(pick, before, {DAYS[0]})
    given = of_days(tables_of(after), {DAYS[0], sample.TUESDAY})
    read: list[tuple[str, date | None, tuple[str, ...]]] = []
    real = scope.read_dated

    def reads(lake, table, files, columns):  # type: ignore[no-untyped-def]
        read.extend((table.name, file.seen_day, tuple(columns)) for file in files)
        return real(lake, table, files, columns)

    monkeypatch.setattr(scope, "read_dated", reads)
    monkeypatch.setattr(Candidate, "tables", None)
    (tmp_path / "next").mkdir()
    manifest = publish(lake, after, sample.drafted(given, tmp_path / "next"))
    assert all(check.ok for check in manifest.checks)
    old = {name for name, day, columns in read if day in DAYS[1:] and columns == checks.COLUMNS[name]}
    assert old == {"registry", "changes"}, (
        "narrow all of it; whose numbers are random here, so they could meet"
    )


def publish(lake: FolderStore, world: World, partitions: list[Partition]) -> Manifest:
    return write_release(
        lake, release="rel-2", run=world.run, partitions=partitions, params=PARAMS, counts=world.counts,
        check=sample.check(world),
    )  # fmt: skip


@pytest.mark.parametrize("why", ["", "params", "code", "a check is new", "a check did not hold"])
def test_all_is_checked_where_the_release_before_proves_nothing(
    why: str, three: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = read_manifest(three, "rel-1")
    assert base is not None
    first = base.checks[0]
    told = {
        "": {},
        "params": {"params_digest": "0"},
        "code": {"code_version": "0.0.9"},
        "a check is new": {"checks": base.checks[1:]},
        "a check did not hold": {"checks": (replace(first, ok=False), *base.checks[1:])},
    }[why]
    assert first.level == "error"
    whole: list[bool] = []
    real = Candidate.tables
    monkeypatch.setattr(Candidate, "tables", lambda self, columns: whole.append(True) or real(self, columns))
    candidate = Candidate(three, base.files, replace(base, **told))  # type: ignore[arg-type]
    checks.run_checks_of_change(candidate, THREE.counts, run=THREE.run, params=PARAMS)
    assert bool(whole) == bool(why)
