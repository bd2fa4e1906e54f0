"""# Ingest the affiliates' pages

Every hour: asks each outlet of the registry what is new, fetches it, keeps the bytes, reads the
articles out of them. What comes out are `pages` and `quarantine` segments in the lake and one event
on the asset **wirefold_pages**, which starts `cluster_stories`.

## When it is red
- **plan** failed: the configuration or the outlet registry is wrong. The last line of its log names
  file, line and field. Mend it and clear `plan`.
- **ingest** or **extract** of a shard failed: the lake or the worker is in trouble, not a site. The
  other shards went on. Clear the failed task with its downstream: a shard that is done is not fetched
  again.
- **settle** failed: no shard was fetched, or a page taken up ended in no status or in two. Nothing was
  handed over; the last release stands. A shard that could not be fetched is left out: its own task is
  red, and its pages come with the next run.

## What is not an error
A site that is down, slow or forbids crawling is one row in the table `runs` with its reason; a page
that cannot be used is one row in `quarantine`. Both leave the run green. An hour in which nothing is
new (304 everywhere) is green, too, and cheap.

## By hand
*Now* is the run's clock. Left empty it is the time the run is for, so clearing a task repeats the
same run; a time before those of earlier runs is a backfill, and is taken as it comes. It needs the
pool `affiliates` (its slots are the shards that may talk to sites at once) and, for a lake on S3, the
connection `wirefold_s3`.
"""

from __future__ import annotations

from typing import Any

from _wiring import AFFILIATES_POOL, DEFAULT_ARGS, NOW, PAGES, Tag, event_extra, ingest_cron, open_run, tell
from airflow.sdk import TriggerRule, dag, get_current_context, task, task_group

LABEL = "{{ outlets }}"


def _label(outlets: tuple[str, ...]) -> str:
    """The outlets of a shard as the grid shows them: the first four by name, the rest by number."""
    shown = ", ".join(outlets[:4])
    return f"{shown} +{len(outlets) - 4}" if len(outlets) > 4 else shown


@dag(
    schedule=ingest_cron(),
    catchup=False,
    max_active_runs=1,
    params={"now": NOW},
    default_args=DEFAULT_ARGS,
    tags=[Tag.PROJECT, Tag.INGEST, Tag.PAGES_US],
    doc_md=__doc__,
)
def ingest_affiliates() -> None:
    @task
    def plan() -> list[dict[str, str]]:
        """Split the registry's outlets into shards."""
        from pipeline import steps

        at = open_run(get_current_context())
        shards = steps.plan(at.config)
        tell(at.run, "plan", {"shards": len(shards), "outlets": sum(len(s.outlets) for s in shards)})
        return [{"shard": s.shard, "outlets": _label(s.outlets)} for s in shards]

    @task_group
    def shard(entry: dict[str, str]) -> None:
        @task(pool=AFFILIATES_POOL, map_index_template=LABEL)
        def ingest(entry: dict[str, str]) -> dict[str, int]:
            """Fetch the shard's new pages into the raw zone."""
            # The label goes first: one that fails to render would fail the task after its work.
            context = get_current_context()
            context["outlets"] = entry["outlets"]
            from pipeline import steps

            at = open_run(context)
            counts = steps.ingest(at.lake, at.run, at.config, entry["shard"]).as_dict()
            tell(at.run, f"ingest {entry['shard']}", counts)
            return counts

        @task(map_index_template=LABEL)
        def extract(entry: dict[str, str]) -> dict[str, int]:
            """Read the shard's fetched pages into articles."""
            context = get_current_context()
            context["outlets"] = entry["outlets"]
            from pipeline import steps

            at = open_run(context)
            counts = steps.extract(at.lake, at.run, at.config, entry["shard"]).as_dict()
            tell(at.run, f"extract {entry['shard']}", counts)
            return counts

        ingest(entry) >> extract(entry)

    @task(trigger_rule=TriggerRule.ALL_DONE, outlets=[PAGES])
    def settle(outlet_events: Any = None) -> dict[str, int]:
        """Add the shards up, check that no page was lost, hand the run over."""
        from pipeline import steps

        at = open_run(get_current_context())
        counts = steps.settle(at.lake, at.run, at.config).as_dict()
        outlet_events[PAGES].extra = event_extra(at.run, counts=counts)
        tell(at.run, "settle", counts)
        return counts

    shard.expand(entry=plan()) >> settle()


ingest_affiliates()
