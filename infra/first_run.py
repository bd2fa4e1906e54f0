"""`python -m infra.first_run`: makes, or brings up to date, what Airflow's components need when they start.

The init job of a production: the metadata database in this Airflow's form, the pool of the dags, the bucket
if it is to make one, and a lake that opens. So a wrong connection, a broken configuration, or a store that
ignores conditional writes stops the installation here, in one line, and not its first run.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import BadInput, Failed

if TYPE_CHECKING:
    from pipeline.config import Config

POOL = "affiliates"


def make_database(slots: int) -> None:
    """Create or migrate the metadata database that the environment names, and the pool of the dags."""
    from airflow.models.pool import Pool
    from airflow.utils import db

    db.initdb()
    about = "shards that may talk to affiliate sites at once"
    Pool.create_or_update_pool(POOL, slots, about, include_deferred=False)


def read_config() -> Config:
    """What WIREFOLD_CONFIG names, and the registry, rules and scorecard that it names. Raises `BadInput`."""
    from pipeline import steps
    from pipeline.config import load_config

    path = os.environ.get("WIREFOLD_CONFIG")
    if not path:
        raise BadInput("WIREFOLD_CONFIG: not set: expected the path of wirefold.toml")
    config = load_config(Path(path))
    steps.plan(config)
    return config


def open_lake(config: Config, make_bucket: bool) -> str:
    """The URL of the lake, once it was opened for writing. Raises `Failed` on a store that cannot be it."""
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    from pipeline import steps
    from pipeline.desk.plugin import S3_CONNECTION
    from pipeline.lake.s3 import CLIENT_CONFIG

    client: Any = None
    if config.lake.startswith("s3://"):
        hook = S3Hook(aws_conn_id=S3_CONNECTION, config=CLIENT_CONFIG)
        client = hook.get_conn()
        bucket = config.lake.removeprefix("s3://").partition("/")[0]
        if make_bucket and not hook.check_for_bucket(bucket):
            client.create_bucket(Bucket=bucket)
    return steps.open_lake(config, s3_client=client).url


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0; 1 if the store does not do; 2 if the configuration is wrong."""
    parser = argparse.ArgumentParser(prog="python -m infra.first_run", description=__doc__)
    parser.add_argument("--make-bucket", action="store_true", help="make the lake's bucket if it is missing")
    parser.add_argument("--slots", type=int, default=4, help="shards that talk to sites at once")
    asked = parser.parse_args(argv)
    try:
        config = read_config()
        make_database(asked.slots)
        lake = open_lake(config, asked.make_bucket)
    except (BadInput, Failed) as error:
        print(f"wirefold: {error}", file=sys.stderr)
        return 2 if isinstance(error, BadInput) else 1
    print(f"the database, the pool {POOL} with {asked.slots} slots and the lake {lake} are ready")
    return 0


if __name__ == "__main__":
    sys.exit(main())
