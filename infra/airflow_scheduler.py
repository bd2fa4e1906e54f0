"""Airflow's scheduler with the imports of the tasks already done: LocalExecutor forks each task from it.

Without this each of a run's 13 tasks imports the steps and the S3 hook again, 4 to 5 s of CPU a task:
on two cores a first run took 119 s, with it 60 s. Of no use with executors that do not fork.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Import, then be `airflow scheduler` with the arguments given."""
    from airflow.__main__ import main as be_airflow
    from airflow.providers.amazon.aws.hooks import s3  # noqa: F401 - for the forks
    from airflow.providers.standard.decorators import python  # noqa: F401

    import pipeline.steps  # noqa: F401

    sys.argv = ["airflow", "scheduler", *sys.argv[1:]]
    be_airflow()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
