"""Compare the edge's two lanes in one process, without network and disk, as the fastest of many short rounds.

python -m bench.redirect.lanes
"""

import asyncio
import itertools
from time import perf_counter
from typing import Final

from bench.load.requests import encode_browser_request
from bench.redirect.clicks import seal_destinations
from bench.redirect.no_op_server import NullJournal
from clicktrail.server.edge.connection import Connection, OpenConnections
from clicktrail.server.edge.quick_lane import QuickLane
from clicktrail.server.system import RandomIds, SystemClock
from tests.support.edge import RING, build_routes

_TOKEN_COUNT: Final = 2_000
_ROUNDS: Final = 400
_ROUND_REQUESTS: Final = 50
"""So few that most rounds end before another process gets the core."""


class _FullLane(QuickLane):
    def prepare(self, data: bytes, peer: str, *, https: bool) -> None:
        del data, peer, https


class _NullTransport(asyncio.Transport):
    def get_extra_info(self, name: str, default: object = None) -> object:
        return ("192.0.2.1", 50_000) if name == "peername" else default

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        del high, low

    def write(self, data: object) -> None:
        del data

    def is_reading(self) -> bool:
        return True


async def main() -> None:
    """Print the time of a click in each lane."""
    requests = [encode_browser_request(token) for token in seal_destinations(RING, _TOKEN_COUNT)]
    routes = build_routes(NullJournal())
    routes.clock, routes.ids = SystemClock(), RandomIds()
    fastest: dict[str, float] = {}
    connections = {}
    for name, lane in (("full lane", _FullLane(routes)), ("quick lane", QuickLane(routes))):
        connections[name] = Connection(routes, OpenConnections(), lane)
        connections[name].connection_made(_NullTransport())
    source = itertools.cycle(requests)
    for _, (name, connection) in itertools.product(range(_ROUNDS), connections.items()):
        batch = list(itertools.islice(source, _ROUND_REQUESTS))
        started_at = perf_counter()
        for request in batch:
            connection.data_received(request)
        fastest[name] = min(fastest.get(name, 1.0), (perf_counter() - started_at) / _ROUND_REQUESTS)
    for name, seconds in fastest.items():
        print(f"{name:10} {seconds * 1e6:6.1f} µs")
    print(f"quick / full = {fastest['quick lane'] / fastest['full lane']:.2f}")


if __name__ == "__main__":
    asyncio.run(main())
