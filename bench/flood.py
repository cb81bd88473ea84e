"""Measure how fast the engine processes a flood of clicks on one link, and how long it delays other clicks.

``./dev bench flood [--clicks N]``. The journal holds a flood of clicks on one message before the engine starts. While
the engine processes it, another message is clicked twice a second.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import msgspec

from bench.load.cost import measure_usage
from bench.programs import BenchError, find_first_error
from bench.torture.crash_targets import DATA_FOLDER, CrashTargets, running_targets
from clicktrail.model.event import Click, Sent, encode_event
from clicktrail.server.journal.writer import SegmentWriter
from clicktrail.server.system import SystemClock

FLOOD_CAMPAIGN: Final = "flooded"
OTHER_CAMPAIGN: Final = "other"
CLICKS_PER_S: Final = 2_000
CLICK_INTERVAL_S: Final = 0.5
POLL_INTERVAL_S: Final = 0.1
TIMEOUT_S: Final = 900.0
LINES_PER_FLUSH: Final = 1_000
HEADERS: Final = {
    "accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "accept-encoding": "gzip, deflate, br, zstd",
    "accept-language": "en-GB,en;q=0.9",
    "sec-fetch-dest": "document",
    "sec-fetch-mode": "navigate",
    "sec-fetch-site": "cross-site",
    "sec-fetch-user": "?1",
}
USER_AGENT: Final = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0"

SHAPES: Final[dict[str, Callable[[int], str]]] = {
    "one address": lambda _number: "86.128.0.9",
    "250 addresses": lambda number: f"86.128.0.{number % 250}",
    "100,000 addresses": lambda number: (
        f"86.{128 + number % 100_000 // 62_500}.{number % 62_500 // 250}.{number % 250}"
    ),
}
"""IP address of a click by its number."""


def generate_flood(count: int, get_address: Callable[[int], str], *, ended_at: datetime) -> Iterator[bytes]:
    """Generate the journal lines of a flood of clicks, and of the sent event of its message."""
    started_at = ended_at - timedelta(seconds=count / CLICKS_PER_S)
    sent_at = started_at - timedelta(hours=1)
    yield encode_event(
        Sent(id="sent", at=sent_at, campaign=FLOOD_CAMPAIGN, message_id="m1", recipient="ann@a.example", links=12)
    )
    for number in range(count):
        at = started_at + timedelta(seconds=number / CLICKS_PER_S)
        yield encode_event(make_click(f"f{number:07}", FLOOD_CAMPAIGN, at=at, ip=get_address(number)))


def make_click(click_id: str, campaign: str, *, at: datetime, ip: str) -> Click:
    """Make a click of a browser on the first link of the campaign's only message."""
    return Click(
        id=click_id,
        at=at,
        campaign=campaign,
        message_id="m1" if campaign == FLOOD_CAMPAIGN else "m2",
        recipient="ann@a.example" if campaign == FLOOD_CAMPAIGN else "bob@b.example",
        link=0,
        url="https://shop.example.com/collections/autumn?utm_source=email&utm_medium=newsletter",
        ip=ip,
        user_agent=USER_AGENT,
        headers=HEADERS,
        https=True,
        http_version="2",
    )


async def measure(folder: Path, shape: str, *, count: int) -> None:
    """Process a flood, and print its rate and the delays of other clicks.

    Raises:
        BenchError: the engine did not start, or not all clicks were counted in time.
    """
    journal = folder / DATA_FOLDER / "journal"
    async with running_targets(folder, workers=0, durability="durable") as targets:
        targets.kill(["engine"])
        with SegmentWriter(journal / "edge-0", asyncio.get_running_loop()) as writer:
            for number, line in enumerate(generate_flood(count, SHAPES[shape], ended_at=SystemClock().now())):
                writer.append(line, lambda _committed: None)
                if not number % LINES_PER_FLUSH:
                    writer.flush()
            writer.flush()
        await targets.start(["engine"])
        with SegmentWriter(journal / "edge-1", asyncio.get_running_loop()) as writer:
            result = await _wait_for_clicks(targets, writer, count)
        cpu_us = measure_usage(targets.pid("engine")).cpu_s / count * 1e6
    print(f"{shape}: {count:,} clicks, {count / result.duration_s:,.0f}/s, {cpu_us:.0f} µs of processor time each")
    median, longest = statistics.median(result.delays), max(result.delays)
    print(f"  delay of {len(result.delays)} other clicks: median {median:.1f} s, longest {longest:.1f} s")
    print(f"  longest response of the console: {result.longest_response_s:.1f} s")


class FloodResult(NamedTuple):
    """How long a flood took, and how long other clicks and the console took meanwhile, in seconds."""

    duration_s: float
    delays: list[float]
    longest_response_s: float


async def _wait_for_clicks(targets: CrashTargets, writer: SegmentWriter, count: int) -> FloodResult:
    """Click on another message until the flood is counted."""
    started_at = time.monotonic()
    clicked_at: list[float] = []
    delays: list[float] = []
    longest_response_s = 0.0
    while await _fetch_click_count(targets, FLOOD_CAMPAIGN) < count:
        now = time.monotonic()
        if now - started_at > TIMEOUT_S:
            raise BenchError(f"fewer than {count:,} clicks were counted")
        if now >= started_at + len(clicked_at) * CLICK_INTERVAL_S:
            click_id, ip = f"o{len(clicked_at)}", f"81.2.69.{len(clicked_at) % 250}"
            click = make_click(click_id, OTHER_CAMPAIGN, at=SystemClock().now(), ip=ip)
            writer.append(encode_event(click), lambda _committed: None)
            writer.flush()
            clicked_at.append(now)
        asked_at = time.monotonic()
        counted = await _fetch_click_count(targets, OTHER_CAMPAIGN)
        longest_response_s = max(longest_response_s, time.monotonic() - asked_at)
        delays += (time.monotonic() - clicked for clicked in clicked_at[len(delays) : counted])
        await asyncio.sleep(POLL_INTERVAL_S)
    return FloodResult(time.monotonic() - started_at, delays, longest_response_s)


class _Clicks(msgspec.Struct):
    total: int


class _Campaign(msgspec.Struct):
    clicks: _Clicks


async def _fetch_click_count(targets: CrashTargets, campaign: str) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", targets.console_port)
    writer.write(
        f"GET /api/campaign?name={campaign} HTTP/1.1\r\nHost: 127.0.0.1:{targets.console_port}\r\n"
        "Connection: close\r\n\r\n".encode()
    )
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    if not head.startswith(b"HTTP/1.1 200"):
        return 0
    return msgspec.json.decode(body, type=_Campaign).clicks.total


async def _run(count: int) -> None:
    for shape in SHAPES:
        with TemporaryDirectory(prefix="clicktrail-flood-") as folder:
            await measure(Path(folder), shape, count=count)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clicks", type=int, default=200_000)
    try:
        asyncio.run(_run(parser.parse_args().clicks))
    except* BenchError as group:
        sys.exit(f"flood: error: {find_first_error(group)}")


if __name__ == "__main__":
    main()
