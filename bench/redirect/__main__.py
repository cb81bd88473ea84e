"""Compare redirects by the edge, with every click durable before its response, with two other servers.

nginx records nothing; the limit server is a durable edge in C. All get the same requests in alternating rounds, because
the speed of the machine changes from one minute to the next, and each result is the median of the rounds' ratios.
A run is valid only if the servers redirect correctly, and if the journals have every answered click after a SIGKILL.
"""

import asyncio
import contextlib
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Annotated, Final, NamedTuple

import typer

from bench.load.cost import measure_usage
from bench.load.wrk import DEFAULT_CONNECTIONS, LoadProfile, LoadResult, run_load
from bench.programs import BenchError, find_program
from bench.redirect.clicks import count_recorded_clicks, expect_redirect, seal_destinations
from bench.redirect.matrix import measure_all
from bench.redirect.servers import DATA_FOLDER, LIMIT_FOLDER, Server, caddy, edge, limit, nginx
from clicktrail import keyring_file
from clicktrail.tokens import KeyRing

_TOKEN_COUNT: Final = 10_000
_ROUNDS: Final = 5
_HALF_LOAD_CONNECTIONS: Final = 512
"""Connections for the round at half of the edge's speed; most of them pause at any time."""
_FULL_LOAD: Final = LoadProfile()
_WARM_UP_S: Final = 2
_BUSY_P50_MS: Final = 2.0
"""An idle machine answers in less than a millisecond at half load. Where other processes want the cores, a process that
has waited for its disk waits for them too: 1 to 4 ms, a tick of the kernel's scheduler, or several."""
_MEMORY_FILE_SYSTEMS: Final = {"tmpfs", "ramfs"}


class _Round(NamedTuple):
    load: LoadResult
    cpu_us: float  # of the server's processes, for each request


def main(
    seconds: Annotated[int, typer.Option(min=1, help="Length of a round.")] = 5,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes of nginx and of the edge.")] = 1,
    *,
    full: Annotated[bool, typer.Option("--full", help="Measure other servers too, with 1 to 512 connections.")] = False,
) -> None:
    """Compare the durable edge with nginx, and with the limit of a durable redirect."""
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
    answered = {"durable": 0, "limit": 0, "nginx": 0}
    with contextlib.ExitStack() as stack:
        servers = {
            "nginx": stack.enter_context(nginx(folder, workers=workers, directives=f'return 302 "{location}";')),
            "durable": stack.enter_context(edge(folder, workers=workers)),
        }
        limit_problem = _start_limit_server(servers, stack, folder, ring, workers=workers)
        for name, server in servers.items():
            expect_redirect(server.port, token, location=location)
            answered[name] = 1 + run_load(server.url, tokens_file, duration_s=_WARM_UP_S).requests
        rounds = _run_rounds(servers, tokens_file, seconds=seconds)
        for name, measured in rounds.items():
            answered[name] += sum(one.load.requests for one in measured)
        peak = median(one.load.requests_per_s for one in rounds["durable"])
        profile = LoadProfile(connections=_HALF_LOAD_CONNECTIONS, requests_per_s=peak / 2)
        half = _measure(servers["durable"], tokens_file, seconds=seconds, profile=profile)
        _print_medians("half", "durable", [half])
        answered["durable"] += half.load.requests + _measure_behind_caddy(
            folder, servers["durable"], tokens_file, seconds=seconds
        )
    _check_journal("edge", folder / DATA_FOLDER / "journal", answered["durable"])
    if not limit_problem:
        _check_journal("limit server", folder / LIMIT_FOLDER / "journal", answered["limit"])
    if full:
        measure_all(folder, tokens_file, seconds=seconds, workers=workers, location=location)
    if half.load.p50_us / 1000 > _BUSY_P50_MS:
        print(
            f"busy: at half load half of the clicks wait {half.load.p50_us / 1000:.1f} ms; trust processor times only"
        )
    print(f"processor / nginx = {_compare((one.cpu_us for one in rounds[name]) for name in ('durable', 'nginx')):.1f}")
    print(f"durable / limit = {limit_problem or format(_compare_speed(rounds, 'limit'), '.2f')}")
    print(f"durable / nginx = {_compare_speed(rounds, 'nginx'):.2f}")


def _start_limit_server(
    servers: dict[str, Server], stack: contextlib.ExitStack, folder: Path, ring: KeyRing, *, workers: int
) -> str:
    """Start the limit server, if it can run here; otherwise return why it was not measured."""
    if workers > 1:
        return "not measured: the limit server has one process"
    try:
        servers["limit"] = stack.enter_context(limit(folder, ring))
    except BenchError as error:
        return f"not measured: {error}"
    return ""


def _run_rounds(servers: dict[str, Server], tokens_file: Path, *, seconds: int) -> dict[str, list[_Round]]:
    rounds: dict[str, list[_Round]] = {name: [] for name in servers}
    for number in range(1, _ROUNDS + 1):
        for name, server in servers.items():
            rounds[name].append(_measure(server, tokens_file, seconds=seconds))
            _print_medians(f"round {number}", name, rounds[name][-1:])
    for name, measured in rounds.items():
        _print_medians("median", name, measured)
    return rounds


def _measure(
    server: Server, tokens_file: Path, *, seconds: int, profile: LoadProfile = _FULL_LOAD, url: str = ""
) -> _Round:
    cpu_before_s = measure_usage(server.pid).cpu_s
    load = run_load(url or server.url, tokens_file, duration_s=seconds, profile=profile)
    return _Round(load, (measure_usage(server.pid).cpu_s - cpu_before_s) / load.requests * 1e6)


def _measure_behind_caddy(folder: Path, server: Server, tokens_file: Path, *, seconds: int) -> int:
    """Measure the edge behind Caddy, which keeps its connections open. Returns the number of answered clicks."""
    try:
        with caddy(folder, upstream=server.port) as proxy:
            warm_up = run_load(proxy.url, tokens_file, duration_s=_WARM_UP_S)
            measured = _measure(server, tokens_file, seconds=seconds, url=proxy.url)
    except BenchError as error:
        print(f"{'caddy':8} not measured: {error}", flush=True)
        return 0
    _print_medians("caddy", "durable", [measured])
    return warm_up.requests + measured.load.requests


def _compare_speed(rounds: dict[str, list[_Round]], name: str) -> float:
    return _compare((one.load.requests_per_s for one in rounds[server]) for server in ("durable", name))


def _compare(values: Iterable[Iterable[float]]) -> float:
    """Median of the ratios of two servers' values in the same round."""
    return float(median(one / other for one, other in zip(*values, strict=True)))


def _print_medians(label: str, name: str, rounds: list[_Round]) -> None:
    per_second, cpu_us = median(one.load.requests_per_s for one in rounds), median(one.cpu_us for one in rounds)
    p50, p99 = median(one.load.p50_us for one in rounds) / 1000, median(one.load.p99_us for one in rounds) / 1000
    speed = f"{per_second:8,.0f} req/s   p50 {p50:6.2f} ms   p99 {p99:6.2f} ms"
    print(f"{label:8} {name:8} {speed}   {cpu_us:6.1f} µs of processor each", flush=True)


def _check_journal(name: str, journal: Path, answered: int) -> None:
    """Compare a journal with the number of answered clicks.

    Raises:
        BenchError: it has fewer.
    """
    recorded = asyncio.run(count_recorded_clicks(journal, journal.with_name("cursor")))
    if recorded < answered:
        raise BenchError(
            f"the {name} answered {answered:,} clicks, and {answered - recorded:,} of them are not in its journal"
        )
    print(f"journal of the {name} after SIGKILL: {recorded:,} clicks, {answered:,} of them answered")


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
