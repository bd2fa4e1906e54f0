"""What a check says: its value, its limit, why the limit is there, and the rows that break it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.model import Run
from pipeline.publish.manifest import CheckResult
from pipeline.schema import CHECKS

Tables = Mapping[str, pa.Table]
Wrong = tuple[str, pa.Table]  # rows of a table, by its name

NAMED = 20  # of more, the detail says how many
_FEW = 4  # times as many to look through are looked through the other way round


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `level`: error or warn; `detail` names what breaks it, `wrong` are rows that do."""

    check: str
    value: float
    limit: float
    comparison: str
    level: str
    reason: str
    detail: str | None = None
    wrong: tuple[Wrong, ...] = field(default=(), compare=False, repr=False)

    @property
    def ok(self) -> bool:
        if self.comparison == "==":
            return self.value == self.limit
        return self.value <= self.limit if self.comparison == "<=" else self.value >= self.limit


@dataclass(frozen=True, slots=True)
class Checked:
    """All checks of a candidate, by name: `table` (schema.CHECKS), and of those of level error that do not
    hold the rows that break them."""

    table: pa.Table
    wrong: Mapping[str, Sequence[Wrong]]

    @classmethod
    def of(cls, found: Iterable[Check]) -> Checked:
        ordered = sorted(found, key=lambda check: check.check)
        told = [one.name for one in fields(Check) if one.name in CHECKS.schema.names]
        rows = [{name: getattr(check, name) for name in told} | {"ok": check.ok} for check in ordered]
        return cls(
            pa.Table.from_pylist(rows, schema=CHECKS.schema),
            {check.check: check.wrong for check in ordered if check.level == "error" and not check.ok},
        )


def failing(checks: pa.Table) -> list[str]:
    """One line a check of level error that does not hold; empty if the release may go out."""
    wrong = checks.filter(pc.and_(pc.equal(checks["level"], "error"), pc.invert(checks["ok"])))
    names = [one.name for one in fields(CheckResult)]
    return [told(CheckResult(**{name: row[name] for name in names})) for row in wrong.to_pylist()]


def told(check: CheckResult) -> str:
    """What a check that does not hold says, in a line."""
    detail = f": {check.detail}" if check.detail else ""
    return f"{check.check} is {check.value:g}, must be {check.comparison} {check.limit:g}{detail}"


def none(
    check: str, wrong: Sequence[Wrong], reason: str, more: int = 0, shown: Sequence[Wrong] = ()
) -> Check:
    """A check of level error that counts rows that must not be, and `more`; `shown`: rows that tell why."""
    value = sum(len(rows) for _, rows in wrong) + more
    return Check(check, float(value), 0.0, "==", "error", reason, wrong=(*wrong, *shown))


def equal(check: str, value: int, limit: int, reason: str, rows: Sequence[Wrong] = ()) -> Check:
    """A check of level error of two sums; `rows`: what was added up."""
    return Check(check, float(value), float(limit), "==", "error", reason, wrong=tuple(rows))


def nobody(check: str, names: Sequence[str], reason: str) -> Check:
    """A check of level warn that counts what it names."""
    return Check(check, float(len(names)), 0.0, "<=", "warn", reason, named(names))


def named(names: Sequence[str]) -> str | None:
    """The first of the names, and how many more there are; None without any."""
    more = f"; and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return "; ".join(names[:NAMED]) + more if names else None


def of_run(rows: pa.Table, run: Run) -> pa.Table:
    """The rows of a run."""
    return rows.filter(pc.equal(rows["run_id"], run.run_id))


def total(values: pa.ChunkedArray) -> int:
    """The sum, or how many are true; nulls count nothing."""
    return int(pc.sum(values).as_py() or 0)


def orphans(name: str, rows: pa.Table, column: str, parent: pa.ChunkedArray) -> Wrong:
    """The rows whose value of the column is not among `parent`; null is no value."""
    values = rows[column]
    strange = pc.and_(pc.is_valid(values), pc.invert(pc.is_in(values, value_set=among(values, parent))))
    return name, rows.filter(strange)


def among(values: pa.ChunkedArray, parent: pa.ChunkedArray) -> pa.ChunkedArray:
    """What of `parent` has to be known of these values: for few of them not all of it, whose hashes cost."""
    if len(values) * _FEW > len(parent):
        return parent
    return parent.filter(pc.is_in(parent, value_set=values.unique()))


def unmatched(name: str, rows: pa.Table, parent: pa.Table) -> Wrong:
    """The rows whose values of the columns of `parent` are no row of it."""
    keys = parent.column_names
    strange = rows.select(keys).join(parent, keys=keys, join_type="left anti")
    # the other columns are joined only if there is somebody to show them to
    return name, rows.join(parent, keys=keys, join_type="left anti") if len(strange) else strange


def distinct(rows: pa.Table, key: Sequence[str]) -> int:
    """How many different keys the rows have."""
    return len(rows.group_by(list(key)).aggregate([]))
