"""`python -m infra.demo serve | outlets | truth | corpus`."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from infra.demo.corpus import write_corpus
from infra.demo.network import NOW, SEED, build
from infra.demo.registry import registry_toml
from infra.demo.server import Service, parse_time, service_of, serving
from infra.demo.sites import scaled_sites
from infra.demo.truth import truth, truth_line


def main() -> int:
    given = _parser().parse_args()
    match given.command:
        case "serve":
            service = service_of(given.seed, given.scale, given.now)
            try:
                return asyncio.run(_serve(service, given.port))
            except OSError as error:
                sys.stderr.write(f"port {given.port}: {error}\n")
                return 1
        case "outlets":
            sys.stdout.write(registry_toml(scaled_sites(given.scale)))
        case "truth":
            network = build(given.seed, given.scale)
            sys.stdout.writelines(f"{truth_line(record)}\n" for record in truth(network, given.now))
        case "corpus":
            print(f"{write_corpus(given.out, given.scale, given.seed)} articles in {given.out}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.demo", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="answer on a loopback port until told to stop")
    serve.add_argument("--port", type=int, default=0, help="0: any free one")
    outlets = commands.add_parser("outlets", help="the sites as an outlet registry")
    facts = commands.add_parser("truth", help="JSON lines, one a page that is out")
    corpus = commands.add_parser("corpus", help="extracted articles with truth, without HTML")
    corpus.add_argument("--out", type=Path, required=True, help="a .parquet or .jsonl file")
    for command in (serve, outlets, facts, corpus):
        command.add_argument("--scale", type=_scale, default=1, help="times the sites and stories")
    for command in (serve, facts, corpus):
        command.add_argument("--seed", type=int, default=SEED)
    for command in (serve, facts):
        command.add_argument("--now", type=parse_time, default=NOW, help="the simulated moment")
    return parser


def _scale(text: str) -> int:
    if (scale := int(text)) < 1:
        raise ValueError("a network has a scale of 1 at least")
    return scale


async def _serve(service: Service, port: int) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with serving(service, port) as address:
        print(f"http://{address}", flush=True)
        await stop.wait()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
