"""Measure every server with few and many connections, with and without keep-alive."""

import contextlib
import itertools
import shutil
from pathlib import Path
from typing import Final

from bench.load.cost import measure_usage
from bench.load.wrk import LoadProfile, run_load
from bench.programs import BenchError
from bench.redirect.php import format_fastcgi_directives, php_fpm
from bench.redirect.servers import DATA_FOLDER, Server, caddy, edge, flask, nginx, no_op, uvicorn
from clicktrail import keyring_file

_CONNECTION_COUNTS: Final = (1, 8, 64, 512)
_WARM_UP_S: Final = 2


def measure_all(folder: Path, tokens_file: Path, *, seconds: int, workers: int, location: str) -> None:
    """Measure one server after the other, each with every number of connections."""
    durable, asynchronous, behind_caddy = (_copy_key_ring(folder, name) for name in ("durable", "async", "caddy"))
    directives = f'return 302 "{location}";'
    _measure_server("nginx", nginx(folder, workers=workers, directives=directives), tokens_file, seconds=seconds)
    _measure_server("durable", edge(durable, workers=workers), tokens_file, seconds=seconds)
    _measure_server("async", edge(asynchronous, workers=workers, durability="async"), tokens_file, seconds=seconds)
    _measure_server("no token", no_op(folder), tokens_file, seconds=seconds)
    _measure_server("uvicorn", uvicorn(folder, workers=workers), tokens_file, seconds=seconds)
    _measure_server("flask", flask(folder, workers=workers), tokens_file, seconds=seconds)
    try:
        with php_fpm(folder, location=location) as php:
            front = nginx(folder, workers=workers, directives=format_fastcgi_directives(folder, port=php.port))
            _measure_server("php", front, tokens_file, seconds=seconds, backend_pid=php.pid)
    except BenchError as error:
        print(f"{'php':8} not measured: {error}", flush=True)
    with edge(behind_caddy, workers=workers) as upstream:
        _measure_server(
            "caddy", caddy(folder, upstream=upstream.port), tokens_file, seconds=seconds, backend_pid=upstream.pid
        )


def _copy_key_ring(folder: Path, name: str) -> Path:
    """Create the folder of another edge with the same key ring."""
    edge_folder = folder / name
    (edge_folder / DATA_FOLDER).mkdir(parents=True)
    shutil.copy2(folder / DATA_FOLDER / keyring_file.FILE_NAME, edge_folder / DATA_FOLDER)
    return edge_folder


def _measure_server(
    name: str,
    server_context: contextlib.AbstractContextManager[Server],
    tokens_file: Path,
    *,
    seconds: int,
    backend_pid: int = 0,
) -> None:
    """Measure one server; the processor time of ``backend_pid`` is added to the server's."""
    with server_context as server:
        run_load(server.url, tokens_file, duration_s=_WARM_UP_S)
        for connections, keep_alive in itertools.product(_CONNECTION_COUNTS, (True, False)):
            label = "kept" if keep_alive else "new "
            cpu_before = [measure_usage(pid).cpu_s for pid in (server.pid, backend_pid) if pid]
            try:
                result = run_load(
                    server.url,
                    tokens_file,
                    duration_s=seconds,
                    profile=LoadProfile(connections=connections, keep_alive=keep_alive),
                )
            except BenchError as error:
                print(f"{name:8} {connections:4} {label}  {error}", flush=True)
                continue
            usage = [measure_usage(pid) for pid in (server.pid, backend_pid) if pid]
            cpu_us = (sum(process.cpu_s for process in usage) - sum(cpu_before)) / result.requests * 1e6
            memory_mb = sum(process.resident_bytes for process in usage) / 1e6
            p50, p99 = result.p50_us / 1000, result.p99_us / 1000
            speed = f"{result.requests_per_s:8,.0f} req/s   p50 {p50:6.2f} ms   p99 {p99:6.2f} ms"
            costs = f"{cpu_us:6.1f} µs of processor each   {memory_mb:4.0f} MB"
            print(f"{name:8} {connections:4} {label}  {speed}   {costs}", flush=True)
