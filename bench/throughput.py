"""Measure how many clicks per second are stored and reach the report, and with what delay.

``./dev bench throughput [--rate N] [--seconds N]``. One edge worker and the engine run as ``clicktrail serve`` runs
them. wrk requests links at a fixed rate, each of another message, and the overview page is loaded twice a second.

Two delays are printed. That of stored clicks is the age of the oldest click in the journal that is not stored yet,
looked up ten times a second. That of the report is the time in which the clicks that it lacks arrived.
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
from clicktrail.model.event import decode_event
from clicktrail.server.journal.reader import SegmentReader
from clicktrail.server.system import SystemClock
from clicktrail.tokens import KeyRing, SealedLink, seal_token

CAMPAIGN: Final = "autumn-2026"
CONNECTIONS: Final = 512
LINK_COUNT: Final = 12
MAX_TOKENS: Final = 1_200_000
"""wrk takes 1 kB of memory for each."""
POLL_INTERVAL_S: Final = 0.5
STORED_POLL_INTERVAL_S: Final = 0.1
REPORT_TIMEOUT_S: Final = 120.0
_CLICKS_CELL: Final = re.compile(rb'data-label="Clicks">([\d,]+)<')
SENT_AT: Final = datetime(2026, 11, 23, 8, tzinfo=UTC)


class ReportSample(NamedTuple):
    """Number of clicks in the report at a time in seconds since the start of the load."""

    at_s: float
    clicks: int


def generate_tokens(ring: KeyRing, count: int) -> Iterator[str]:
    """Generate tokens of one campaign, each of another message."""
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
    """Run the load, and wait until the report has all clicks.

    Raises:
        BenchError: a process did not start, a request failed, or the report never had all clicks.
    """
    async with running_targets(folder, workers=1, durability="durable") as targets:
        tokens_file = folder / "tokens"
        count = min(clicks_per_s * duration_s, MAX_TOKENS)
        tokens_file.write_text("".join(f"{token}\n" for token in generate_tokens(targets.ring, count)), "ascii")
        cpu_before = {name: measure_usage(targets.pid(name)).cpu_s for name in targets.process_names}
        started = time.monotonic()
        samples: list[ReportSample] = []
        stored_lags_s: list[float] = []
        async with asyncio.TaskGroup() as tasks:
            sampling = tasks.create_task(_sample_report(targets, samples, started))
            sampling_stored = tasks.create_task(_sample_stored(targets, stored_lags_s))
            load = await asyncio.to_thread(
                run_load,
                f"http://127.0.0.1:{targets.edge_port}",
                tokens_file,
                duration_s=duration_s,
                profile=LoadProfile(connections=CONNECTIONS, requests_per_s=clicks_per_s),
            )
            ended_s = time.monotonic() - started
            sampling_stored.cancel()
            await _wait_for_clicks(samples, load.requests)
            sampling.cancel()
        print(f"{load.requests:,} clicks, {load.requests_per_s:,.0f} a second, p99 {load.p99_us / 1e3:.0f} ms")
        stored_lags_s.sort()
        p99_s = stored_lags_s[int(0.99 * len(stored_lags_s))]
        print(f"stored clicks were at most {stored_lags_s[-1]:.2f} s behind, p99 {p99_s:.2f} s")
        _print_report_lag(load, samples, ended_s=ended_s)
        for name, cpu_s in cpu_before.items():
            click_us = (measure_usage(targets.pid(name)).cpu_s - cpu_s) / load.requests * 1e6
            print(f"a click cost {name} {click_us:.0f} µs of processor time")


def _print_report_lag(load: LoadResult, samples: list[ReportSample], *, ended_s: float) -> None:
    # The report is behind by the time in which its missing clicks arrived.
    lags = [
        (sample.at_s, sample.at_s - sample.clicks / load.requests_per_s) for sample in samples if sample.at_s <= ended_s
    ]
    first_half = [lag for at_s, lag in lags if at_s <= ended_s / 2]
    complete_s = next(sample.at_s for sample in samples if sample.clicks >= load.requests) - ended_s
    max_lag = max(lag for _, lag in lags)
    print(f"the report was at most {max_lag:.1f} s behind, and {max(first_half):.1f} s in the first half")
    print(f"it had every click {max(0.0, complete_s):.1f} s after the last")


async def _sample_stored(targets: CrashTargets, lags_s: list[float]) -> None:
    while True:
        entries = await SegmentReader(targets.journal, targets.journal / "cursor.json").read(1)
        now = SystemClock().now()
        lags_s.append(max(((now - decode_event(entry.line).at).total_seconds() for entry in entries), default=0.0))
        await asyncio.sleep(STORED_POLL_INTERVAL_S)


async def _sample_report(targets: CrashTargets, samples: list[ReportSample], started: float) -> None:
    while True:
        at_s = time.monotonic() - started
        samples.append(ReportSample(at_s=at_s, clicks=await _fetch_click_count(targets)))
        await asyncio.sleep(POLL_INTERVAL_S)


async def _wait_for_clicks(samples: list[ReportSample], clicks: int) -> None:
    for _ in range(int(REPORT_TIMEOUT_S / POLL_INTERVAL_S)):
        if samples[-1].clicks >= clicks:
            return
        await asyncio.sleep(POLL_INTERVAL_S)
    raise BenchError(f"the report has {samples[-1].clicks:,} of {clicks:,} clicks")


async def _fetch_click_count(targets: CrashTargets) -> int:
    # The overview page, as a browser loads it.
    reader, writer = await asyncio.open_connection("127.0.0.1", targets.console_port)
    writer.write(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{targets.console_port}\r\nConnection: close\r\n\r\n".encode())
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    if not head.startswith(b"HTTP/1.1 200"):
        raise BenchError("the report could not be read")
    return sum(int(clicks.replace(b",", b"")) for clicks in _CLICKS_CELL.findall(body))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=int, default=2_000, help="clicks per second")
    parser.add_argument("--seconds", type=int, default=30)
    options = parser.parse_args()
    try:
        with TemporaryDirectory(prefix="clicktrail-throughput-") as folder:
            asyncio.run(measure(Path(folder), clicks_per_s=options.rate, duration_s=options.seconds))
    except* BenchError as group:
        sys.exit(f"throughput: error: {find_first_error(group)}")


if __name__ == "__main__":
    main()
