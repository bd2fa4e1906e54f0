"""`python -m tests.benchmarks.cut_short`: matching a million documents is killed in each of its stages.

    python -m tests.benchmarks.cut_short [--documents N] [--memory 4GiB] [--markdown FILE]

First it runs through, which tells how long each stage takes. Then it is begun anew and killed with SIGKILL in
the midst of the first stage; the next process is killed in the second, and so on, the last while it writes
its result. Each has to go on in the stage in which the one before was killed, and what the last one leaves
must be the same bytes. Exit code 1 if not.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from pipeline import steps
from pipeline.matching.scratch import Scratch
from pipeline.matching.stages import BANDS, PAIRS, SETTLE, SIGN
from pipeline.matching.texts import CHROME, READ
from tests.benchmarks import report
from tests.benchmarks.scaling import NOW, digest_of, lake_in, stored

_SEARCHES = ("00", "21", "43")  # of 44, which are stages of their own
_RESULT, _KILLED = "result", "killed"
CUT = (READ, CHROME, SIGN, BANDS, *(f"{PAIRS}-{number}" for number in _SEARCHES), SETTLE, _RESULT)
_CONSOLE = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Ran:
    """A process that matched: when it began and ended which stages, in seconds from its start, in their
    order; and of what it left the digest, or "" if it was killed."""

    began: dict[str, float]
    ended: dict[str, float]
    digest: str


def main(documents: int, memory: str, out: Path | None) -> int:
    whole = _run(_anew(documents), memory)
    folder, runs = _anew(documents), list[Ran]()
    for stage in CUT:
        half = (whole.ended[stage] - whole.began[stage]) / 2
        _CONSOLE.print(f"[dim]killed in {stage}, {half:.2f} s after it began[/dim]")
        runs.append(_run(folder, memory, (stage, half)))
    runs.append(_run(folder, memory))
    claims = claims_of(whole, runs)
    rows = [
        (stage, f"{killed.ended[_KILLED]:.1f}", next(iter(after.began)), f"{min(after.began.values()):.1f}")
        for stage, killed, after in zip(CUT, runs[:-1], runs[1:], strict=True)
    ]
    columns = ("killed in", "after s", "the next went on in", "after s")
    through = f"{whole.ended[_RESULT]:,.0f} s if it is not killed"
    title = f"Matching {documents:,} documents within {memory}, {through}"
    sections = [report.Section(title, columns, rows), report.verdict(claims)]
    for section in sections:
        report.show(section)
    if out:
        out.write_text(report.markdown(sections), encoding="utf-8")
    return int(not all(claim.held for claim in claims))


def claims_of(whole: Ran, runs: Sequence[Ran]) -> list[report.Claim]:
    """`runs`: one killed in each stage of CUT, and one that ran through."""
    going = sum(next(iter(run.began)) == stage for stage, run in zip(CUT, runs[1:], strict=True))
    same = whole.digest == runs[-1].digest != ""
    return [
        report.Claim(
            "each goes on in the stage in which the one before was killed",
            f"{going} of {len(CUT)}",
            going == len(CUT),
        ),
        report.Claim("the same bytes", "yes" if same else "NO", same),
    ]


def _anew(documents: int) -> Path:
    """A lake that was never matched, and no scratch files."""
    folder = stored(documents, skew=False)
    shutil.rmtree(folder / "scratch", ignore_errors=True)
    return folder


def _run(folder: Path, memory: str, cut: tuple[str, float] | None = None) -> Ran:
    """One process; `cut`: the stage in which it is killed, and how many seconds after it began. Raises
    `RuntimeError` if the stage was over by then."""
    command = [sys.executable, "-m", "tests.benchmarks.cut_short", "--match", str(folder), "--memory", memory]
    start, began, ended, digest = time.monotonic(), dict[str, float](), dict[str, float](), ""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            what, name = line.split()
            now = time.monotonic() - start
            if what == "digest":
                digest = name
            else:
                (began if what == "began" else ended)[name] = now
            if cut and (what, name) == ("began", cut[0]):
                time.sleep(cut[1])
                process.kill()
                ended[_KILLED] = time.monotonic() - start
    if cut and (process.returncode != -9 or cut[0] in ended):
        raise RuntimeError(f"{cut[0]} was over before the process was killed")
    if not cut and process.returncode:
        raise RuntimeError(f"matching ended with {process.returncode}")
    return Ran(began, ended, digest)


def match(folder: Path, memory: str) -> None:
    """Match the lake, telling of stages on standard output."""
    making, run = Scratch.making, Scratch.run

    @contextmanager
    def told(scratch: Scratch, stage: str) -> Iterator[Path]:
        _tell("began", stage)
        with making(scratch, stage) as made:
            yield made
        _tell("ended", stage)

    def then(scratch: Scratch, stage: str, work: Callable[[Path], None]) -> None:
        run(scratch, stage, work)
        if stage == SETTLE:
            _tell("began", _RESULT)

    Scratch.making, Scratch.run = told, then
    lake, config = lake_in(folder, memory)
    steps.match(lake, NOW, config)
    _tell("ended", _RESULT)
    _tell("digest", digest_of(lake))


def _tell(*words: str) -> None:
    print(*words, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--memory", default="4GiB")
    parser.add_argument("--match", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--markdown", type=Path)
    given = parser.parse_args()
    if given.match:
        match(given.match, given.memory)
    else:
        sys.exit(main(given.documents, given.memory, given.markdown))
