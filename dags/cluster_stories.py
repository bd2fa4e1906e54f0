"""# Fold the republications into stories

Starts when **wirefold_pages** is updated. `match` signs the new pages, finds candidate pairs,
verifies each exactly and clusters the accepted ones; `story` gives the clusters their story ids
against the ledger. It ends with an event on **wirefold_stories**, which starts `publish_release`.

## When it is red
Nothing is released until this dag is green; the last release stays as it is. Both tasks find their
own result when run again: clear the failed one. A run that is left red is completed by `match` of the
next one, and its pages come out with that one's release. Where `import_archive` asked for Spark and there
is a connection `wirefold_spark`, what spark-submit and the driver say is in the log of `match`.

## By hand
*Now* is the clock of an ingest run; give the time of the run whose pages are to be folded. A clock
before those of earlier runs is a backfill, and is folded as it comes.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from _metrics import send
from _spark import submit
from _wiring import DEFAULT_ARGS, NOW, PAGES, STORIES, Tag, deadline, event_extra, open_run, tell
from airflow.sdk import dag, get_current_context, task


@dag(
    schedule=[PAGES],
    catchup=False,
    max_active_runs=1,
    params={"now": NOW},
    default_args=DEFAULT_ARGS,
    deadline=deadline(),
    tags=[Tag.PROJECT, Tag.CLUSTER, Tag.PAGES_US],
    doc_md=__doc__,
)
def cluster_stories() -> None:
    @task
    def match() -> dict[str, Any]:
        """Sign new pages, find and verify pairs, cluster."""
        from pipeline import steps
        from pipeline.lake.order import runs_placed

        context = get_current_context()
        at = open_run(context, ready=runs_placed)
        submit(context, at)  # then it is matched, and found so
        matched = asdict(steps.match(at.lake, at.run, at.config))
        tell(at.run, "match", matched)
        send("match", **matched)
        return {"run_id": at.run.run_id, **matched}

    @task(outlets=[STORIES])
    def story(matched: dict[str, Any], outlet_events: Any = None) -> dict[str, int]:
        """Give clusters their story ids."""
        from pipeline import steps

        at = open_run(get_current_context(), run_id=matched["run_id"])
        told = asdict(steps.story(at.lake, at.run, at.config))
        outlet_events[STORIES].extra = event_extra(at.run, **told)
        tell(at.run, "story", told)
        send("story", **told)
        return told

    story(match())


cluster_stories()
