"""How fast the edge redirects with each click on disk before its answer, measured in nginx that records nothing.

Both answer the same requests in one run, in rounds that take turns, because the machine itself is not the same from
one minute to the next. A run counts only if the edge redirects rightly, and if a SIGKILL at its end finds every
answered click in the journal.
"""

import asyncio
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

from bench.load.cost import measure_usage
from bench.load.wrk import DEFAULT_CONNECTIONS, LoadProfile, LoadResult, run_load
from bench.programs import BenchError, find_program
from bench.redirect.clicks import count_recorded_clicks, expect_redirect, seal_destinations
from bench.redirect.matrix import measure_all
from bench.redirect.servers import DATA_FOLDER, Server, edge, nginx
from clicktrail import keyring_file

_TOKEN_COUNT: Final = 10_000
_ROUNDS: Final = 5
_HALF_LOAD_CONNECTIONS: Final = 512
"""Connections of those who come at half of the edge's speed; most of them wait at any time."""
_WARM_UP_S: Final = 2
_MEMORY_FILE_SYSTEMS: Final = {"tmpfs", "ramfs"}


def main(
    seconds: Annotated[int, typer.Option(min=1, help="Length of a round.")] = 5,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes, of nginx as of the edge.")] = 1,
    *,
    full: Annotated[bool, typer.Option("--full", help="Measure others too, with 1 to 512 connections.")] = False,
) -> None:
    """Compare the edge, durable, to nginx."""
    try:
        with tempfile.TemporaryDirectory(prefix="clicktrail-bench-") as folder:
            _compare_servers(Path(folder), seconds=seconds, workers=workers, full=full)
    except BenchError as error:
        sys.exit(f"bench: error: {error}")


def _compare_servers(folder: Path, *, seconds: int, workers: int, full: bool) -> None:
    _print_setup(folder, workers=workers)
    ring = keyring_file.load_or_create(folder / DATA_FOLDER / keyring_file.FILE_NAME, earlier_data_paths=[])
    destinations = seal_destinations(ring, _TOKEN_COUNT)
    token, location = next(iter(destinations.items()))
    tokens = folder / "tokens"
    tokens.write_text("\n".join(destinations) + "\n", "utf-8")
    with contextlib.ExitStack() as running:
        servers = {
            "nginx": running.enter_context(nginx(folder, workers=workers, directives=f'return 302 "{location}";')),
            "durable": running.enter_context(edge(folder, workers=workers)),
        }
        for server in servers.values():
            expect_redirect(server.port, token, location=location)
        warm_up = {name: run_load(server.url, tokens, duration_s=_WARM_UP_S) for name, server in servers.items()}
        before = {name: measure_usage(server.pid).cpu_s for name, server in servers.items()}
        rounds = _run_rounds(servers, tokens, seconds=seconds)
        for name, server in servers.items():
            each = (measure_usage(server.pid).cpu_s - before[name]) / sum(
                measured.requests for measured in rounds[name]
            )
            print(f"{'':8} {name:8} {each * 1e6:8.1f} µs of processor each")
        speed = {name: median(each.requests_per_s for each in measured) for name, measured in rounds.items()}
        readers = LoadProfile(connections=_HALF_LOAD_CONNECTIONS, requests_per_s=speed["durable"] / 2)
        half = run_load(servers["durable"].url, tokens, duration_s=seconds, profile=readers)
        _print_medians("half", "durable", [half])
    answered = 1 + sum(each.requests for each in [warm_up["durable"], *rounds["durable"], half])
    found = asyncio.run(count_recorded_clicks(folder / DATA_FOLDER / "journal", folder / "cursor"))
    if found < answered:
        raise BenchError(f"{answered:,} clicks were answered, and {answered - found:,} of them are not in the journal")
    print(f"journal after SIGKILL: {found:,} clicks, {answered:,} of them counted as answered")
    if full:
        measure_all(folder, tokens, seconds=seconds, workers=workers, location=location)
    print(f"durable / nginx = {speed['durable'] / speed['nginx']:.2f}")


def _run_rounds(servers: dict[str, Server], tokens: Path, *, seconds: int) -> dict[str, list[LoadResult]]:
    """Load each in turn; print each round, and the medians."""
    rounds: dict[str, list[LoadResult]] = {name: [] for name in servers}
    for number in range(1, _ROUNDS + 1):
        for name, server in servers.items():
            measured = run_load(server.url, tokens, duration_s=seconds)
            rounds[name].append(measured)
            _print_medians(f"round {number}", name, [measured])
    for name, measured_rounds in rounds.items():
        _print_medians("median", name, measured_rounds)
    return rounds


def _print_medians(label: str, name: str, rounds: list[LoadResult]) -> None:
    """A line with the medians of some rounds."""
    per_second = median(each.requests_per_s for each in rounds)
    p50, p99 = median(each.p50_us for each in rounds) / 1000, median(each.p99_us for each in rounds) / 1000
    print(f"{label:8} {name:8} {per_second:8,.0f} req/s   p50 {p50:6.2f} ms   p99 {p99:6.2f} ms", flush=True)


def _print_setup(folder: Path, *, workers: int) -> None:
    """Say what is measured and on what.

    Raises:
        BenchError: a program is missing, or the folder is in memory.
    """
    for name in ("nginx", "wrk"):
        find_program(name)
    asked = subprocess.run([find_program("stat"), "-fc%T", folder], capture_output=True, text=True, check=True)
    disk = asked.stdout.strip()
    if disk in _MEMORY_FILE_SYSTEMS:
        raise BenchError(f"{folder.parent} is in memory ({disk}), where a sync costs nothing: set TMPDIR to a disk")
    print(f"{os.cpu_count()} cores shared with wrk, Python {platform.python_version()}, journal on {disk}")
    print(
        f"{workers} worker(s) each, {DEFAULT_CONNECTIONS} kept connections, {_TOKEN_COUNT:,} distinct tokens",
        flush=True,
    )


if __name__ == "__main__":
    typer.run(main)
