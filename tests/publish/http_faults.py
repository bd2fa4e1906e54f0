"""Faults between the writer of a release and its store: a server on loopback that passes requests on to
MiniStack, but for one that it answers badly.

    python -m tests.publish.http_faults

For each kind of request and each fault the first such request of a release is hit, or every one; the release
then is well, or fails in one line, and is run again without faults. Prints what became of each; exit code 1
if a reader was left without a whole release or the rerun gave other bytes.
"""

from __future__ import annotations

import http.client
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from rich.console import Console
from rich.table import Table

from pipeline.errors import Failed
from pipeline.lake.s3 import S3Store
from pipeline.publish.release import read_manifest
from tests.publish.faults import contents
from tests.publish.scenes import first, second, whole
from tests.servers import S3Server, ministack

KINDS = ("put", "put if absent", "swap", "copy", "get", "head", "list")
FAULTS = ("500", "503 SlowDown", "409", "412", "no answer", "cut before", "answer lost", "body cut")
_READ_TIMEOUT = 1.0
# what only some requests can meet
_ONLY = {"409": ("put if absent", "swap"), "412": ("put if absent", "swap"), "body cut": ("get",)}


@dataclass(slots=True)
class Plan:
    """What shall go wrong: a fault for the first request of a kind, or for all of them (`always`)."""

    kind: str = ""
    fault: str = ""
    always: bool = False
    hits: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def strikes(self, kind: str) -> bool:
        with self.lock:
            if kind != self.kind or (self.hits and not self.always):
                return False
            self.hits += 1
            return True


def kind_of(method: str, path: str, headers: dict[str, str]) -> str:
    if method == "PUT":
        if "x-amz-copy-source" in headers:
            return "copy"
        if "if-match" in headers:
            return "swap"
        return "put if absent" if "if-none-match" in headers else "put"
    if method == "GET" and "list-type" in path:
        return "list"
    return method.lower()


class _Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    target: str
    plan: Plan

    def handle(self) -> None:
        # the client does not wait for an answer that comes late, nor say that it leaves
        with suppress(ConnectionError):
            super().handle()

    def _pass_on(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self._body(headers)
        struck = self.plan.strikes(kind_of(self.command, self.path, headers))
        fault = self.plan.fault if struck else ""
        if fault in ("500", "503 SlowDown", "409", "412"):
            self._refuse(fault)
            return
        if fault in ("no answer", "cut before"):
            time.sleep(_READ_TIMEOUT * 1.5 if fault == "no answer" else 0)
            self.close_connection = True
            return
        status, told, data = self._ask(headers, body)
        if fault == "answer lost":
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in told:
            if name.lower() not in ("connection", "transfer-encoding", "content-length", "date", "server"):
                self.send_header(name, value)
        length = {name.lower(): value for name, value in told}.get("content-length", str(len(data)))
        self.send_header("Content-Length", length if self.command == "HEAD" else str(len(data)))
        self.end_headers()
        if fault == "body cut":
            self.wfile.write(data[: len(data) // 2])
            self.close_connection = True
        elif self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _pass_on  # noqa: N815

    def _body(self, headers: dict[str, str]) -> bytes:
        if "expect" in headers:
            self.send_response_only(100)
            self.end_headers()
        return self.rfile.read(int(headers.get("content-length", 0)))

    def _ask(self, headers: dict[str, str], body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(self.target)
        headers.pop("expect", None)
        try:
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def _refuse(self, fault: str) -> None:
        status = int(fault[:3])
        code = {500: "InternalError", 503: "SlowDown", 409: "ConditionalRequestConflict"}
        data = f"<Error><Code>{code.get(status, 'PreconditionFailed')}</Code></Error>".encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def proxy(server: S3Server, plan: Plan) -> Iterator[str]:
    """The address of a server that passes requests on, but for what the plan says."""
    handler = type("Proxy", (_Proxy,), {"target": urlsplit(server.endpoint).netloc, "plan": plan})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as listening:
        threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_address[1]}"
        listening.shutdown()


@contextmanager
def faulty_store(url: str, server: S3Server, plan: Plan) -> Iterator[S3Store]:
    """The lake through such a server, with the retries of the real client and short waits."""
    config = Config(
        retries={"mode": "standard", "max_attempts": 4},
        read_timeout=_READ_TIMEOUT,
        s3={"addressing_style": "path"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    with proxy(server, plan) as address:
        client = boto3.client(
            "s3",
            endpoint_url=address,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            region_name="us-east-1",
            config=config,
        )
        try:
            yield S3Store(url, client=client)
        finally:
            client.close()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a release that met a fault: `told` well, or the error in one line; `good`: readers had a
    whole release, and the rerun gave the bytes of an undisturbed one."""

    kind: str
    fault: str
    always: bool
    told: str
    good: bool


def cases(hits: tuple[bool, ...]) -> Iterator[tuple[str, str, bool]]:
    """Kind of request, fault, and whether all requests of the kind meet it."""
    for kind in KINDS:
        for fault in FAULTS:
            for always in hits:
                if kind in _ONLY.get(fault, KINDS) and not (always and fault == "no answer"):
                    yield kind, fault, always


def outcomes(server: S3Server, bucket: str, hits: tuple[bool, ...] = (False, True)) -> Iterator[Outcome]:
    """Each fault at each kind of request, once (False) and always (True)."""
    with server.client() as client:
        lake = S3Store(f"s3://{bucket}/undisturbed", client=client)
        first(lake)
        before = contents(lake)
        second(lake)
        after = contents(lake)
        for number, (kind, fault, always) in enumerate(cases(hits)):
            url = f"s3://{bucket}/{number}"
            plain = S3Store(url, client=client)
            for key, data in before.items():
                plain.put(key, data)
            with faulty_store(url, server, Plan(kind, fault, always)) as lake:
                told = _try(lake)
            manifest = read_manifest(plain)
            good = manifest is not None and whole(plain, manifest)
            second(plain)
            yield Outcome(kind, fault, always, told, good and contents(plain) == after)


def _try(lake: S3Store) -> str:
    try:
        second(lake)
    except Failed as failed:
        return f"{type(failed).__name__}: {failed}".splitlines()[0]
    return "well"


def main() -> int:
    table = Table("request", "fault", "hit", "outcome", "rerun")
    wrong = 0
    with tempfile.TemporaryDirectory() as folder, ministack(Path(folder)) as server:
        with server.client() as client:
            bucket = server.new_bucket(client)
        for one in outcomes(server, bucket):
            wrong += not one.good
            told = one.told if one.told == "well" else one.told.partition(":")[0] + ", in one line"
            table.add_row(
                one.kind,
                one.fault,
                "always" if one.always else "once",
                told,
                "same bytes" if one.good else "WRONG",
            )
    Console(width=100).print(table)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
