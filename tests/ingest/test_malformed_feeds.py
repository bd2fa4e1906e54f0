"""Each way of `malformed_feeds.py` has the outcome and the reason that it should have, and harms nobody."""

from __future__ import annotations

import pytest

from tests.ingest.malformed_feeds import WAYS, Result, try_all


@pytest.fixture(scope="module")
def results() -> tuple[Result, ...]:
    return try_all()


@pytest.mark.parametrize("number", range(len(WAYS)), ids=lambda number: WAYS[number].name)
def test_outcome_and_reason(results: tuple[Result, ...], number: int) -> None:
    one = results[number]
    assert one.held, (one.outcome, one.reason, one.items[:5], one.headlines[:5], one.baited)


def test_none_takes_long(results: tuple[Result, ...]) -> None:
    """The worst takes a second; before elements and fallbacks were bounded it took three minutes."""
    assert max(one.seconds for one in results) < 60
