"""What is said between the pool and its workers: they run `worker` as their main module, whose values have no
name elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.extract.credit import WireRules
from pipeline.extract.result import Extracted
from pipeline.extract.template import Template
from pipeline.extract.trace import Block
from pipeline.model import RawPage, Run
from pipeline.params import Params


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker needs to know before its first page."""

    rules: WireRules
    params: Params
    run: Run


@dataclass(frozen=True, slots=True)
class Job:
    """A page to read by the template of its outlet. None for `template`: the same as for the outlet's last
    page in this worker."""

    raw: RawPage
    outlet: str | None
    template: Template | None


@dataclass(frozen=True, slots=True)
class Trace:
    """A page to read by itself, and to tell where each of its blocks went."""

    raw: RawPage


@dataclass(frozen=True, slots=True)
class Traced:
    """What became of a page and of its blocks."""

    extracted: Extracted
    blocks: tuple[Block, ...]
