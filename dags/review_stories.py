"""# Ask a person about the pairs that were least clear

After a release (**wirefold_release**), or by hand: takes the pairs of its queue that the scorecard was
least sure of and asks of each whether the two republications are one story. The questions wait under
*Required Actions*; the wire desk shows the same queue with more room. What is answered is a judgement
under the name of who answered, binds from the next run on and is not asked again. Paused until somebody
wants to answer: unpause it.

*Same*, *different*, or *skip* (looked at, left open), and a reason. What nobody answers in *Hours* is asked
by a later run again; nothing is stored and the run is green.

## When it is red
Nobody waits for it. **pairs**: there is no release yet, or the lake is in trouble. **keep**: an answer that
could not be stored; its log says why, as "was judged different, but by `same` …" for one that contradicts
earlier ones. Judge the pair on the desk.

## By hand
*Pairs* and *Within* say how many are asked and how far from 0 their score may be (log-odds).
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from _metrics import send
from _notify import post
from _wiring import DEFAULT_ARGS, NOW, RELEASE, Tag, open_run, tell
from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Param, dag, get_current_context, task, task_group

NO_REASON = "answered in Airflow without a reason"


class Ask(HITLOperator):
    """Waits as long as the dag run says."""

    def execute(self, context: Any) -> Any:
        self.response_timeout = timedelta(hours=context["params"]["hours"])
        return super().execute(context)


@dag(
    schedule=[RELEASE],
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=True,
    params={
        "now": NOW,
        "pairs": Param(3, type="integer", minimum=1, maximum=20, title="Pairs"),
        "within": Param(1.0, type="number", exclusiveMinimum=0, maximum=5, title="Within"),
        "hours": Param(12.0, type="number", exclusiveMinimum=0, maximum=168, title="Hours"),
    },
    default_args=DEFAULT_ARGS,
    tags=[Tag.PROJECT, Tag.REVIEW, Tag.CAN_WAIT],
    doc_md=__doc__,
)
def review_stories() -> None:
    @task
    def pairs() -> list[dict[str, str]]:
        """Take the least clear pairs of the newest release."""
        from pipeline.desk.asking import questions
        from pipeline.desk.shelf import Desk

        context = get_current_context()
        at, params = open_run(context), context["params"]
        desk = Desk(at.lake)
        newest = desk.newest()
        asked = questions(desk, newest, params["pairs"], params["within"])
        tell(at.run, "review", {"pairs asked": len(asked)})
        send("review", asked=len(asked))
        post([f"release {newest.release}: {len(asked)} questions wait for an answer"] if asked else ())
        return [asdict(question) for question in asked]

    @task_group
    def pair(subject: str, body: str, doc_id_a: str, doc_id_b: str) -> None:
        said = Ask(
            task_id="ask",
            subject=subject,
            body=body,
            options=["same", "different", "skip"],
            defaults=["skip"],  # of nobody: `keep` stores what a person said
            params={"why": Param("", type="string", title="Reason", description="Kept with the judgement.")},
            execution_timeout=None,
        )

        @task(map_index_template="{{ verdict }}")
        def keep(said: dict[str, Any], doc_id_a: str, doc_id_b: str) -> str:
            """Store the answer, if there was one."""
            context = get_current_context()
            context["verdict"] = "unanswered"
            from airflow.sdk.exceptions import AirflowSkipException

            from pipeline.judge import judge

            if said["responded_by_user"] is None:
                send("review", unanswered=1)
                raise AirflowSkipException("nobody answered in time: nothing is stored")
            [verdict] = said["chosen_options"]
            who, why = said["responded_by_user"]["name"], said["params_input"].get("why") or NO_REASON
            row = judge(
                open_run(context).lake, doc_id_a, doc_id_b, verdict, by=who, at=said["responded_at"], why=why
            )
            context["verdict"] = f"{verdict} by {who}"
            send("review", answered=1)
            return str(row["judgement_id"])

        keep(said.output, doc_id_a, doc_id_b)

    pair.expand_kwargs(pairs())


review_stories()
