"""Each attempt of `ssrf.py` is refused, and many of them would get through without the guard."""

from __future__ import annotations

import pytest

from tests.ingest.ssrf import ATTEMPTS, Outcome, try_all


@pytest.fixture(scope="module")
def outcomes() -> tuple[Outcome, ...]:
    return try_all()


@pytest.mark.parametrize(
    "number", range(len(ATTEMPTS)), ids=lambda n: f"{ATTEMPTS[n].kind} {ATTEMPTS[n].way} {ATTEMPTS[n].name}"
)
def test_refused(outcomes: tuple[Outcome, ...], number: int) -> None:
    assert outcomes[number].refused, outcomes[number]


def test_the_prize_can_be_won(outcomes: tuple[Outcome, ...]) -> None:
    """Else the table would show nothing. IPv6 and how odd numbers are read differ between machines."""
    won = {(one.attempt.kind, one.attempt.way) for one in outcomes if one.unguarded}
    assert won >= {
        ("loopback", "page"),
        ("userinfo", "page"),
        ("name of ours", "page"),
        ("DNS mixed", "page"),
        ("DNS changes", "page"),
        ("redirect", "302"),
        ("redirect", "302 over 302"),
    }
