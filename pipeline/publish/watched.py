"""What is published and told, but stops no release: drift, and outlets and wires that changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.model import Run
from pipeline.params import Params
from pipeline.publish.manifest import Manifest
from pipeline.publish.marks import missed_rules
from pipeline.publish.templates import changed_outlets, relearned_outlets, worst_outlet

Tables = Mapping[str, pa.Table]

_DRIFT_OF = "duplicate_share"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its value, its limit, and why the limit is there. `level`: error or warn."""

    check: str
    value: float
    limit: float
    comparison: str
    level: str
    reason: str

    @property
    def ok(self) -> bool:
        if self.comparison == "==":
            return self.value == self.limit
        return self.value <= self.limit if self.comparison == "<=" else self.value >= self.limit


def warnings(tables: Tables, run: Run, params: Params, before: Manifest | None) -> list[Check]:
    """The checks of level warn; arguments as in `checks.run_checks`."""
    stories = tables["stories"]
    shared = stories.filter(pc.greater(stories["n_outlets"], 1))
    share = total(shared["n_republications"]) / max(total(stories["n_republications"]), 1)
    past = [check.value for check in before.checks if check.check == _DRIFT_OF] if before else []
    changed = changed_outlets(tables["boilerplate"], tables["republications"], params)
    relearned = relearned_outlets(tables["templates"], run)
    outlet, readable = worst_outlet(of_run(tables["runs"], run), params)
    missed = missed_rules(tables["wire_rules"], tables["republications"], run, params)
    return [
        Check(_DRIFT_OF, share, 1.0, "<=", "warn", "Share of republications whose story another outlet ran."),
        Check(
            "duplicate_share_drift",
            abs(share - past[0]) if past else 0.0,
            params.warn_duplicate_drift,
            "<=",
            "warn",
            "A jump against the last release means that matching or the mix of outlets changed.",
        ),
        Check(
            "outlet_readable_share",
            readable,
            params.warn_readable_share,
            ">=",
            "warn",
            "Lowest share of an outlet's pages that could be read"
            + (f" ({outlet})" if outlet else "")
            + "; a low one means that its templates changed.",
        ),
        _none(
            "template_relearned",
            relearned,
            "Outlets a template of which changed in this run, so that it was forgotten and learned anew"
            + (f": {', '.join(relearned)}." if relearned else "."),
        ),
        _none(
            "template_changed",
            changed,
            "Outlets whose newest pages lack the chrome that the pages before them had"
            + (f": {', '.join(changed)}." if changed else "."),
        ),
        _none(
            "wire_mark_gone",
            missed,
            f"Credit rules found until lately and not any more: {', '.join(missed) or 'none'}.",
        ),
    ]


def _none(check: str, names: Sequence[str], reason: str) -> Check:
    """A check that counts what is named in its reason."""
    return Check(check, float(len(names)), 0.0, "<=", "warn", reason)


def of_run(rows: pa.Table, run: Run) -> pa.Table:
    """The rows of a run."""
    return rows.filter(pc.equal(rows["run_id"], run.run_id))


def total(values: pa.ChunkedArray) -> int:
    """The sum, or how many are true; nulls count nothing."""
    return int(pc.sum(values).as_py() or 0)
