"""A few of the trials of `python -m tests.ingest.killed`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ingest.killed import run_trials

pytestmark = pytest.mark.slow


def test_an_ingest_killed_anywhere_loses_and_doubles_no_page(tmp_path: Path) -> None:
    trials = run_trials(tmp_path, moments=3)
    assert sum(trial.died for trial in trials) == 3
    assert [trial.wrong for trial in trials if trial.wrong] == []
