"""# Publish the release

Starts when **wirefold_stories** is updated. Builds the tables, checks them, writes immutable files
and a manifest, and swaps `latest.json`. It ends with an event on **wirefold_release** that names the
release.

## When it warns
The release is out; a check of level `warn` did not hold. Each is a line of level WARNING in the log of
`publish`, and stands in `warnings` of the asset event and of the task's XCom, with the outlets, stories or
tables that it is about. What each means and its limit: docs/checks.md. Whoever listens on the connection
`wirefold_notify` is told of them, and of stories that their wire has called off.

## When it is skipped
*Was taken up before …, which has its pages already*: a later run was released first, with this one's pages.
There is nothing to do.

## When it is red
Readers still have the last release, whole: nothing is released by halves.
- *a check did not hold*: the log names the check, its value and its limit. It is not tried again,
  the same pages give the same tables. Read `failed/<release>/summary.json` and the rows beside it, then
  clear `publish`.
- *somebody else wrote*: another publisher swapped `latest.json` first. Clear `publish`.
- anything else was tried three times. Clear `publish`: it gives byte-identical files.

## By hand
*Now* is the clock of an ingest run; give the time of the run to be published.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from _lineage import emit_release
from _metrics import send
from _notify import post
from _wiring import DEFAULT_ARGS, NOW, RELEASE, STORIES, Tag, deadline, event_extra, log, open_run, tell
from airflow.sdk import dag, get_current_context, task


@dag(
    schedule=[STORIES],
    catchup=False,
    max_active_runs=1,
    params={"now": NOW},
    default_args=DEFAULT_ARGS,
    deadline=deadline(),
    tags=[Tag.PROJECT, Tag.PUBLISH, Tag.PAGES_US],
    doc_md=__doc__,
)
def publish_release() -> None:
    @task(outlets=[RELEASE])
    def publish(outlet_events: Any = None) -> dict[str, Any]:
        """Build the tables, check them, release them."""
        from airflow.sdk.exceptions import AirflowSkipException

        from pipeline import steps
        from pipeline.lake.order import runs_told
        from pipeline.news import news
        from pipeline.publish.fencing import TakenIn
        from pipeline.publish.manifest import find_manifest

        at = open_run(get_current_context(), ready=runs_told)
        try:
            released = asdict(steps.publish(at.lake, at.run, at.config))
        except TakenIn as told:
            raise AirflowSkipException(str(told)) from told
        outlet_events[RELEASE].extra = event_extra(at.run, **released)
        for line in released["warnings"]:
            log.warning("%s check: %s", at.run.run_id, line)
        figures = {name: value for name, value in released.items() if name not in ("pages", "warnings")}
        figures |= {"warnings": len(released["warnings"])}
        tell(at.run, "publish", figures)
        send("release", published=1, **figures)
        emit_release(at.lake, at.run.run_id)
        if manifest := find_manifest(at.lake, at.run.run_id):
            heard = news(at.lake, manifest)
            post([f"release {at.run.run_id}:", *heard] if heard else ())
        return released

    publish()


publish_release()
