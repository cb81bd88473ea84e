"""Compare redirects by the edge, with every click durable before its response, with nginx that records nothing.

Both get the same requests in alternating rounds, because the speed of the machine changes from one minute to the next.
A run is valid only if the edge redirects correctly, and if the journal has every answered click after a SIGKILL.
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
"""Connections for the round at half of the edge's speed; most of them pause at any time."""
_WARM_UP_S: Final = 2
_MEMORY_FILE_SYSTEMS: Final = {"tmpfs", "ramfs"}


def main(
    seconds: Annotated[int, typer.Option(min=1, help="Length of a round.")] = 5,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes of nginx and of the edge.")] = 1,
    *,
    full: Annotated[bool, typer.Option("--full", help="Measure other servers too, with 1 to 512 connections.")] = False,
) -> None:
    """Compare the durable edge with nginx."""
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
    tokens_file = folder / "tokens"
    tokens_file.write_text("\n".join(destinations) + "\n", "utf-8")
    with contextlib.ExitStack() as stack:
        servers = {
            "nginx": stack.enter_context(nginx(folder, workers=workers, directives=f'return 302 "{location}";')),
            "durable": stack.enter_context(edge(folder, workers=workers)),
        }
        for server in servers.values():
            expect_redirect(server.port, token, location=location)
        warm_up = {name: run_load(server.url, tokens_file, duration_s=_WARM_UP_S) for name, server in servers.items()}
        cpu_before = {name: measure_usage(server.pid).cpu_s for name, server in servers.items()}
        rounds = _run_rounds(servers, tokens_file, seconds=seconds)
        for name, server in servers.items():
            request_count = sum(result.requests for result in rounds[name])
            cpu_s = (measure_usage(server.pid).cpu_s - cpu_before[name]) / request_count
            print(f"{'':8} {name:8} {cpu_s * 1e6:8.1f} µs of processor each")
        speed = {name: median(result.requests_per_s for result in results) for name, results in rounds.items()}
        profile = LoadProfile(connections=_HALF_LOAD_CONNECTIONS, requests_per_s=speed["durable"] / 2)
        half = run_load(servers["durable"].url, tokens_file, duration_s=seconds, profile=profile)
        _print_medians("half", "durable", [half])
    answered = 1 + sum(result.requests for result in [warm_up["durable"], *rounds["durable"], half])
    recorded = asyncio.run(count_recorded_clicks(folder / DATA_FOLDER / "journal", folder / "cursor"))
    if recorded < answered:
        raise BenchError(
            f"{answered:,} clicks were answered, and {answered - recorded:,} of them are not in the journal"
        )
    print(f"journal after SIGKILL: {recorded:,} clicks, {answered:,} of them answered")
    if full:
        measure_all(folder, tokens_file, seconds=seconds, workers=workers, location=location)
    print(f"durable / nginx = {speed['durable'] / speed['nginx']:.2f}")


def _run_rounds(servers: dict[str, Server], tokens_file: Path, *, seconds: int) -> dict[str, list[LoadResult]]:
    rounds: dict[str, list[LoadResult]] = {name: [] for name in servers}
    for number in range(1, _ROUNDS + 1):
        for name, server in servers.items():
            result = run_load(server.url, tokens_file, duration_s=seconds)
            rounds[name].append(result)
            _print_medians(f"round {number}", name, [result])
    for name, results in rounds.items():
        _print_medians("median", name, results)
    return rounds


def _print_medians(label: str, name: str, results: list[LoadResult]) -> None:
    per_second = median(result.requests_per_s for result in results)
    p50, p99 = median(result.p50_us for result in results) / 1000, median(result.p99_us for result in results) / 1000
    print(f"{label:8} {name:8} {per_second:8,.0f} req/s   p50 {p50:6.2f} ms   p99 {p99:6.2f} ms", flush=True)


def _print_setup(folder: Path, *, workers: int) -> None:
    """Print the conditions of the run.

    Raises:
        BenchError: a program is missing, or the folder is in memory.
    """
    for name in ("nginx", "wrk"):
        find_program(name)
    process = subprocess.run([find_program("stat"), "-fc%T", folder], capture_output=True, text=True, check=True)
    file_system = process.stdout.strip()
    if file_system in _MEMORY_FILE_SYSTEMS:
        raise BenchError(
            f"{folder.parent} is in memory ({file_system}), where fsync costs nothing: set TMPDIR to a disk"
        )
    print(f"{os.cpu_count()} cores shared with wrk, Python {platform.python_version()}, journal on {file_system}")
    print(
        f"{workers} worker(s) each, {DEFAULT_CONNECTIONS} keep-alive connections, {_TOKEN_COUNT:,} distinct tokens",
        flush=True,
    )


if __name__ == "__main__":
    typer.run(main)
