"""What Spark reads by globbing `current/` and through the manifest is what is published, types included.

Spark and a Java of its own come into an environment beside the project's, from this folder's
requirements.lock.
"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipeline import schema
from pipeline.lake.folder import FolderStore
from pipeline.publish.release import read_manifest, read_table
from tests.publish.sample import FIRST, SECOND, publish

HERE = Path(__file__).parent
ENVIRONMENT = HERE.parents[1] / ".local" / "spark-venv"
_SIMPLE = {
    pa.string(): "string",
    pa.int16(): "smallint",
    pa.int32(): "int",
    pa.int64(): "bigint",
    pa.float32(): "float",
    pa.float64(): "double",
    pa.bool_(): "boolean",
    pa.date32(): "date",
    pa.timestamp("us", tz="UTC"): "timestamp",
}


@pytest.fixture(scope="module")
def python() -> Path:
    """The Python of the environment, made if it is not there; a second time that takes no time."""
    uv = str(Path(sys.executable).with_name("uv"))
    lock = HERE / "requirements.lock"
    python = ENVIRONMENT / "bin" / "python"
    for command in (
        [uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(ENVIRONMENT)],
        [uv, "pip", "sync", "--quiet", "--require-hashes", "--python", str(python), str(lock)],
    ):
        made = subprocess.run(command, capture_output=True, text=True)
        assert made.returncode == 0, made.stderr
    return python


def spelled(kind: pa.DataType) -> str:
    """A type as Spark spells it."""
    if pa.types.is_list(kind):
        return f"array<{spelled(kind.value_type)}>"
    if pa.types.is_struct(kind):
        return f"struct<{','.join(f'{field.name}:{spelled(field.type)}' for field in kind)}>"
    return _SIMPLE[kind]


def plain(value: Any) -> Any:
    """A value as Spark writes it in JSON."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return pytest.approx(value, rel=1e-6)
    if isinstance(value, list):
        return [plain(one) for one in value]
    return {name: plain(one) for name, one in value.items()} if isinstance(value, dict) else value


@pytest.mark.slow
def test_spark_reads_every_table_by_glob_and_by_manifest(tmp_path: Path, python: Path) -> None:
    lake = FolderStore(str(tmp_path / "lake"))
    publish(lake, FIRST, "rel-1")
    publish(lake, SECOND, "rel-2")
    manifest = read_manifest(lake)
    assert manifest is not None
    asked = {}
    for name, table in manifest.tables.items():
        asked[f"{name} by glob"] = [f"{lake.url}/current/{name}"]
        asked[f"{name} by manifest"] = [f"{lake.url}/{file.key}" for file in table.files]
    (tmp_path / "asked.json").write_text(json.dumps(asked))
    command = [str(python), str(HERE / "spark.py"), str(tmp_path / "asked.json")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    for declared in schema.TABLES:
        names = declared.schema.names
        expected = [
            {name: plain(value) for name, value in row.items()}
            for row in read_table(lake, declared.name).select(names).to_pylist()
        ]
        for way in ("glob", "manifest"):
            told = found[f"{declared.name} by {way}"]
            rows = [{name: json.loads(row)[name] for name in names} for row in told["rows"]]
            rows.sort(key=lambda row: [str(row[name]) for name in declared.key])
            expected.sort(key=lambda row: [str(row[name]) for name in declared.key])
            assert rows == expected
            key = {"seen_day": "date"} if declared.partitioned and way == "glob" else {}
            assert told["types"] == {f.name: spelled(f.type) for f in declared.schema} | key
