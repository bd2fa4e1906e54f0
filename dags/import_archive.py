"""# Take an archive in

By hand, from the form: pages or articles that lie in files become pages of the lake as those that are
fetched do, and **wirefold_pages** is updated: `cluster_stories` folds them into the stories that there
are, `publish_release` releases them. What `wirefold cluster` reads is read here.

- **Path**: a file or folder that the worker sees, or `s3://bucket/…`: an object, a folder of objects, or,
  with a `*` at the end, all that begin so. A folder is either pages (HTML) or an archive: WARC, JSONL,
  Parquet, however deep, as CC-NEWS has them. S3 is asked with the connection `wirefold_s3`.
- **Kind**: what you expect it to be, or *any*; a path that has something else is refused.
- **Outlet field**, **Columns**: of JSONL and Parquet. Common names are known; *Columns* maps ours
  (`doc_id`, `text`, `url`, `title`, `published_at`, `fetched_at`, `site`, `authors`) to the file's.
- **Engine**, **Memory**: leave both empty for an archive that is small beside memory: its pages are folded
  into what there is. With either, `cluster_stories` matches all pages of the lake anew, within that much
  memory (`4GiB`) and by that engine, `local` or `spark`: for archives of millions. Stories keep their ids.
- **Executors**: of Spark where there is a connection `wirefold_spark`, by which it is then submitted:
  `{"num_executors": 4, "executor_cores": 2, "executor_memory": "4g"}`; what is left out is as Spark has it.

## When it is red
- **check**: the form or the file's name is wrong, or Spark is not installed; nothing was read. The log says
  what was expected.
- **take_in**: a file cannot be read, or lacks a column. Nothing was handed over. Mend what is wrong around it
  and clear the task: it goes on after the last 64 MB (or larger file) that it had read, and writes the same.
  A row or page that cannot be used, or a record that cannot be read, does not stop it and is a row in
  `quarantine`. A file that has changed since is refused: trigger a new run.

## By hand
*Now* is the run's clock, of which its run_id is made; empty, the time of the trigger. Pages that do not say
when they were fetched were fetched then. One archive a clock: a second one under the same is refused.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from _metrics import send
from _pace import pace
from _spark import check_submit
from _wiring import DEFAULT_ARGS, NOW, PAGES, Tag, event_extra, open_run, s3_client, tell
from airflow.sdk import Param, dag, get_current_context, task

# by the names that spark-submit's hook has
EXECUTORS: dict[str, Any] = {
    "additionalProperties": False,
    "properties": {
        "num_executors": {"type": "integer", "minimum": 1},
        "executor_cores": {"type": "integer", "minimum": 1},
        "executor_memory": {"type": "string", "pattern": "^[1-9][0-9]*[kmgtKMGT]$"},
    },
}
KINDS = ("any", "jsonl", "parquet", "warc", "folder", "html", "text", "feed")


@dag(
    schedule=None,
    catchup=False,
    max_active_runs=1,
    params={
        "now": NOW,
        "path": Param(type="string", minLength=1, title="Path"),
        "kind": Param("any", type="string", enum=list(KINDS), title="Kind"),
        "outlet_field": Param(None, type=["null", "string"], title="Outlet field"),
        "columns": Param({}, type="object", additionalProperties={"type": "string"}, title="Columns"),
        "engine": Param(None, type=["null", "string"], enum=[None, "local", "spark"], title="Engine"),
        "memory": Param(None, type=["null", "string"], title="Memory"),
        "executors": Param({}, type="object", title="Executors", **EXECUTORS),
    },
    default_args=DEFAULT_ARGS,
    tags=[Tag.PROJECT, Tag.IMPORT, Tag.CAN_WAIT],
    doc_md=__doc__,
)
def import_archive() -> None:
    @task
    def check() -> str:
        """Refuse what cannot be read, or matched so, before anything is."""
        from pipeline import intake, steps
        from pipeline.errors import BadInput

        context = get_current_context()
        at, params = open_run(context), context["params"]
        steps.check_rematch(params["engine"], params["memory"])
        if params["engine"] == "spark":
            check_submit()
        path = params["path"]
        files = intake.check([path], at.config, s3_client(path))
        for file in files:
            if params["kind"] not in ("any", file.kind):
                raise BadInput(f"{file.name}: expected {params['kind']}, got {file.kind}")
        kinds = "+".join(sorted({file.kind for file in files}))
        tell(at.run, "check", {path: kinds, "files": len(files), "bytes": sum(file.size for file in files)})
        return str(path)

    @task(outlets=[PAGES], execution_timeout=timedelta(hours=12))
    def take_in(path: str, outlet_events: Any = None) -> dict[str, int]:
        """Read it into pages, hand the run over."""
        from pipeline import intake, steps

        context = get_current_context()
        at, params = open_run(context), context["params"]
        counts = intake.import_files(
            at.lake,
            at.run,
            at.config,
            [path],
            params["outlet_field"],
            params["columns"],
            pace(at.run, "take_in"),
            s3_client(path),
        ).as_dict()
        if params["engine"] or params["memory"]:
            steps.rematch(at.lake, at.run, params["engine"], params["memory"], params["executors"])
        outlet_events[PAGES].extra = event_extra(at.run, counts=counts)
        tell(at.run, "take_in", counts)
        send("pages", **counts)
        return counts

    take_in(check())


import_archive()
