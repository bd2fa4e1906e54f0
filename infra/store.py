"""The demo's S3 server, MiniStack, which accepts any secret: so it listens on loopback and nowhere else."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from infra.airflow_home import plain_environment
from infra.home import Home, Ports, Secrets
from infra.processes import Processes

BUCKET = "wirefold"
LAKE = f"s3://{BUCKET}"
NAME = "store"


def start(processes: Processes, home: Home, ports: Ports) -> None:
    """Start the server; its objects lie in `.local/s3` and outlive a kill -9."""
    scratch = home.root / "tmp"
    scratch.mkdir(exist_ok=True)
    env = plain_environment() | {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(ports.store),
        "SERVICES": "s3",
        "IOT_MTLS_ENABLED": "0",  # else an MQTT listener on 0.0.0.0:8883, whatever SERVICES says
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(home.store_data),
        "TMPDIR": str(scratch),
        "LOG_LEVEL": "WARNING",
    }
    processes.start(NAME, [str(Path(sys.executable).parent / "ministack")], env)


def client(ports: Ports, secrets: Secrets) -> Any:
    """A boto3 client for the server."""
    import boto3

    return boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{ports.store}",
        region_name="us-east-1",
        aws_access_key_id=secrets.s3_key,
        aws_secret_access_key=secrets.s3_secret,
    )


def make_bucket(processes: Processes, ports: Ports, secrets: Secrets, seconds: float = 30.0) -> None:
    """Wait until the server answers, then make the bucket if it is missing. Raises `Died`, `TimeoutError`."""
    from botocore.exceptions import BotoCoreError, ClientError

    s3 = client(ports, secrets)
    deadline = time.monotonic() + seconds
    while True:
        processes.check()
        try:
            held = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
            break
        except (BotoCoreError, ClientError):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the store did not answer within {seconds:.0f} s") from None
            time.sleep(0.1)
    if BUCKET not in held:
        s3.create_bucket(Bucket=BUCKET)
