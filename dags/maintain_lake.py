"""# Keep the lake tidy

Every Monday at 04:30 UTC: completes `current/` if a release was cut short before it, and drops
objects that no kept release names. It never touches what a reader of a release needs.

## When it is red
Nothing is lost and nobody waits: look at it in working hours, clear `maintain`.
"""

from __future__ import annotations

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
    def maintain() -> int:
        """Complete `current/`, drop what no kept release names."""
        from pipeline import steps

        at = open_run(get_current_context())
        dropped = steps.maintain(at.lake, at.run, at.config)
        tell(at.run, "maintain", {"objects dropped": dropped})
        return dropped

    maintain()


maintain_lake()
