"""The stories of a release as a list: newest day first, in it those that most outlets ran.

A page reads partitions from the newest day on and stops when it is full, so what the first page costs does
not grow with the lake. Only a search that finds little reads on, and of the columns that the list shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.desk.shelf import Desk, files_of, files_of_day, whole
from pipeline.publish.manifest import FileEntry, Manifest
from pipeline.publish.reader import read_files

NO_WIRE = "none"
_LONGEST = 500  # characters of a headline in the list: a page may have put all it has into one
CORRECTED = "corrected"
STATUSES = ("usable", "canceled", "withheld", "embargoed", CORRECTED)
LISTED = (
    *("story_id", "headline", "wire_service", "n_republications", "n_outlets", "n_versions", "word_count"),
    *("first_published_at", "first_seen_at", "pub_status", "has_correction"),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for; None: no matter. `text`: words that the headline has, case aside. `wire`: a
    service, or none. `at_least`: outlets. `status`: pub_status, or corrected."""

    text: str = ""
    wire: str | None = None
    outlet: str | None = None
    day: date | None = None
    at_least: int = 0
    status: str | None = None

    @property
    def everything(self) -> bool:
        """Whether all stories of a partition are meant."""
        return not (self.text or self.wire or self.outlet or self.at_least or self.status)


def search(desk: Desk, manifest: Manifest, asked: Asked, offset: int, limit: int) -> dict[str, Any]:
    """A page: `rows` of LISTED with `seen_day`; `more`, if others follow; `total`, where it costs nothing."""
    files = [f for f in files_of(manifest, "stories") if asked.day is None or f.seen_day == asked.day]
    rows: list[dict[str, Any]] = []
    left = offset
    for file in files:
        if asked.everything and file.rows <= left:
            left -= file.rows
            continue
        found = _matching(desk, manifest, file, asked)
        page = found.slice(left, limit + 1 - len(rows))
        left = max(0, left - found.num_rows)
        rows += [row | {"seen_day": file.seen_day} for row in page.to_pylist()]
        if len(rows) > limit:
            break
    total = sum(file.rows for file in files) if asked.everything else None
    return {"rows": rows[:limit], "more": len(rows) > limit, "total": total, "offset": offset}


def choices(desk: Desk, manifest: Manifest) -> dict[str, Any]:
    """What can be asked for: wires, outlets, days (newest first) and statuses."""
    rules = whole(desk, manifest, "wire_rules")
    found = rules.filter(pc.greater(rules["pages"], 0))["service"]
    services = pc.unique(found.drop_null()).to_pylist()
    outlets = whole(desk, manifest, "outlets").select(["outlet_id", "name"]).sort_by("outlet_id")
    return {
        "wires": [*sorted(services), NO_WIRE],
        "outlets": outlets.to_pylist(),
        "days": [file.seen_day for file in files_of(manifest, "stories")],
        "statuses": STATUSES,
    }


def _matching(desk: Desk, manifest: Manifest, file: FileEntry, asked: Asked) -> pa.Table:
    """The stories of a file that were asked for (LISTED), in the order of the list."""
    stories = desk.shelf.get(file, "list", lambda: _listed(desk, file))
    masks = [pc.match_substring(stories["headline"], word, ignore_case=True) for word in asked.text.split()]
    if asked.wire:
        wire = stories["wire_service"]
        masks.append(pc.is_null(wire) if asked.wire == NO_WIRE else pc.equal(wire, asked.wire))
    if asked.at_least:
        masks.append(pc.greater_equal(stories["n_outlets"], asked.at_least))
    if asked.status == CORRECTED:
        masks.append(stories["has_correction"])
    elif asked.status:
        masks.append(pc.equal(stories["pub_status"], asked.status))
    if asked.outlet:
        ran = _ran_by(desk, files_of_day(manifest, "pickups", file.seen_day), asked.outlet)
        masks.append(pc.is_in(stories["story_id"], value_set=ran))
    for mask in masks:
        # every mask is of the whole file: they are joined first
        masks[0] = pc.and_kleene(masks[0], mask)
    return stories.filter(masks[0]) if masks else stories


def _listed(desk: Desk, file: FileEntry) -> pa.Table:
    rows = read_files(desk.lake, "stories", [file], LISTED)
    at = rows.schema.get_field_index("headline")
    cut = pc.utf8_slice_codeunits(rows["headline"], 0, _LONGEST)
    rows = rows.set_column(at, rows.schema.field(at), cut)
    return rows.sort_by([("n_outlets", "descending"), ("story_id", "ascending")])


def _ran_by(desk: Desk, files: Sequence[FileEntry], outlet: str) -> pa.Array:
    """The ids (text) of the stories of a partition that an outlet ran."""

    def draw() -> pa.Table:
        pickups = read_files(desk.lake, "pickups", files, ["story_id", "outlet_id"])
        return pickups.filter(pc.equal(pickups["outlet_id"], outlet)).select(["story_id"])

    if not files:
        return pa.array([], pa.string())
    return desk.shelf.get(files[0], f"outlet {outlet}", draw)["story_id"].combine_chunks()
