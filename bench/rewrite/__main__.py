"""Compare the speed of rewriting: clicktrail, pytracking and HTML parsers on the same messages.

The rewriters run in alternating rounds, because the speed of the machine changes from one minute to the next. Speed is
in processor time of one thread. A run is valid only if every rewriter replaces all links.
"""

import functools
import itertools
import platform
import sys
import time
import tracemalloc
from collections.abc import Callable, Mapping
from importlib.metadata import version
from statistics import median
from typing import Annotated, Final

import typer

from bench.programs import BenchError
from bench.rewrite import sample_mail
from bench.rewrite.rewriters import DOMAIN, METADATA, REWRITERS, TRACKER, rewrite_with_clicktrail

_SIZES_BYTES: Final = (20_000, 60_000, 110_000)
_ROUNDS: Final = 5
_MESSAGE_COUNT: Final = 400
"""Messages without common links; together they have more links than our cache holds."""
_OURS: Final = ("one-off", "eml, base64", "eml, quoted")
_REPEATED_ONE_OFF: Final = "one-off, again"


def main(
    seconds: Annotated[float, typer.Option(min=0.01, help="Processor time of each rewriter in a round.")] = 0.5,
) -> None:
    """Compare rewriters."""
    try:
        _compare_rewriters(seconds)
    except BenchError as error:
        sys.exit(f"bench: error: {error}")


def _compare_rewriters(seconds: float) -> None:
    print(f"one core, Python {platform.python_version()}, pytracking {version('pytracking')}, lxml {version('lxml')}")
    ratios = [line for size in _SIZES_BYTES for line in _measure_size(size, seconds)]
    print("", *ratios, sep="\n")


def _measure_size(size: int, seconds: float) -> list[str]:
    """Measure messages of one size in bytes; return the ratios as lines of text."""
    html = sample_mail.build_html(size)
    links = html.count("<a ")
    print(f"\n{len(html):,} bytes, {links} links")
    rewriters = _build_rewriters(html, size)
    speed = _measure_speeds(rewriters, seconds=seconds, links=links)
    for name, per_second in speed.items():
        print(f"{name:16} {per_second:10,.0f} messages/s {per_second * len(html) / 1e6:8,.0f} MB/s", flush=True)
    for name in _OURS:
        print(f"{name:16} {_measure_memory(rewriters[name]):10.2f} times the size of its result in memory at peak")
    ratios = {name: per_second / speed["pytracking"] for name, per_second in speed.items() if name != "pytracking"}
    return [f"{size // 1000} kB: {name} / pytracking = {ratio:.1f}" for name, ratio in ratios.items()]


def _build_rewriters(html: str, size: int) -> Mapping[str, Callable[[], bytes | str]]:
    """Return functions that rewrite one message on each call, by name."""
    base64, quoted = (sample_mail.build_eml(size, transfer_encoding=name) for name in ("base64", "quoted-printable"))
    return {
        **{name: _rewrite_distinct(rewrite, size) for name, rewrite in REWRITERS.items()},
        _REPEATED_ONE_OFF: functools.partial(rewrite_with_clicktrail, html),
        "eml, base64": lambda: TRACKER.rewrite_message(base64, METADATA).raw,
        "eml, quoted": lambda: TRACKER.rewrite_message(quoted, METADATA).raw,
        "compiled": _render_campaign(html),
    }


def _rewrite_distinct(rewrite: Callable[[str], str], size: int) -> Callable[[], str]:
    """Make a rewriter that rewrites another message on each call."""
    messages = itertools.cycle(
        [sample_mail.build_html(size, message_number=number) for number in range(_MESSAGE_COUNT)]
    )
    return lambda: rewrite(next(messages))


def _render_campaign(html: str) -> Callable[[], str]:
    campaign = TRACKER.compile(html=html, campaign=METADATA.campaign)
    return lambda: campaign.render(METADATA, link_set_id=1).html


def _measure_speeds(
    rewriters: Mapping[str, Callable[[], bytes | str]], *, seconds: float, links: int
) -> dict[str, float]:
    """Return the median messages per second of each rewriter."""
    for name, rewrite in rewriters.items():
        result = rewrite()
        if isinstance(result, str) and result.count(DOMAIN) != links:
            raise BenchError(f"{name} replaced {result.count(DOMAIN)} of {links} links")
    rounds: dict[str, list[float]] = {name: [] for name in rewriters}
    for _ in range(_ROUNDS):
        for name, rewrite in rewriters.items():
            rounds[name].append(_measure_rate(rewrite, seconds))
    return {name: median(speeds) for name, speeds in rounds.items()}


def _measure_rate(rewrite: Callable[[], object], seconds: float) -> float:
    count, start = 0, time.process_time()
    end = start + seconds
    while (now := time.process_time()) < end or not count:
        rewrite()
        count += 1
    return count / (now - start)


def _measure_memory(rewrite: Callable[[], bytes | str]) -> float:
    """Return the peak memory of rewriting a message, including the result, relative to the size of the result."""
    tracemalloc.start()
    result = rewrite()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / len(result)


if __name__ == "__main__":
    typer.run(main)
