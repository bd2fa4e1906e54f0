"""What a release that did not go out leaves behind, for whoever has to find out why.

failed/<release>/summary.json      what failed, of which run, with which params, after which release
failed/<release>/checks.parquet    all checks (schema.CHECKS)
failed/<release>/<check>.jsonl     rows that break the check, one a line, each with the name of its table
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

from pipeline import __version__
from pipeline.counts import Counts
from pipeline.lake.store import Store
from pipeline.model import Run
from pipeline.params import Params
from pipeline.publish.manifest import Manifest, checked_release
from pipeline.publish.parquet import write_parquet
from pipeline.publish.verdict import Checked, Wrong
from pipeline.schema import CHECKS

SHOWN = 1_000  # rows a check


def write_evidence(
    lake: Store,
    release: str,
    checked: Checked,
    *,
    run: Run,
    params: Params,
    counts: Counts,
    base: Manifest | None,
) -> None:
    """Keep why a release failed; its summary last, so that where it is all is there. `base`: the release that
    it would have followed."""
    folder = f"failed/{checked_release(release)}"
    with tempfile.TemporaryDirectory(prefix="wirefold-") as scratch:
        path = Path(scratch) / "checks.parquet"
        write_parquet(CHECKS, checked.table, path)
        lake.put_file(f"{folder}/checks.parquet", str(path))
    rows = {row["check"]: row for row in checked.table.to_pylist()}
    failed = []
    for check, wrong in checked.wrong.items():
        lines = list(islice(_lines(wrong), SHOWN))
        told = {name: rows[check][name] for name in ("check", "value", "comparison", "limit", "reason")}
        told |= {"rows": sum(len(table) for _, table in wrong), "shown": len(lines)}
        if lines:
            told["file"] = f"{check}.jsonl"
            lake.put(f"{folder}/{check}.jsonl", ("\n".join(lines) + "\n").encode())
        failed.append(told)
    summary = {
        "release": release,
        "run_id": run.run_id,
        "now": run.now.isoformat(),
        "base": base.release if base else None,
        "code_version": __version__,
        "params_digest": params.digest(),
        "counts": counts.as_dict(),
        "failed": failed,
    }
    lake.put(f"{folder}/summary.json", (json.dumps(summary, indent=1) + "\n").encode())


def _lines(wrong: Sequence[Wrong]) -> Any:
    return chain.from_iterable(
        (
            json.dumps({"table": name} | row, default=str, ensure_ascii=False)
            for row in rows.slice(0, SHOWN).to_pylist()
        )
        for name, rows in wrong
    )
