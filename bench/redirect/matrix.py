"""Every server that the edge is compared to, with few and with many connections, kept and new ones."""

import contextlib
import itertools
import shutil
from pathlib import Path
from typing import Final

from bench.load.cost import cost
from bench.load.wrk import Clients, load
from bench.programs import BenchError
from bench.redirect.php import by_php, php
from bench.redirect.servers import DATA, Server, bare, caddy, edge, flask, nginx, uvicorn
from clicktrail import keyring_file

__all__ = ["measure_all"]

_CONNECTIONS: Final = (1, 8, 64, 512)
_WARM_UP_S: Final = 2


def measure_all(folder: Path, tokens: Path, *, seconds: int, workers: int, location: str) -> None:
    """One server after the other, so that none has another beside it: a round for each number of connections."""
    durable, relaxed, shielded = (_with_keys(folder, name) for name in ("durable", "async", "shielded"))
    pointing = f'return 302 "{location}";'
    _measure("nginx", nginx(folder, workers=workers, answer=pointing), tokens, seconds=seconds)
    _measure("durable", edge(durable, workers=workers), tokens, seconds=seconds)
    _measure("async", edge(relaxed, workers=workers, durability="async"), tokens, seconds=seconds)
    _measure("no token", bare(folder), tokens, seconds=seconds)
    _measure("uvicorn", uvicorn(folder, workers=workers), tokens, seconds=seconds)
    _measure("flask", flask(folder, workers=workers), tokens, seconds=seconds)
    try:
        with php(folder, location=location) as behind:
            asking = nginx(folder, workers=workers, answer=by_php(folder, port=behind.port))
            _measure("php", asking, tokens, seconds=seconds, also=behind.pid)
    except BenchError as error:
        print(f"{'php':8} not measured: {error}", flush=True)
    with edge(shielded, workers=workers) as behind:
        _measure("by caddy", caddy(folder, upstream=behind.port), tokens, seconds=seconds, also=behind.pid)


def _with_keys(folder: Path, name: str) -> Path:
    """A folder for another edge that opens the same tokens."""
    other = folder / name
    (other / DATA).mkdir(parents=True)
    shutil.copy2(folder / DATA / keyring_file.NAME, other / DATA)
    return other


def _measure(
    name: str, starting: contextlib.AbstractContextManager[Server], tokens: Path, *, seconds: int, also: int = 0
) -> None:
    """Load one server in every way; ``also`` is another process that its answers cost time."""
    with starting as server:
        load(server.url, tokens, seconds=_WARM_UP_S)
        for connections, kept in itertools.product(_CONNECTIONS, (True, False)):
            how = "kept" if kept else "new "
            before = [cost(pid).seconds for pid in (server.pid, also) if pid]
            try:
                measured = load(
                    server.url, tokens, seconds=seconds, clients=Clients(connections=connections, kept=kept)
                )
            except BenchError as error:
                print(f"{name:8} {connections:4} {how}  {error}", flush=True)
                continue
            after = [cost(pid) for pid in (server.pid, also) if pid]
            processor = (sum(each.seconds for each in after) - sum(before)) / measured.requests * 1e6
            memory = sum(each.memory for each in after) / 1e6
            p50, p99 = measured.p50_us / 1000, measured.p99_us / 1000
            speed = f"{measured.per_second:8,.0f} req/s   p50 {p50:6.2f} ms   p99 {p99:6.2f} ms"
            costs = f"{processor:6.1f} µs of processor each   {memory:4.0f} MB"
            print(f"{name:8} {connections:4} {how}  {speed}   {costs}", flush=True)
