"""How fast the edge redirects with each click on disk before its answer, measured in nginx that records nothing.

Both answer the same requests in one run, in rounds that take turns, because the machine itself is not the same from
one minute to the next. A run counts only if the edge redirects rightly, and if a SIGKILL at its end finds every
answered click in the journal.
"""

import contextlib
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Annotated, Final

import typer

from bench.load.cost import cost
from bench.load.wrk import CONNECTIONS, Clients, Round, load
from bench.programs import BenchError, program
from bench.redirect.clicks import expect_redirect, links, recorded
from bench.redirect.matrix import measure_all
from bench.redirect.servers import DATA, Server, edge, nginx
from clicktrail import keyring_file

_LINKS: Final = 10_000
_ROUNDS: Final = 5
_READERS: Final = 512
"""Connections of those who come at half of the edge's speed; most of them wait at any time."""
_WARM_UP_S: Final = 2
_MEMORY: Final = {"tmpfs", "ramfs"}


def main(
    seconds: Annotated[int, typer.Option(min=1, help="Length of a round.")] = 5,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes, of nginx as of the edge.")] = 1,
    *,
    full: Annotated[bool, typer.Option("--full", help="Measure others too, with 1 to 512 connections.")] = False,
) -> None:
    """Compare the edge, durable, to nginx."""
    try:
        with tempfile.TemporaryDirectory(prefix="clicktrail-bench-") as folder:
            _compare(Path(folder), seconds=seconds, workers=workers, full=full)
    except BenchError as error:
        sys.exit(f"bench: error: {error}")


def _compare(folder: Path, *, seconds: int, workers: int, full: bool) -> None:
    _introduce(folder, workers=workers)
    ring = keyring_file.load_or_create(folder / DATA / keyring_file.NAME, traces=[])
    destinations = links(ring, _LINKS)
    token, location = next(iter(destinations.items()))
    tokens = folder / "tokens"
    tokens.write_text("\n".join(destinations) + "\n", "utf-8")
    with contextlib.ExitStack() as running:
        servers = {
            "nginx": running.enter_context(nginx(folder, workers=workers, answer=f'return 302 "{location}";')),
            "durable": running.enter_context(edge(folder, workers=workers)),
        }
        for server in servers.values():
            expect_redirect(server.port, token, location=location)
        warm_up = {name: load(server.url, tokens, seconds=_WARM_UP_S) for name, server in servers.items()}
        before = {name: cost(server.pid).seconds for name, server in servers.items()}
        rounds = _rounds(servers, tokens, seconds=seconds)
        for name, server in servers.items():
            each = (cost(server.pid).seconds - before[name]) / sum(measured.requests for measured in rounds[name])
            print(f"{'':8} {name:8} {each * 1e6:8.1f} µs of processor each")
        speed = {name: median(each.per_second for each in measured) for name, measured in rounds.items()}
        readers = Clients(connections=_READERS, per_second=speed["durable"] / 2)
        half = load(servers["durable"].url, tokens, seconds=seconds, clients=readers)
        _print("half", "durable", [half])
    answered = 1 + sum(each.requests for each in [warm_up["durable"], *rounds["durable"], half])
    found = recorded(folder / DATA / "journal", folder / "cursor")
    if found < answered:
        raise BenchError(f"{answered:,} clicks were answered, and {answered - found:,} of them are not in the journal")
    print(f"journal after SIGKILL: {found:,} clicks, {answered:,} of them counted as answered")
    if full:
        measure_all(folder, tokens, seconds=seconds, workers=workers, location=location)
    print(f"durable / nginx = {speed['durable'] / speed['nginx']:.2f}")


def _rounds(servers: dict[str, Server], tokens: Path, *, seconds: int) -> dict[str, list[Round]]:
    """Load each in turn; print each round, and the medians."""
    rounds: dict[str, list[Round]] = {name: [] for name in servers}
    for number in range(1, _ROUNDS + 1):
        for name, server in servers.items():
            measured = load(server.url, tokens, seconds=seconds)
            rounds[name].append(measured)
            _print(f"round {number}", name, [measured])
    for name, measured_rounds in rounds.items():
        _print("median", name, measured_rounds)
    return rounds


def _print(label: str, name: str, rounds: list[Round]) -> None:
    """A line with the medians of some rounds."""
    per_second = median(each.per_second for each in rounds)
    p50, p99 = median(each.p50_us for each in rounds) / 1000, median(each.p99_us for each in rounds) / 1000
    print(f"{label:8} {name:8} {per_second:8,.0f} req/s   p50 {p50:6.2f} ms   p99 {p99:6.2f} ms", flush=True)


def _introduce(folder: Path, *, workers: int) -> None:
    """Say what is measured and on what.

    Raises:
        BenchError: a program is missing, or the folder is in memory.
    """
    for name in ("nginx", "wrk"):
        program(name)
    asked = subprocess.run([program("stat"), "-fc%T", folder], capture_output=True, text=True, check=True)
    disk = asked.stdout.strip()
    if disk in _MEMORY:
        raise BenchError(f"{folder.parent} is in memory ({disk}), where a sync costs nothing: set TMPDIR to a disk")
    print(f"{os.cpu_count()} cores shared with wrk, Python {platform.python_version()}, journal on {disk}")
    print(f"{workers} worker(s) each, {CONNECTIONS} kept connections, {_LINKS:,} distinct tokens", flush=True)


if __name__ == "__main__":
    typer.run(main)
