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

- **reached** failed: not one outlet could be read, which is more often the way out of our own network than
  theirs. The run was handed over all the same, with its rows in `runs`; there is nothing to clear, the next
  run asks again.

## What is not an error
A site that is down, slow or forbids crawling is one row in the table `runs` with its reason; a page
that cannot be used is one row in `quarantine`. Both leave the run green, and the run is marked: the label of
the shard's `ingest` names such outlets with their state, and so does `troubled` in the event on
**wirefold_pages** and in the XCom of `settle`. An hour in which nothing is new (304 everywhere) is green,
too, and cheap.

## By hand
*Now* is the run's clock. Left empty it is the time the run is for, so clearing a task repeats the
same run; a time before those of earlier runs is a backfill, and is taken as it comes. It needs the
pool `affiliates` (its slots are the shards that may talk to sites at once) and, for a lake on S3, the
connection `wirefold_s3`. A backfill from the UI or by `airflow backfill create` makes a run for each tick of
the schedule in it; it asks the sites for what they show now.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from _metrics import count_each, send, send_each
from _wiring import (
    AFFILIATES_POOL,
    DEFAULT_ARGS,
    NOW,
    PAGES,
    Tag,
    behind_proxy,
    deadline,
    event_extra,
    ingest_cron,
    log,
    open_run,
    tell,
)
from airflow.sdk import TriggerRule, dag, get_current_context, task, task_group

STATES = ("down", "paused", "postponed", "degraded", "forbidden")
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
    deadline=deadline(),
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

            at = behind_proxy(open_run(context))
            counts = steps.ingest(at.lake, at.run, at.config, entry["shard"]).as_dict()
            tell(at.run, f"ingest {entry['shard']}", counts)
            troubled = steps.in_trouble(at.lake, at.run, at.config, entry["shard"])
            if troubled:
                marks = ", ".join(f"{outlet} {state}" for outlet, state in sorted(troubled.items()))
                context["outlets"] = f"{entry['outlets']} ({marks})"
                log.warning("%s ingest %s: %s", at.run.run_id, entry["shard"], marks)
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
    def settle(outlet_events: Any = None) -> dict[str, Any]:
        """Add the shards up, check that no page was lost, hand the run over."""
        from pipeline import steps

        at = open_run(get_current_context())
        counts = steps.settle(at.lake, at.run, at.config).as_dict()
        troubled = steps.in_trouble(at.lake, at.run, at.config)
        outlet_events[PAGES].extra = event_extra(at.run, counts=counts, troubled=troubled)
        tell(at.run, "settle", counts)
        send("pages", **counts)
        states = Counter(troubled.values())
        told = steps.figures(at.lake, at.run, at.config)
        send("outlets", asked=counts["outlets"], **{state: states[state] for state in STATES}, **told.whole)
        send_each("outlet", told.outlets)
        count_each("unused", told.unused)
        return counts | {"troubled": troubled}

    @task(retries=0)
    def reached(settled: dict[str, Any]) -> None:
        """Red if not one of the outlets that were asked could be read."""
        from pipeline.errors import Failed

        if settled["outlets"] and settled["outlets_failed"] == settled["outlets"]:
            raise Failed(f"not one of {settled['outlets']} outlets could be read: is our own network up?")

    settled = settle()
    shard.expand(entry=plan()) >> settled
    reached(settled)


ingest_affiliates()
