"""What Spark reads by globbing `current/` and through the manifest is what is published, types included.

Spark and a Java of its own come into an environment beside the project's, from this folder's
requirements.lock.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import chdir
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipeline import schema
from pipeline.lake.folder import FolderStore
from pipeline.publish.release import read_manifest, read_table
from tests.publish.sample import FIRST, SECOND, publish
from tests.test_docs import ANALYSTS, blocks

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
        if "No solution found" in made.stderr:  # an index that answers nothing is a failure
            pytest.skip(f"the package index does not have Spark: {' '.join(made.stderr.split())}")
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


def of_the_docs(folder: Path) -> tuple[str, list[str]]:
    """Of docs/analysts.md, beside the folder's lake: what it shows of Spark, and its statements for Athena,
    which spells types as Spark does."""
    helper, *_ = (b.text for b in blocks(ANALYSTS) if "def files(" in b.text)
    (spark,) = (b.text for b in blocks(ANALYSTS) if b.info == "python spark")
    (athena,) = (b.text for b in blocks(ANALYSTS) if "def athena(" in b.text)
    names: dict[str, Any] = {}
    with chdir(folder):
        exec(helper + athena, names)
        statements = {
            table: names["athena"](table.name, "2031-04-07") for table in schema.TABLES if table.partitioned
        }
    for table, statement in statements.items():
        assert all(f"`{field.name}` {spelled(field.type)}" in statement for field in table.schema)
    return helper + spark, [*statements.values()]


@pytest.mark.slow
def test_spark_reads_every_table_by_glob_and_by_manifest(tmp_path: Path, python: Path) -> None:
    lake = FolderStore(str(tmp_path / "lake"))
    publish(lake, FIRST, "rel-1")
    publish(lake, SECOND, "rel-2")
    manifest = read_manifest(lake)
    assert manifest is not None
    paths = {}
    for name, table in manifest.tables.items():
        paths[f"{name} by glob"] = [f"{lake.url}/current/{name}"]
        paths[f"{name} by manifest"] = [f"{lake.url}/{file.key}" for file in table.files]
    code, statements = of_the_docs(tmp_path)
    asked = {"paths": paths, "code": code, "frames": ["stories", "exact"], "statements": statements}
    (tmp_path / "asked.json").write_text(json.dumps(asked))
    command = [str(python), str(HERE / "spark.py"), "asked.json"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    for snippet in ("stories", "exact"):
        told = found[snippet]
        assert told["types"] == found["stories by glob"]["types"]
        assert sorted(told["rows"]) == sorted(found["stories by glob"]["rows"])
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
