"""The files that a run takes in: which they are, in which portions they are read, their rows in their order.

What a run reads is written down before it reads: under its clock nothing else is taken in.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.config import Config
from pipeline.errors import BadInput
from pipeline.extract.course import Course
from pipeline.extract.credit import load_rules
from pipeline.extract.credited import add_credits
from pipeline.extract.noticed import add_notices
from pipeline.extract.pool import extract_many
from pipeline.ingest.articles import read_articles
from pipeline.ingest.files import InputFile, find_files
from pipeline.ingest.inputs import read_pages
from pipeline.lake.store import Missing, Store
from pipeline.model import NO_OUTLET, Run
from pipeline.segments import HELD, PAGES

# called with (done, total) in bytes of all files
Progress = Callable[[int, int], None]
Batch = tuple[pa.Table, pa.Table]  # pages, quarantine
ARCHIVES = "raw/archives/run="
# what a kill may cost to read again; small files are read together
_PORTION_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Archive:
    """Inputs as they were named, and how they are read: `columns` are names of ours (ingest.articles.COLUMNS)
    with the files' own."""

    inputs: tuple[str, ...]
    outlet_field: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, lake: Store, run_id: str) -> Archive | None:
        """What a run took in, or began to; None if nothing is written down."""
        told = _told(lake, run_id)
        return cls(tuple(told["inputs"]), told["outlet_field"], told["columns"]) if told else None

    @classmethod
    def named(
        cls, inputs: Sequence[str | Path], outlet_field: str | None, columns: Mapping[str, str]
    ) -> Archive:
        """Inputs with paths that hold whatever folder one is in."""
        names = (each if each.startswith("s3://") else str(Path(each).resolve()) for each in map(str, inputs))
        return cls(tuple(names), outlet_field, dict(columns))

    def claim(self, lake: Store, run: Run, s3_client: Any = None) -> tuple[InputFile, ...]:
        """The files, once it is written down that the run reads them. Raises `BadInput` if others are, or if
        one has changed since."""
        files = find_files(self.inputs, s3_client)
        told = self._told() | {"files": [_row(file) for file in files]}
        text = json.dumps(told, ensure_ascii=False, indent=1)
        if not lake.put_if_absent(f"{ARCHIVES}{run.run_id}.json", f"{text}\n".encode()):
            self.same(lake, run)
            _unchanged(lake, run, files)
        return files

    def find(self, lake: Store, run: Run, s3_client: Any = None) -> tuple[InputFile, ...]:
        """The files that the run of a lake took in. Raises `BadInput` if one is gone or has changed."""
        files = find_files(self.inputs, s3_client)
        _unchanged(lake, run, files)
        return files

    def same(self, lake: Store, run: Run) -> None:
        """Raises `BadInput` if the run took in something else."""
        told = _told(lake, run.run_id)
        if told and {name: told[name] for name in self._told()} != self._told():
            raise BadInput(
                f"now: run {run.run_id} takes in {', '.join(told['inputs']) or 'nothing'}; "
                "other files, or the same in another way, need another clock"
            )

    def _told(self) -> dict[str, Any]:
        return {
            "inputs": list(self.inputs),
            "outlet_field": self.outlet_field,
            "columns": dict(self.columns),
        }


def _row(file: InputFile) -> dict[str, Any]:
    return {"uri": file.uri, "kind": str(file.kind), "bytes": file.size}


def _unchanged(lake: Store, run: Run, files: Sequence[InputFile]) -> None:
    before = {each["uri"]: each for each in (_told(lake, run.run_id) or {"files": ()})["files"]}
    for file in files:
        if before.pop(file.uri, None) != _row(file):
            raise BadInput(f"{file.name}: is not what run {run.run_id} began to read")
    if before:
        raise BadInput(f"{min(before)}: is gone since run {run.run_id} began to read it")


def _told(lake: Store, run_id: str) -> dict[str, Any] | None:
    try:
        told: dict[str, Any] = json.loads(lake.get(f"{ARCHIVES}{run_id}.json"))
    except Missing:
        return None
    return told


def portions(files: Sequence[InputFile]) -> list[list[InputFile]]:
    """The files in their order, as many at once as make 64 MB."""
    found: list[list[InputFile]] = []
    size = _PORTION_BYTES
    for file in files:
        if size >= _PORTION_BYTES:
            found.append([])
            size = 0
        found[-1].append(file)
        size += file.size
    return found


class Reading:
    """Files become batches of rows, one after the other; `progress` is told of bytes out of those of all."""

    def __init__(
        self,
        run: Run,
        config: Config,
        archive: Archive,
        files: Sequence[InputFile],
        progress: Progress | None = None,
    ) -> None:
        self._run, self._config, self._archive, self._progress = run, config, archive, progress
        self._rules = load_rules(config.wires)
        self._total = sum(file.size for file in files)
        self._done = 0

    def pass_over(self, files: Sequence[InputFile]) -> None:
        """These are read already."""
        self._done += sum(file.size for file in files)

    def batches(self, files: Sequence[InputFile], course: Course) -> Iterator[Batch]:
        """(segments.PAGES, segments.HELD) of each page and row, records that cannot be read included."""
        for file in files:
            if file.kind.holds_articles:
                yield from self._articles(file)
            else:
                yield from self._pages(file, course)
            self._done += file.size

    def _articles(self, file: InputFile) -> Iterator[Batch]:
        archive = self._archive
        params = self._config.params
        for batch in read_articles(
            file, self._run, params, archive.outlet_field, self._tell, archive.columns
        ):
            yield add_notices(add_credits(batch.pages, self._rules)), batch.quarantine

    def _pages(self, file: InputFile, course: Course) -> Iterator[Batch]:
        held: list[dict[str, str]] = []

        def refuse(url: str, reason: str, detail: str) -> None:
            place = {"run_id": self._run.run_id, "outlet_id": NO_OUTLET, "url": url}
            held.append({**place, "stage": "extract", "reason": reason, "detail": detail})

        params = self._config.params
        raws = read_pages(file, self._run, params, self._tell, refuse)
        yield from extract_many(raws, self._rules, params, self._run, course)
        if held:
            yield PAGES.empty_table(), pa.Table.from_pylist(held, HELD)

    def _tell(self, of_file: int, _: int) -> None:
        if self._progress:
            self._progress(self._done + of_file, self._total)
