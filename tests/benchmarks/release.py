"""`wirefold cluster` from Parquet to a release in a folder, watched from outside."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.benchmarks.measure import LOCAL, corpus_of

_NOW = "2026-05-01T00:00:00Z"
_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Release:
    """A run of the command line: wall seconds in all and by step, CPU seconds, and the most memory in bytes
    that its processes held at once."""

    documents: int
    stories: int
    wall: float
    cpu: float
    steps: dict[str, float]
    peak: int


def release(documents: int) -> Release:
    """Raises `CalledProcessError` if the command fails."""
    corpus, lake = corpus_of(documents), LOCAL / "lake"
    shutil.rmtree(lake, ignore_errors=True)
    wirefold = Path(sys.executable).with_name("wirefold")
    command = [wirefold, "cluster", corpus, "--out", lake, "--outlet-field", "site", "--now", _NOW, "--json"]
    start, peak, cpu = time.monotonic(), 0, 0.0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            try:
                peak = max(peak, _held(watched))
                cpu = sum(watched.cpu_times()[:4])
            except psutil.NoSuchProcess:
                break
            time.sleep(_LOOK_SECONDS)
        printed = process.communicate()[0]
    wall = time.monotonic() - start
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    shutil.rmtree(lake)
    told = json.loads(printed)
    return Release(documents, told["stories"], wall, cpu, told["seconds"], peak)


def _held(process: psutil.Process) -> int:
    return sum(each.memory_info().rss for each in [process, *process.children(recursive=True)])
