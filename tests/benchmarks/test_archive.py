"""The benchmark of archives reads all that it has written, the same each time, and its claims can break."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from tests.benchmarks.archive import Step, Took, claims_of, most, read, step, write_warc

FLAT = Took(pages=95, held=5, size=1, wall=1, cpu=1, early=100, peak=115)
RELEASED = Step("publish", wall=1, cpu=1, peak=1 << 30, rows=95)


@pytest.mark.slow
def test_all_pages_of_the_file_are_read(tmp_path: Path) -> None:
    written = [write_warc(tmp_path / f"{name}.warc.gz", 1) for name in ("one", "again")]
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in tmp_path.glob("*.warc.gz")}
    assert len(set(written)) == len(digests) == 1
    took = read(tmp_path / "one.warc.gz", tmp_path / "lake")
    assert took.pages + took.held == written[0] > 200
    assert took.held < took.pages / 20
    assert 20_000 < took.size / written[0] < 34_000
    assert took.peak >= took.early > 100 << 20
    behind = [step(name, tmp_path / "lake") for name in ("match", "story", "publish")]
    assert behind[-1].rows == took.pages


def test_each_claim_breaks() -> None:
    def held(took: Took = FLAT, released: Step = RELEASED, pages: int = 100) -> list[bool | None]:
        return [claim.held for claim in claims_of(took, [replace(RELEASED, rows=0), released], pages)]

    assert held() == [True, True, True, True]
    assert held(replace(FLAT, peak=121)) == [False, True, True, True]
    assert held(replace(FLAT, early=0)) == [False, True, True, True]
    assert held(pages=101) == [True, False, True, True]
    assert held(released=replace(RELEASED, rows=94)) == [True, True, False, True]
    assert held(replace(FLAT, pages=0, held=0), replace(RELEASED, rows=0), 0) == [True, False, False, True]
    assert held(released=replace(RELEASED, peak=(1 << 30) + 1)) == [True, True, True, False]
    assert most([(0.1, 5), (0.25, 7), (0.9, 9), (1.0, 8)]) == (7, 9)
