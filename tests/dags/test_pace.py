"""What a long task says in its log while it goes on."""

from __future__ import annotations

import importlib.util
import logging
import re
import time

import pytest

from pipeline.model import Run
from tests.dags.airflow_alone import DAGS


def test_the_rate_is_that_of_what_was_done_since_the_task_began(caplog: pytest.LogCaptureFixture) -> None:
    spec = importlib.util.spec_from_file_location("_pace", DAGS / "_pace.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with caplog.at_level(logging.INFO, "wirefold"):
        report = module.pace(Run.of("20260305T200000Z"), "take_in", every=0.2)
        report(60_000_000_000, 100_000_000_000)  # so much had been read before
        assert not caplog.messages
        time.sleep(0.3)
        report(60_000_000_000, 100_000_000_000)
        assert not caplog.messages, "nothing is known of the rate yet"
        report(60_300_000_000, 100_000_000_000)
        report(60_400_000_000, 100_000_000_000)
    [line] = caplog.messages
    found = re.fullmatch(
        r"20260305T200000Z take_in: 60.3 of 100.0 GB, ([\d.]+) MB a second, (\d+) minutes left", line
    )
    assert found
    rate = float(found[1])
    assert 10 < rate <= 1_000
    assert abs(int(found[2]) - 39_700 / rate / 60) <= 1
