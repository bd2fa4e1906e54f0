"""The application that `_spark.submit` submits: matches one run, and ends with the Spark that started it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from threading import Thread


def end_with_spark() -> None:
    """Spark holds the other end of this process's input: that it closes is all one sees of a kill."""
    os.read(0, 1)
    os._exit(1)


def main() -> None:
    from pipeline import steps
    from pipeline.config import load_config
    from pipeline.errors import WirefoldError
    from pipeline.model import Run

    Thread(target=end_with_spark, daemon=True).start()
    config = load_config(Path(os.environ["WIREFOLD_CONFIG"]))
    try:
        # the master is spark-submit's
        steps.match(steps.open_lake(config), Run.of(sys.argv[1]), config.run_by(config.engine, None))
    except WirefoldError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
