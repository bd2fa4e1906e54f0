"""Looks at a published release once more, as a whole: are its files what was written, and does it add up?

Nothing is believed that an earlier release passed, so what a release carried over is checked like the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from pipeline.errors import BadInput
from pipeline.lake.store import Store
from pipeline.model import Run
from pipeline.params import Params
from pipeline.publish.checks import failing, run_checks_of_all
from pipeline.publish.manifest import Manifest, find_manifest, in_order, read_manifest
from pipeline.publish.parquet import inspect
from pipeline.publish.reader import Candidate
from pipeline.schema import BY_NAME


@dataclass(frozen=True, slots=True)
class Audited:
    """`rows`: of schema.CHECKS, as dicts; `failed`: one line a check of level error that does not hold."""

    release: str
    files: int
    rows: list[dict[str, Any]]
    failed: list[str]


def audit(
    lake: Store, release: str | None = None, progress: Callable[[int, int], None] | None = None
) -> Audited:
    """Check `release` (default: the newest) by today's checks, under the params that it was made with.

    Raises `BadInput` for a release that the lake does not have, `Failed` if a file is not what its manifest
    says.
    """
    manifest = read_manifest(lake, release)
    if manifest is None:
        raise BadInput(f"{lake.url}: no release yet")
    for done, file in enumerate(manifest.files):
        if progress:
            progress(done, len(manifest.files))
        inspect(lake, file.key, BY_NAME[file.table], file)
    before = find_manifest(lake, manifest.previous) if manifest.previous else None
    checked = run_checks_of_all(
        Candidate(lake, in_order(manifest.files), before),
        manifest.counts,
        run=Run(manifest.run_id, manifest.created_at),
        params=_params(manifest),
    )
    return Audited(manifest.release, len(manifest.files), checked.table.to_pylist(), failing(checked.table))


def _params(manifest: Manifest) -> Params:
    """Those of the release; of params that came later the defaults."""
    known = {field.name for field in fields(Params)}
    return Params(**{name: value for name, value in manifest.params.items() if name in known})  # type: ignore[arg-type]
