"""How fast messages get their tracking URLs: ours and others on the same messages, in one run.

The contenders take turns in rounds, because the machine itself is not the same from one minute to the next. What is
counted is processor time; each of them is one thread. A run counts only if each replaces as many links as there are.
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
_MESSAGE_COUNT: Final = 400  # of which no two have a link in common: more than what ours keeps in mind
_OURS: Final = ("one-off", "eml, base64", "eml, quoted")
_REPEATED_ONE_OFF: Final = "one-off, again"


def main(
    seconds: Annotated[float, typer.Option(min=0.01, help="Processor time of a round of one contender.")] = 0.5,
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
    """Measure messages of one size, in bytes; gives the ratios, as lines."""
    html = sample_mail.build_html(size)
    links = html.count("<a ")
    print(f"\n{len(html):,} bytes, {links} links")
    contenders = _build_contenders(html, size)
    speed = _measure_speeds(contenders, seconds=seconds, links=links)
    for name, per_second in speed.items():
        print(f"{name:16} {per_second:10,.0f} messages/s {per_second * len(html) / 1e6:8,.0f} MB/s", flush=True)
    for name in _OURS:
        print(f"{name:16} {_measure_memory(contenders[name]):10.2f} times its result in memory, at most")
    compared = {name: per_second / speed["pytracking"] for name, per_second in speed.items() if name != "pytracking"}
    return [f"{size // 1000} kB: {name} / pytracking = {ratio:.1f}" for name, ratio in compared.items()]


def _build_contenders(html: str, size: int) -> Mapping[str, Callable[[], bytes | str]]:
    """What is measured, by name; each call makes one message."""
    base64, quoted = (sample_mail.build_eml(size, transfer_encoding=name) for name in ("base64", "quoted-printable"))
    return {
        **{name: _rewrite_distinct(rewrite, size) for name, rewrite in REWRITERS.items()},
        _REPEATED_ONE_OFF: functools.partial(rewrite_with_clicktrail, html),
        "eml, base64": lambda: TRACKER.rewrite_message(base64, METADATA).raw,
        "eml, quoted": lambda: TRACKER.rewrite_message(quoted, METADATA).raw,
        "compiled": _render_campaign(html),
    }


def _rewrite_distinct(rewrite: Callable[[str], str], size: int) -> Callable[[], str]:
    """A rewriter that gets another message each time."""
    messages = itertools.cycle(
        [sample_mail.build_html(size, message_number=number) for number in range(_MESSAGE_COUNT)]
    )
    return lambda: rewrite(next(messages))


def _render_campaign(html: str) -> Callable[[], str]:
    """A compiled campaign: one token a recipient, a constant end a link."""
    campaign = TRACKER.compile(html=html, campaign=METADATA.campaign)
    return lambda: campaign.render(METADATA, link_set_id=1).html


def _measure_speeds(
    contenders: Mapping[str, Callable[[], bytes | str]], *, seconds: float, links: int
) -> dict[str, float]:
    """Messages a second of each, the median of rounds."""
    for name, make in contenders.items():
        made = make()
        if isinstance(made, str) and made.count(DOMAIN) != links:
            raise BenchError(f"{name} replaced {made.count(DOMAIN)} of {links} links")
    rounds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(_ROUNDS):
        for name, make in contenders.items():
            rounds[name].append(_measure_rate(make, seconds))
    return {name: median(speeds) for name, speeds in rounds.items()}


def _measure_rate(make: Callable[[], object], seconds: float) -> float:
    made, start = 0, time.process_time()
    end = start + seconds
    while (now := time.process_time()) < end or not made:
        make()
        made += 1
    return made / (now - start)


def _measure_memory(make: Callable[[], bytes | str]) -> float:
    """What making a message takes at its worst moment, its result included, in sizes of that."""
    tracemalloc.start()
    made = make()
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return taken / len(made)


if __name__ == "__main__":
    typer.run(main)
