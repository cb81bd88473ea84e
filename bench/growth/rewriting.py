"""Measure what rewriting costs for messages of different sizes, with a link in every 2 kB."""

import time
from collections.abc import Callable
from itertools import cycle, product
from statistics import fmean, median
from typing import Final

from bench.charts.chart import Chart
from bench.programs import BenchError
from bench.rewrite import sample_mail
from bench.rewrite.rewriters import rewrite_with_clicktrail, rewrite_with_pytracking

_SIZES_KB: Final = (10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
_REWRITERS: Final[dict[str, Callable[[str], str]]] = {
    "clicktrail, one-off": rewrite_with_clicktrail,
    "pytracking": rewrite_with_pytracking,
}
_ROUNDS: Final = 7
_ROUND_S: Final = 0.3
_MIN_MESSAGES: Final = 4
_TOTAL_KB: Final = 20_000
"""Size of all messages of one size together: they have more links than the cache of links holds."""


def measure_rewriting() -> list[Chart]:
    """Measure the rewriters on messages of each size.

    All sizes alternate in each round, because the speed of the machine changes from one minute to the next.
    """
    messages = {size_kb: _build_messages(size_kb) for size_kb in _SIZES_KB}
    rounds: dict[tuple[str, float], list[float]] = {}
    for _ in range(_ROUNDS):
        for size_kb, (name, rewrite) in product(_SIZES_KB, _REWRITERS.items()):
            rounds.setdefault((name, size_kb), []).append(_measure(rewrite, messages[size_kb]))
    seconds_per_kb = {
        name: [median(rounds[name, size_kb]) / _mean_kb(messages[size_kb]) for size_kb in _SIZES_KB]
        for name in _REWRITERS
    }
    x_label = "size of the HTML body, kB"
    return [
        Chart(
            name="rewriting-message",
            title="Processor time of rewriting a message",
            kind="lines",
            x_label=x_label,
            y_label="processor time per message, ms",
            categories=list(_SIZES_KB),
            series={
                name: [cost * size_kb * 1e3 for cost, size_kb in zip(costs, _SIZES_KB, strict=True)]
                for name, costs in seconds_per_kb.items()
            },
        ),
        Chart(
            name="rewriting-kilobyte",
            title="Processor time of rewriting a kilobyte",
            kind="lines",
            x_label=x_label,
            y_label="processor time per kB, µs",
            categories=list(_SIZES_KB),
            series={name: [cost * 1e6 for cost in costs] for name, costs in seconds_per_kb.items()},
        ),
    ]


def _build_messages(size_kb: float) -> list[str]:
    count = max(_MIN_MESSAGES, int(_TOTAL_KB / size_kb))
    return [sample_mail.build_html(int(size_kb * 1000), message_number=number) for number in range(count)]


def _mean_kb(messages: list[str]) -> float:
    return fmean(map(len, messages)) / 1000


def _measure(rewrite: Callable[[str], str], messages: list[str]) -> float:
    """Processor time of one message in seconds."""
    started_s = time.process_time()
    for count, message in enumerate(cycle(messages), start=1):
        rewrite(message)
        if (cpu_s := time.process_time() - started_s) >= _ROUND_S:
            return cpu_s / count
    raise BenchError("there are no messages")
