"""Measure what a message costs the relay, with few and many connections."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.charts.chart import Chart
from bench.relay import RelayResult, measure

_CONNECTIONS: Final = (1.0, 8.0, 64.0)
_MESSAGES: Final = 1_280


async def measure_relay() -> list[Chart]:
    """Send messages on each number of connections, each time through a new relay.

    Raises:
        BenchError: the relay did not start, or refused a message.
    """
    results: list[RelayResult] = []
    for connections in _CONNECTIONS:
        with TemporaryDirectory(prefix="clicktrail-growth-") as folder:
            results.append(await measure(Path(folder), messages=_MESSAGES, connections=int(connections)))
    return [
        Chart(
            name="relay-processor",
            title="Processor time of the relay for a message of 60 kB with 30 links",
            kind="lines",
            x_label="connections",
            y_label="processor time per message, ms",
            categories=list(_CONNECTIONS),
            series={"relay, rewriting included": [result.cpu_s / result.messages * 1e3 for result in results]},
        ),
        Chart(
            name="relay-messages",
            title="Messages per second of one relay process, while client and next hop use the same two cores",
            kind="lines",
            x_label="connections",
            y_label="messages per second",
            categories=list(_CONNECTIONS),
            series={"relay": [result.messages / result.duration_s for result in results]},
        ),
    ]
