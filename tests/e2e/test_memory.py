"""Memory does not grow with the text: from the input to the release nothing holds all of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.e2e.test_cli import prose

# all but matching, which holds four bytes a word by design; the clusters are given: threes of a kind
FOLD = """
import re, sys
from datetime import UTC, datetime
from pathlib import Path
import pyarrow as pa
from pipeline import intake, steps
from pipeline.config import Config
from pipeline.lake.locate import open_store
from pipeline.lake.pages import documents
from pipeline.lake.segment import write_segment
from pipeline.model import Run
from pipeline.schema import BOILERPLATE
from pipeline.segments import CLUSTERS, PAIRS, segment_key

run, lake = Run.at(datetime(2031, 4, 7, 20, tzinfo=UTC)), open_store(sys.argv[2])
config = Config.for_files(lake.url, ())
intake.take_in(lake, run, config, [Path(sys.argv[1])])
ids = documents(lake, run).doc_ids
firsts = ids.take(pa.array([n - n % 3 for n in range(len(ids))]))
clusters = pa.table([ids, firsts, pa.repeat(True, len(ids))], schema=CLUSTERS)
write_segment(lake, segment_key("clusters", run.run_id, "all"), clusters)
write_segment(lake, segment_key("pairs", run.run_id, "all"), PAIRS.empty_table())
write_segment(lake, segment_key("boilerplate", run.run_id, "all"), BOILERPLATE.schema.empty_table())
steps.story(lake, run, config)
assert steps.publish(lake, run, config, ()).republications == len(ids)
# not ru_maxrss: that of a child begins with its parent's
print(int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""


def peak_mib(folder: Path, count: int) -> int:
    """Peak memory of a process that folds `count` articles of 11 KB."""
    folder.mkdir()
    texts = [f"{prose(n, 1_200)}\n{prose(1, 200)}" for n in range(40)]
    rows = {
        "doc_id": [f"d{n:05d}" for n in range(count)],
        "url": [f"https://site-{n % 7}.example/{n}" for n in range(count)],
        "text": [texts[n // 3 % 40] for n in range(count)],
    }
    pq.write_table(pa.table(rows), folder / "articles.parquet", row_group_size=500)
    command = [sys.executable, "-c", FOLD, str(folder / "articles.parquet"), str(folder / "lake")]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's own figure")
def test_peak_memory_does_not_grow_with_the_text(tmp_path: Path) -> None:
    """Past some 10,000 articles buffers are full; what is left to grow is a few hundred bytes an article."""
    small, large = (peak_mib(tmp_path / str(count), count) for count in (12_000, 48_000))
    text = 36_000 * 11 // 1024  # MiB more of it
    assert large - small < 0.7 * text, f"{small} MiB, then {large} MiB for {text} MiB more text"
