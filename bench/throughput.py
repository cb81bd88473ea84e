"""How many clicks a second reach the report, and how late.

``python -m bench.throughput [--rate N] [--seconds N]``: one edge worker and the engine, as ``clicktrail serve`` runs
them, wrk that follows links at a rate, each of a message of its own, and somebody who looks at the overview twice a
second.
"""

import argparse
import asyncio
import re
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from bench.load.cost import measure_usage
from bench.load.wrk import LoadProfile, LoadResult, run_load
from bench.programs import BenchError, find_first_error
from bench.torture.crash_targets import CrashTargets, running_targets
from clicktrail.tokens import KeyRing, SealedLink, seal_token

CAMPAIGN: Final = "autumn-2026"
CONNECTIONS: Final = 512
LINK_COUNT: Final = 12
MAX_TOKENS: Final = 300_000
POLL_INTERVAL_S: Final = 0.5
REPORT_TIMEOUT_S: Final = 120.0
_CLICKS_CELL: Final = re.compile(rb'data-label="Clicks">([\d,]+)<')
SENT_AT: Final = datetime(2026, 11, 23, 8, tzinfo=UTC)


class ReportSample(NamedTuple):
    """What the report said.

    Attributes:
        at_s: when it was asked, seconds since the load began.
        clicks: in it.
    """

    at_s: float
    clicks: int


def generate_tokens(ring: KeyRing, count: int) -> Iterator[str]:
    """Tokens of as many messages of one campaign."""
    for number in range(count):
        yield seal_token(
            ring,
            SealedLink(
                destination=f"https://shop.example.com/collections/autumn/products/{number % LINK_COUNT:020}"
                "?utm_source=email&utm_medium=newsletter&utm_campaign=autumn-2026&utm_content=a",
                message_id=f"message-{number:012}",
                recipient=f"recipient-{number:06}@mail.example.com",
                campaign=CAMPAIGN,
                position=number % LINK_COUNT,
                link_count=LINK_COUNT,
                sent_at=SENT_AT,
            ),
        )


async def measure(folder: Path, *, clicks_per_s: int, duration_s: int) -> None:
    """Load, look on, and wait until the report has all of it.

    Raises:
        BenchError: somebody did not start, a request was not answered, or the report never had all clicks.
    """
    async with running_targets(folder, workers=1, durability="durable") as running:
        file = folder / "tokens"
        count = min(clicks_per_s * duration_s, MAX_TOKENS)
        file.write_text("".join(f"{token}\n" for token in generate_tokens(running.ring, count)), "ascii")
        before = {name: measure_usage(running.pid(name)).cpu_s for name in running.process_names}
        began = time.monotonic()
        looks: list[ReportSample] = []
        async with asyncio.TaskGroup() as tasks:
            looking = tasks.create_task(_sample_report(running, looks, began))
            loaded = await asyncio.to_thread(
                run_load,
                f"http://127.0.0.1:{running.edge_port}",
                file,
                duration_s=duration_s,
                profile=LoadProfile(connections=CONNECTIONS, requests_per_s=clicks_per_s),
            )
            ended_s = time.monotonic() - began
            await _wait_for_clicks(looks, loaded.requests)
            looking.cancel()
        _print_results(loaded, looks, ended_s=ended_s)
        for name, earlier in before.items():
            took_us = (measure_usage(running.pid(name)).cpu_s - earlier) / loaded.requests * 1e6
            print(f"a click cost {name} {took_us:.0f} µs of processor time")


def _print_results(loaded: LoadResult, samples: list[ReportSample], *, ended_s: float) -> None:
    """How late the report was: clicks that it lacked by how many of them came in a second."""
    lags = [(look.at_s, look.at_s - look.clicks / loaded.requests_per_s) for look in samples if look.at_s <= ended_s]
    half = [lag for at_s, lag in lags if at_s <= ended_s / 2]
    whole = next(look.at_s for look in samples if look.clicks >= loaded.requests) - ended_s
    print(f"{loaded.requests:,} clicks, {loaded.requests_per_s:,.0f} a second, p99 {loaded.p99_us / 1e3:.0f} ms")
    longest = max(lag for _, lag in lags)
    print(f"the report was {longest:.1f} s behind at most, in the first half {max(half):.1f} s")
    print(f"it had every click {max(0.0, whole):.1f} s after the last")


async def _sample_report(targets: CrashTargets, samples: list[ReportSample], began: float) -> None:
    while True:
        at_s = time.monotonic() - began
        samples.append(ReportSample(at_s=at_s, clicks=await _fetch_click_count(targets)))
        await asyncio.sleep(POLL_INTERVAL_S)


async def _wait_for_clicks(samples: list[ReportSample], clicks: int) -> None:
    for _ in range(int(REPORT_TIMEOUT_S / POLL_INTERVAL_S)):
        if samples[-1].clicks >= clicks:
            return
        await asyncio.sleep(POLL_INTERVAL_S)
    raise BenchError(f"the report has {samples[-1].clicks:,} of {clicks:,} clicks")


async def _fetch_click_count(targets: CrashTargets) -> int:
    """The campaign's clicks, as the console shows them."""
    incoming, outgoing = await asyncio.open_connection("127.0.0.1", targets.console_port)
    outgoing.write(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{targets.console_port}\r\nConnection: close\r\n\r\n".encode())
    head, _, body = (await incoming.read()).partition(b"\r\n\r\n")
    outgoing.close()
    if not head.startswith(b"HTTP/1.1 200"):
        raise BenchError("the report could not be read")
    return sum(int(clicks.replace(b",", b"")) for clicks in _CLICKS_CELL.findall(body))


def main() -> None:
    """Measure once."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=int, default=2_000, help="clicks a second")
    parser.add_argument("--seconds", type=int, default=30)
    wanted = parser.parse_args()
    try:
        with TemporaryDirectory(prefix="clicktrail-throughput-") as folder:
            asyncio.run(measure(Path(folder), clicks_per_s=wanted.rate, duration_s=wanted.seconds))
    except* BenchError as group:
        sys.exit(f"throughput: error: {find_first_error(group)}")


if __name__ == "__main__":
    main()
