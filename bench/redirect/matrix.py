"""Every server that the edge is compared to, with few and with many connections, kept and new ones."""

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

__all__ = ["measure_all"]

_CONNECTION_COUNTS: Final = (1, 8, 64, 512)
_WARM_UP_S: Final = 2


def measure_all(folder: Path, tokens: Path, *, seconds: int, workers: int, location: str) -> None:
    """One server after the other, so that none has another beside it: a round for each number of connections."""
    durable, relaxed, shielded = (_copy_key_ring(folder, name) for name in ("durable", "async", "shielded"))
    pointing = f'return 302 "{location}";'
    _measure_server("nginx", nginx(folder, workers=workers, directives=pointing), tokens, seconds=seconds)
    _measure_server("durable", edge(durable, workers=workers), tokens, seconds=seconds)
    _measure_server("async", edge(relaxed, workers=workers, durability="async"), tokens, seconds=seconds)
    _measure_server("no token", no_op(folder), tokens, seconds=seconds)
    _measure_server("uvicorn", uvicorn(folder, workers=workers), tokens, seconds=seconds)
    _measure_server("flask", flask(folder, workers=workers), tokens, seconds=seconds)
    try:
        with php_fpm(folder, location=location) as behind:
            asking = nginx(folder, workers=workers, directives=format_fastcgi_directives(folder, port=behind.port))
            _measure_server("php", asking, tokens, seconds=seconds, backend_pid=behind.pid)
    except BenchError as error:
        print(f"{'php':8} not measured: {error}", flush=True)
    with edge(shielded, workers=workers) as behind:
        _measure_server(
            "by caddy", caddy(folder, upstream=behind.port), tokens, seconds=seconds, backend_pid=behind.pid
        )


def _copy_key_ring(folder: Path, name: str) -> Path:
    """A folder for another edge that opens the same tokens."""
    other = folder / name
    (other / DATA_FOLDER).mkdir(parents=True)
    shutil.copy2(folder / DATA_FOLDER / keyring_file.FILE_NAME, other / DATA_FOLDER)
    return other


def _measure_server(
    name: str,
    server_context: contextlib.AbstractContextManager[Server],
    tokens: Path,
    *,
    seconds: int,
    backend_pid: int = 0,
) -> None:
    """Load one server in every way; ``backend_pid`` is another process that its answers cost time."""
    with server_context as server:
        run_load(server.url, tokens, duration_s=_WARM_UP_S)
        for connections, kept in itertools.product(_CONNECTION_COUNTS, (True, False)):
            how = "kept" if kept else "new "
            before = [measure_usage(pid).cpu_s for pid in (server.pid, backend_pid) if pid]
            try:
                measured = run_load(
                    server.url,
                    tokens,
                    duration_s=seconds,
                    profile=LoadProfile(connections=connections, keep_alive=kept),
                )
            except BenchError as error:
                print(f"{name:8} {connections:4} {how}  {error}", flush=True)
                continue
            after = [measure_usage(pid) for pid in (server.pid, backend_pid) if pid]
            processor = (sum(each.cpu_s for each in after) - sum(before)) / measured.requests * 1e6
            memory = sum(each.resident_bytes for each in after) / 1e6
            p50, p99 = measured.p50_us / 1000, measured.p99_us / 1000
            speed = f"{measured.requests_per_s:8,.0f} req/s   p50 {p50:6.2f} ms   p99 {p99:6.2f} ms"
            costs = f"{processor:6.1f} µs of processor each   {memory:4.0f} MB"
            print(f"{name:8} {connections:4} {how}  {speed}   {costs}", flush=True)
