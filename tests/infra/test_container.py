"""The image: of hashed packages that are those of the lock, of files that are there, not run as root."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from infra import prepare
from tests.infra.composed import ROOT

CONTAINERFILE = (ROOT / "infra" / "container" / "Containerfile").read_text()


def pins(lock: str) -> dict[str, frozenset[str]]:
    """Name and version of each package of a lock, with its hashes."""
    text = (ROOT / lock).read_text()
    found = re.findall(r"^([\w.-]+==\S+)[^\\\n]*((?: \\\n    --hash=\S+)+)", text, re.MULTILINE)
    return {pin: frozenset(re.findall(r"sha256:\w+", hashes)) for pin, hashes in found}


def test_the_image_has_what_the_tests_ran_with() -> None:
    held, ours = pins("requirements.lock"), pins("infra/container/requirements.lock")
    assert len(ours) > 150
    assert all(hashes == held[pin] for pin, hashes in ours.items())
    assert not any(pin.startswith(("pytest==", "ministack==", "moto==")) for pin in ours)


def test_nothing_is_installed_without_a_hash_and_nobody_is_root() -> None:
    installs = re.findall(r"pip install ([^\n&]+)", CONTAINERFILE)
    assert len(installs) == 2
    assert all("--require-hashes" in line or "--no-index" in line for line in installs)
    assert f"\nUSER {prepare.IMAGE_USER}:0\n" in CONTAINERFILE
    assert f"--uid {prepare.IMAGE_USER} " in CONTAINERFILE
    assert "\nHEALTHCHECK " in CONTAINERFILE


def test_what_is_copied_is_there_and_is_not_kept_out() -> None:
    allowed = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    for line in re.findall(r"^COPY (?!--from)(.+)$", CONTAINERFILE, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert any(source == one or source.startswith(f"{one}/") for one in allowed), source


def test_what_a_component_imports_of_infra_is_copied() -> None:
    copied = set(re.findall(r"infra/[\w/]+\.py", CONTAINERFILE))
    for one in copied:
        for name in re.findall(r"^\s*(?:from|import) (infra[\w.]*)", (ROOT / one).read_text(), re.MULTILINE):
            assert f"{name.replace('.', '/')}.py" in copied, f"{one} imports {name}"


@contextmanager
def answering(status: int) -> Iterator[int]:
    """The port of a server that answers everything with one status."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *args: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_a_server_is_well_if_it_says_so(status: int, code: int) -> None:
    ask = [sys.executable, "-m", "infra.container.healthy"]
    with answering(status) as port:
        url = f"http://127.0.0.1:{port}/health"
        assert subprocess.run([*ask, url], cwd=ROOT).returncode == code
    assert subprocess.run([*ask, url], cwd=ROOT).returncode == 1, "nobody answers any more"
