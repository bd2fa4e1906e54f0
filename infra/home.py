"""Everything the launcher remembers lies under one folder that only its owner can read.

`.local/` holds the store's data, Airflow's database and logs, the ports in use, the simulated clock
and the secrets. Deleting it is a fresh start; nothing outside it is written.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

FIRST_RUN = datetime(2026, 3, 5, 20, 0, tzinfo=UTC)
STEP = timedelta(hours=1)


class Busy(Exception):
    """Another launcher holds the folder; the message says what it does."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """Generated once a folder. `s3_key` and `s3_secret` reach the tasks only as an Airflow connection."""

    fernet: str
    jwt: str
    api: str
    login: str
    s3_key: str
    s3_secret: str


@dataclass(frozen=True, slots=True)
class Ports:
    """Loopback ports, kept from run to run while they are free."""

    store: int
    sites: int
    airflow: int


class Home:
    """The folder `.local` and the paths in it; `database` is where Airflow keeps its own, if elsewhere."""

    def __init__(self, root: Path, database: str | None = None) -> None:
        self.root = root.resolve()
        self.database = database
        self.store_data = self.root / "s3"
        self.airflow = self.root / "airflow"
        self.logs = self.root / "log"
        self.pids = self.root / "pids"
        self.config = self.root / "wirefold.toml"
        self.summary = self.root / "summary.json"
        self.passwords = self.airflow / "passwords.json"
        self._clock = self.root / "clock"
        self._lock = self.root / "lock"

    def make(self) -> None:
        """Create the folders. From here on this process and its children write files for the owner only."""
        os.umask(0o077)
        for folder in (self.root, self.store_data, self.airflow, self.logs, self.pids):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def held(self, doing: str) -> Iterator[None]:
        """Hold the folder against other launchers; the kernel lets go even after kill -9. Raises `Busy`."""
        with self._lock.open("a") as lock:
            if not _locked(lock.fileno(), tries=5):
                raise Busy(f"{self._doing()[1]} is at work here; `make down` stops it")
            self.say(doing)
            yield

    def say(self, doing: str) -> None:
        """What another launcher is told while this one holds the folder."""
        self._lock.write_text(f"{os.getpid()} {doing}")

    def holder(self) -> int | None:
        """The pid of the launcher at work here, or None."""
        with self._lock.open("a") as lock:
            return None if _locked(lock.fileno(), tries=1) else self._doing()[0]

    def _doing(self) -> tuple[int, str]:
        pid, _, doing = self._lock.read_text().partition(" ")
        return int(pid), doing

    def secrets(self) -> Secrets:
        """The folder's secrets, made on first use in a file of mode 0600."""
        file = self.root / "secrets.json"
        if not file.exists():
            from cryptography.fernet import Fernet

            made = Secrets(
                fernet=Fernet.generate_key().decode(),
                jwt=secrets.token_hex(32),
                api=secrets.token_hex(32),
                login=secrets.token_urlsafe(12),
                s3_key="wirefold",
                s3_secret=secrets.token_urlsafe(24),
            )
            write_private(file, json.dumps(asdict(made)))
        return Secrets(**json.loads(file.read_text()))

    def ports(self) -> Ports:
        """Free loopback ports: those of the last run if nobody took them since."""
        file = self.root / "ports.json"
        last: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
        ports = Ports(*(_free_port(last.get(name, 0)) for name in ("store", "sites", "airflow")))
        write_private(file, json.dumps(asdict(ports)))
        return ports

    def last_ports(self) -> Ports:
        """The ports of the launcher that is at work, or was last."""
        return Ports(**json.loads((self.root / "ports.json").read_text()))

    def next_run(self) -> datetime:
        """The simulated time of the next run: an hour after the last one that was finished."""
        if not self._clock.exists():
            return FIRST_RUN
        return datetime.fromisoformat(self._clock.read_text().strip()) + STEP

    def finished(self, now: datetime) -> None:
        """Move the clock on. A run that failed or was killed is not finished: the next repeats it."""
        write_private(self._clock, now.isoformat() + "\n")


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step; at no moment can anyone but the owner read it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    beside.replace(path)


def _locked(file: int, tries: int) -> bool:
    """True if the lock was taken; several tries outlast another launcher's look at it."""
    for left in reversed(range(tries)):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.1 if left else 0)
        else:
            return True
    return False


def _free_port(wanted: int) -> int:
    """`wanted` if it can be bound on loopback, else one the kernel picks."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port on 127.0.0.1")
