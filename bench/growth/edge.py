"""Measure what a redirect costs with few and many keep-alive connections.

Beside the edge: nginx, which records nothing, and a durable server in C, if there is a gcc to compile it.
"""

import contextlib
from itertools import product
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from bench.charts.chart import Chart
from bench.load.cost import measure_usage
from bench.load.wrk import LoadProfile, run_load
from bench.programs import BenchError
from bench.redirect.clicks import seal_destinations
from bench.redirect.servers import DATA_FOLDER, edge, limit, nginx
from clicktrail import keyring_file

_CONNECTIONS: Final = (1.0, 8.0, 64.0, 512.0)
_TOKEN_COUNT: Final = 10_000
_ROUNDS: Final = 3
_SECONDS: Final = 3
_WARM_UP_S: Final = 2


def measure_edge() -> list[Chart]:
    """Measure all servers in alternating rounds, with each number of connections.

    Raises:
        BenchError: a server did not start, or a request failed.
    """
    cpu_us: dict[tuple[str, float], list[float]] = {}
    rates: dict[tuple[str, float], list[float]] = {}
    with TemporaryDirectory(prefix="clicktrail-growth-") as temporary, contextlib.ExitStack() as stack:
        folder = Path(temporary)
        ring = keyring_file.load_or_create(folder / DATA_FOLDER / keyring_file.FILE_NAME, earlier_data_paths=[])
        destinations = seal_destinations(ring, _TOKEN_COUNT)
        tokens_file = folder / "tokens"
        tokens_file.write_text("".join(f"{token}\n" for token in destinations), "ascii")
        directives = f'return 302 "{next(iter(destinations.values()))}";'
        servers = {
            "edge, durable": stack.enter_context(edge(folder, workers=1)),
            "nginx, return 302": stack.enter_context(nginx(folder, workers=1, directives=directives)),
        }
        try:
            servers["server in C, durable"] = stack.enter_context(limit(folder, ring))
        except BenchError as error:
            print(f"server in C not measured: {error}")
        for server in servers.values():
            run_load(server.url, tokens_file, duration_s=_WARM_UP_S)
        for _, connections, (name, server) in product(range(_ROUNDS), _CONNECTIONS, servers.items()):
            started_s = measure_usage(server.pid).cpu_s
            profile = LoadProfile(connections=int(connections))
            result = run_load(server.url, tokens_file, duration_s=_SECONDS, profile=profile)
            cpu_s = measure_usage(server.pid).cpu_s - started_s
            cpu_us.setdefault((name, connections), []).append(cpu_s / result.requests * 1e6)
            rates.setdefault((name, connections), []).append(result.requests_per_s)
    return [
        Chart(
            name="redirect-processor",
            title="Processor time of a redirect",
            kind="lines",
            x_label="keep-alive connections",
            y_label="processor time per redirect, µs",
            categories=list(_CONNECTIONS),
            series={name: [median(cpu_us[name, connections]) for connections in _CONNECTIONS] for name in servers},
        ),
        Chart(
            name="redirect-requests",
            title="Redirects per second of one worker, while wrk uses the other core",
            kind="lines",
            x_label="keep-alive connections",
            y_label="redirects per second",
            categories=list(_CONNECTIONS),
            series={name: [median(rates[name, connections]) for connections in _CONNECTIONS] for name in servers},
        ),
    ]
