"""The claims of matching that is cut short can break."""

from __future__ import annotations

from dataclasses import replace

from tests.benchmarks.cut_short import CUT, Ran, claims_of

WHOLE = Ran({}, {}, "digest")
RUNS = [*(Ran({stage: 1.0, "later": 2.0}, {}, "") for stage in ("read", *CUT[:-1])), WHOLE]


def test_each_claim_breaks() -> None:
    runs = [*RUNS[:-1], replace(WHOLE, began={CUT[-1]: 1.0})]
    assert [claim.held for claim in claims_of(WHOLE, runs)] == [True, True]
    begins_anew = [*runs[:3], replace(runs[3], began={"read": 0.5} | runs[3].began), *runs[4:]]
    assert [claim.held for claim in claims_of(WHOLE, begins_anew)] == [False, True]
    other = [*runs[:-1], replace(runs[-1], digest="other")]
    assert [claim.held for claim in claims_of(WHOLE, other)] == [True, False]
    nothing = [*runs[:-1], replace(runs[-1], digest="")]
    assert [claim.held for claim in claims_of(replace(WHOLE, digest=""), nothing)] == [True, False]
