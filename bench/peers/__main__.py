"""Compare redirects that write each click into a database: the edge, YOURLS, and nginx, which writes nothing.

``./dev bench peers --yourls FOLDER``. YOURLS (https://github.com/YOURLS/YOURLS) is on neither PyPI, npm nor Debian:
FOLDER is a checkout. The bench needs Debian's php-fpm, php-mysql, php-mbstring, php-xml, mariadb-server-core and
mariadb-client-core. All servers get the same number of links with the same destinations, in alternating rounds.
"""

import contextlib
import http.client
import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Annotated, Final, NamedTuple

import typer

from bench.charts.chart import Chart
from bench.charts.publish import publish
from bench.load.cost import measure_usage
from bench.load.wrk import run_load
from bench.peers.yourls import Yourls, yourls
from bench.programs import BenchError
from bench.redirect.clicks import seal_destinations
from bench.redirect.servers import DATA_FOLDER, Server, edge, nginx
from clicktrail import keyring_file

_LINK_COUNT: Final = 10_000
_ROUNDS: Final = 3
_WARM_UP_S: Final = 2
_PROCESSES: Final = ("web server", "PHP", "database")
_FLUSH_LOG: Final = {"YOURLS, durable": 1, "YOURLS, sync once a second": 2}


class Peer(NamedTuple):
    """A server under test.

    Attributes:
        server: takes the requests.
        paths: file with the paths to request.
        pids: main processes, by what they are.
    """

    server: Server
    paths: Path
    pids: Mapping[str, int]


def main(
    source: Annotated[Path, typer.Option("--yourls", exists=True, file_okay=False, help="A checkout of YOURLS.")],
    seconds: Annotated[int, typer.Option(min=1, help="Length of a round.")] = 5,
) -> None:
    """Compare redirects that write each click into a database."""
    try:
        with TemporaryDirectory(prefix="clicktrail-peers-") as folder:
            charts = _compare(Path(folder), source, seconds=seconds)
            publish(charts, command=f"./dev bench peers --yourls FOLDER --seconds {seconds}")
    except BenchError as error:
        sys.exit(f"peers: error: {error}")


def _compare(folder: Path, source: Path, *, seconds: int) -> list[Chart]:
    ring = keyring_file.load_or_create(folder / DATA_FOLDER / keyring_file.FILE_NAME, earlier_data_paths=[])
    destinations = seal_destinations(ring, _LINK_COUNT)
    links = [(f"{number:05}", destination) for number, destination in enumerate(destinations.values())]
    tokens, keywords = folder / "tokens", folder / "keywords"
    tokens.write_text("".join(f"{token}\n" for token in destinations), "ascii")
    keywords.write_text("".join(f"{keyword}\n" for keyword, _ in links), "ascii")
    with contextlib.ExitStack() as stack:
        fixed = stack.enter_context(nginx(folder, workers=1, directives=f'return 302 "{links[0][1]}";'))
        own = stack.enter_context(edge(folder, workers=1))
        peers = {
            "nginx, return 302": Peer(fixed, tokens, {"web server": fixed.pid}),
            "clicktrail, durable": Peer(own, tokens, {"web server": own.pid}),
        }
        shorteners: dict[str, Yourls] = {}
        for name, flush_log_at_commit in _FLUSH_LOG.items():
            own_folder = folder / f"yourls-{flush_log_at_commit}"
            own_folder.mkdir()
            shortener = stack.enter_context(yourls(source, own_folder, links, flush_log_at_commit=flush_log_at_commit))
            shorteners[name] = shortener
            pids = [shortener.server.pid, shortener.php.pid, shortener.database.pid]
            peers[name] = Peer(shortener.server, keywords, dict(zip(_PROCESSES, pids, strict=True)))
        for peer in peers.values():
            _expect_redirect(peer, links[0][1])
        return _measure(peers, shorteners, seconds=seconds)


def _measure(peers: Mapping[str, Peer], shorteners: Mapping[str, Yourls], *, seconds: int) -> list[Chart]:
    for peer in peers.values():
        run_load(peer.server.url, peer.paths, duration_s=_WARM_UP_S)
    before = {name: shortener.count_clicks() for name, shortener in shorteners.items()}
    requests = dict.fromkeys(peers, 0)
    rates: dict[str, list[float]] = {name: [] for name in peers}
    cpu_s = {name: dict.fromkeys(peer.pids, 0.0) for name, peer in peers.items()}
    for _ in range(_ROUNDS):
        for name, peer in peers.items():
            started = {process: measure_usage(pid).cpu_s for process, pid in peer.pids.items()}
            result = run_load(peer.server.url, peer.paths, duration_s=seconds)
            for process, pid in peer.pids.items():
                cpu_s[name][process] += measure_usage(pid).cpu_s - started[process]
            requests[name] += result.requests
            rates[name].append(result.requests_per_s)
    for name, shortener in shorteners.items():
        print(f"{name}: {requests[name]:,} clicks answered, {shortener.count_clicks() - before[name]:,} logged")
    return [
        Chart(
            name="peers-processor",
            title="Processor time of a click",
            kind="bars",
            x_label="server",
            y_label="processor time per click, µs",
            categories=list(peers),
            series={
                process: [
                    cpu_s[name][process] / requests[name] * 1e6 if process in peer.pids else None
                    for name, peer in peers.items()
                ]
                for process in _PROCESSES
            },
        ),
        Chart(
            name="peers-requests",
            title="Clicks per second, on 64 keep-alive connections",
            kind="bars",
            x_label="server",
            y_label="clicks per second",
            categories=list(peers),
            series={"clicks per second": [median(rates[name]) for name in peers]},
        ),
    ]


def _expect_redirect(peer: Peer, location: str) -> None:
    path = peer.paths.read_text("ascii").partition("\n")[0]
    connection = http.client.HTTPConnection("127.0.0.1", peer.server.port, timeout=10)
    connection.request("GET", f"/{path}")
    response = connection.getresponse()
    connection.close()
    if response.status not in {301, 302} or response.headers["Location"] != location:
        raise BenchError(f"{path} was answered with {response.status} to {response.headers['Location']}")


if __name__ == "__main__":
    typer.run(main)
