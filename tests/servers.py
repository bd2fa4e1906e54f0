"""Real servers for the tests: started on loopback on a free port, stopped by the one that started them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

_BUCKETS = count(1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class S3Server:
    """An S3 endpoint, and the environment in which boto3's standard chain finds it."""

    endpoint: str
    pid: int | None = None

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def new_bucket(self, client: Any) -> str:
        """A bucket of its own for a test."""
        bucket = f"lake-{next(_BUCKETS)}"
        client.create_bucket(Bucket=bucket)
        return bucket

    @contextmanager
    def client(self) -> Iterator[Any]:
        """A boto3 client that asks once and does not wait long."""
        client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            region_name="us-east-1",
            config=Config(
                retries={"total_max_attempts": 2},
                connect_timeout=2,
                read_timeout=20,
                max_pool_connections=16,
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )
        try:
            yield client
        finally:
            client.close()


@contextmanager
def ministack(folder: Path, port: int | None = None) -> Iterator[S3Server]:
    """MiniStack serving S3 from `folder`, which outlives it."""
    folder.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    environment = os.environ | {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "SERVICES": "s3",
        "IOT_MTLS_ENABLED": "0",  # its MQTT broker would listen on all interfaces
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(folder / "data"),
        "STATE_DIR": str(folder / "state"),
    }
    with _serving("ministack", [], environment, port, folder) as server:
        yield server


@contextmanager
def rclone(folder: Path) -> Iterator[S3Server]:
    """rclone serving a folder as S3: it checks signatures and ignores the conditions of writes."""
    served, port = folder / "data", free_port()
    served.mkdir(parents=True, exist_ok=True)
    arguments = ["serve", "s3", "--addr", f"127.0.0.1:{port}", "--auth-key", "test,test", str(served)]
    with _serving("rclone", arguments, os.environ | {"RCLONE_CONFIG": "/dev/null"}, port, folder) as server:
        yield server


@contextmanager
def _serving(
    program: str, arguments: list[str], environment: dict[str, str], port: int, folder: Path
) -> Iterator[S3Server]:
    """A program of this environment that serves S3 on the port, its log in the folder."""
    with (folder / "log.txt").open("ab") as log:
        command = [str(Path(sys.executable).with_name(program)), *arguments]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    server = S3Server(f"http://127.0.0.1:{port}", process.pid)
    try:
        _await(server, process)
        yield server
    finally:
        process.kill()
        process.wait()


def _await(server: S3Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    with server.client() as client:
        while time.monotonic() < deadline and process.poll() is None:
            with suppress(BotoCoreError, ClientError):
                client.list_buckets()
                return
            time.sleep(0.1)
    raise RuntimeError(f"no S3 server came up at {server.endpoint}")
