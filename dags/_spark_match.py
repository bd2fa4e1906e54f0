"""The application that `_spark.submit` submits: matches one run, and ends with those that started it."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from threading import Thread

REFUSED = 2  # exit code: trying again reads the same input


def end_with_spark() -> None:
    """Spark holds the other end of this process's input: that it closes is all one sees of a kill."""
    os.read(0, 1)
    os._exit(1)


def end_with_task(task: int) -> None:
    """A task that is killed cannot end the Spark that it started, which then has other parents."""
    import psutil

    while any(process.pid == task for process in psutil.Process().parents()):
        time.sleep(1.0)
    os._exit(1)


def main() -> None:
    from pipeline import steps
    from pipeline.config import load_config
    from pipeline.errors import BadInput, WirefoldError
    from pipeline.model import Run

    run_id, task = sys.argv[1:]
    Thread(target=end_with_spark, daemon=True).start()
    Thread(target=end_with_task, args=[int(task)], daemon=True).start()
    try:
        config = load_config(Path(os.environ["WIREFOLD_CONFIG"]))
        # the master is spark-submit's
        steps.match(steps.open_lake(config), Run.of(run_id), config.run_by(config.engine, None))
    except WirefoldError as error:
        print(error, file=sys.stderr)
        sys.exit(REFUSED if isinstance(error, BadInput) else 1)


if __name__ == "__main__":
    main()
