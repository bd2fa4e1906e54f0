"""The gate before a release: what does not add up is not published.

Checks of level error (soundness.py) stop the release; those of level warn (watched.py, habits.py) are
published in the `checks` table. docs/checks.md lists them all.
"""

from __future__ import annotations

from pipeline import __version__
from pipeline.counts import Counts
from pipeline.model import Run
from pipeline.params import Params
from pipeline.publish import scope
from pipeline.publish.manifest import Manifest
from pipeline.publish.past import NO_PAST, Past, read_past
from pipeline.publish.reader import Candidate
from pipeline.publish.scope import COLUMNS, Scope
from pipeline.publish.soundness import errors
from pipeline.publish.verdict import Checked, Tables, failing, told
from pipeline.publish.watched import warnings

__all__ = ["COLUMNS", "Checked", "failing", "run_checks", "run_checks_of_all", "run_checks_of_change", "told"]


def run_checks(tables: Tables, counts: Counts, *, run: Run, params: Params, past: Past = NO_PAST) -> Checked:
    """Check the tables of a candidate release.

    `tables`: for each table of `COLUMNS` at least those columns and `seen_day` (date32, null where the
    table is not partitioned), rows in published order. `counts`: the pages of `run`. `past`: what drift and
    the habits of outlets are held against.
    """
    return _checked(scope.whole(tables), counts, run, params, past)


def run_checks_of_all(candidate: Candidate, counts: Counts, *, run: Run, params: Params) -> Checked:
    """Check all files of a candidate, against the releases before it."""
    past = read_past(candidate.lake, candidate.before, params.warn_drift_releases)
    return run_checks(candidate.tables(COLUMNS), counts, run=run, params=params, past=past)


def run_checks_of_change(candidate: Candidate, counts: Counts, *, run: Run, params: Params) -> Checked:
    """Check a candidate that carries partitions over from `candidate.before`, looking only at what changed.

    What it says is what `run_checks_of_all` says. The release before passed all of these checks, by the same
    code and params; let T be the days in which a file of a story table differs, U the others.

    - Within a day: a story's copies, versions, pickups, edges and its row in `registry` lie in its partition
      (`partition_wrong`), in U before, so now, in T as checked now. So all that is asked of a story and of
      what belongs to it is asked of T alone, and versions and pickups, whose key begins with the story's, are
      unique in the whole if unique in T. The sums of U stand as long as no outlet changed its owner.
    - Across days: doc_id and story_id of all rows are read, so that these are unique, that each end of an
      edge and each version's representative exists, and that an id leads to one that was not merged, is asked
      of all. What U refers to was there before; if a document or an id is gone, all is checked. An edge lies
      on the day of one of its ends, so a twin of a new one in U lies on a day that it leads to: that is read.
    - By run: rows of `changes`, `runs` and `quarantine` are only added. Those in U that could have the key of
      one that came, or belong to this run, lie in files whose range of keys, as the manifest has it, says so.
    - The checks of level warn are of columns that are read of all rows, or of this run's.

    Where that says that an error check does not hold, all is checked, to tell what else does not, and which
    rows break it.
    """
    past = read_past(candidate.lake, candidate.before, params.warn_drift_releases)
    if past.newest and _passed(past.newest, params):
        changed = scope.of_change(candidate, past.newest, run)
        found = _checked(changed, counts, run, params, past) if changed else None
        if found and not failing(found.table) and _asked(found) <= _asked_of(past.newest):
            return found
    return run_checks(candidate.tables(COLUMNS), counts, run=run, params=params, past=past)


def _checked(looked_at: Scope, counts: Counts, run: Run, params: Params, past: Past) -> Checked:
    return Checked.of(
        [
            *errors(looked_at.rows, looked_at.every, counts, run, params),
            *warnings(looked_at.every, looked_at.counts, run, params, past),
        ]
    )


def _passed(release: Manifest, params: Params) -> bool:
    """Whether the release stood the checks as they are made now."""
    return (
        release.code_version == __version__
        and release.params_digest == params.digest()
        and all(check.ok for check in release.checks if check.level == "error")
    )


def _asked(found: Checked) -> set[str]:
    return {row["check"] for row in found.table.to_pylist() if row["level"] == "error"}


def _asked_of(release: Manifest) -> set[str]:
    return {check.check for check in release.checks if check.level == "error"}
