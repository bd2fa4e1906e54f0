"""# Keep the lake tidy

Every Monday at 04:30 UTC. Three tasks that need nothing of each other: **current** completes `current/`
if a release was cut short before it; **releases** drops releases that are past `keep_releases` and
`keep_days` or that show what was taken down since, and objects that no kept release names; **order**
drops old objects of the order of runs. None touches what a reader of a kept release needs.

After a takedown, trigger it by hand once the next release is out: that is when older ones go.

## When it is red
Nothing is lost and nobody waits: look at it in working hours, clear the red task. What it had dropped stays
dropped, and it goes on with the rest.
"""

from __future__ import annotations

from _metrics import send
from _wiring import DEFAULT_ARGS, NOW, Tag, open_run, tell
from airflow.sdk import dag, get_current_context, task


@dag(
    schedule="30 4 * * 1",
    catchup=False,
    max_active_runs=1,
    params={"now": NOW},
    default_args=DEFAULT_ARGS,
    tags=[Tag.PROJECT, Tag.UPKEEP, Tag.CAN_WAIT],
    doc_md=__doc__,
)
def maintain_lake() -> None:
    @task
    def current() -> None:
        """Complete `current/`."""
        from pipeline.publish.current import complete_current

        at = open_run(get_current_context())
        complete_current(at.lake)
        tell(at.run, "current", {"complete": True})

    @task
    def releases() -> int:
        """Drop old releases, those with what was taken down, and what no kept one names."""
        from pipeline import steps

        at = open_run(get_current_context())
        dropped = steps.drop_old(at.lake, at.run, at.config)
        tell(at.run, "releases", {"objects dropped": dropped})
        send("lake", dropped=dropped)
        return dropped

    @task
    def order() -> int:
        """Drop old objects of the order of runs."""
        from pipeline.lake import order as runs

        at = open_run(get_current_context())
        dropped = runs.forget_old(at.lake)
        tell(at.run, "order", {"objects dropped": dropped})
        send("lake", dropped=dropped)
        return dropped

    current()
    releases()
    order()


maintain_lake()
