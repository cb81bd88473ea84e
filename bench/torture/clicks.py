"""Follow links, and compare the answered clicks with those in the reports."""

import asyncio
import contextlib
import json
import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from bench.torture.crash_targets import CrashTargets
from clicktrail.tokens import KeyRing, SealedLink, seal_token

_CLIENT_COUNT: Final = 16
_SENT_AT: Final = datetime(2026, 11, 23, 8, tzinfo=UTC)
_REPORT_TIMEOUT_S: Final = 120.0
_POLL_INTERVAL_S: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class TortureResult:
    """Numbers of clicks of one or more rounds.

    Attributes:
        clicks: requested links.
        answered: requests answered with a redirect.
        counted: clicks in the reports.
        lost: answered clicks that are not in the reports.
        duplicated: clicks in the reports beyond one for each link.
    """

    clicks: int
    answered: int
    counted: int
    lost: int
    duplicated: int

    def __add__(self, other: "TortureResult") -> "TortureResult":
        return TortureResult(
            clicks=self.clicks + other.clicks,
            answered=self.answered + other.answered,
            counted=self.counted + other.counted,
            lost=self.lost + other.lost,
            duplicated=self.duplicated + other.duplicated,
        )

    def __str__(self) -> str:
        return (
            f"{self.clicks:,} clicks, {self.answered:,} answered, {self.counted:,} counted, "
            f"{self.lost:,} lost, {self.duplicated:,} duplicated"
        )


def seal_paths(ring: KeyRing, campaign: str, count: int) -> dict[str, str]:
    """Paths of tracking URLs by destination, each of another message."""
    links = [
        SealedLink(
            destination=f"https://shop.example/{campaign}/{number}",
            message_id=f"{campaign}-{number}",
            recipient=f"reader-{number}@mail.example",
            campaign=campaign,
            position=0,
            link_count=1,
            sent_at=_SENT_AT,
        )
        for number in range(count)
    ]
    return {link.destination: f"/{seal_token(ring, link)}" for link in links}


async def follow_links(
    targets: CrashTargets, paths: dict[str, str], *, on_request: Callable[[int], object] = lambda _number: None
) -> set[str]:
    """Request every link once, and return the answered destinations.

    When a connection breaks, the current link counts as unanswered and is not requested again.

    Args:
        targets: running processes.
        paths: paths of tracking URLs by destination.
        on_request: called with the number of links requested so far, before each request.
    """
    remaining = list(paths.items())
    answered: set[str] = set()

    async def request_links() -> None:
        while remaining:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                reader, writer = await asyncio.open_connection("127.0.0.1", targets.edge_port)
                try:
                    while remaining:
                        destination, path = remaining.pop()
                        on_request(len(paths) - len(remaining))
                        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: reader\r\n\r\n".encode())
                        head = await reader.readuntil(b"\r\n\r\n")
                        if f"\r\nLocation: {destination}\r\n".encode() in head:
                            answered.add(destination)
                finally:
                    writer.close()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(_CLIENT_COUNT):
            tasks.create_task(request_links())
    return answered


class Moments:
    """Random moments while links are followed, in order.

    Args:
        link_count: number of links.
        count: number of moments.
    """

    def __init__(self, link_count: int, count: int) -> None:
        self._thresholds = sorted(secrets.randbelow(link_count) for _ in range(count))
        self._events = [asyncio.Event() for _ in range(count)]

    def count_request(self, number: int) -> None:
        """Take note of a request. An argument of `follow_links`."""
        for threshold, event in zip(self._thresholds, self._events, strict=True):
            if number > threshold:
                event.set()

    async def wait(self, index: int) -> None:
        """Wait for a moment."""
        await self._events[index].wait()


async def wait_for_clicks(targets: CrashTargets, campaign: str, answered: set[str]) -> Counter[str]:
    """Wait until the report has all answered clicks, or until a time-out; return its clicks by destination."""
    counted = Counter[str]()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_REPORT_TIMEOUT_S):
            while not answered <= counted.keys():
                counted = await fetch_click_counts(targets, campaign)
                await asyncio.sleep(_POLL_INTERVAL_S)
    return counted


async def fetch_click_counts(targets: CrashTargets, campaign: str) -> Counter[str]:
    """Fetch a campaign's clicks by destination from the API."""
    reader, writer = await asyncio.open_connection("127.0.0.1", targets.console_port, limit=2**24)
    path = f"/api/campaign?name={quote(campaign)}"
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{targets.console_port}\r\nConnection: close\r\n\r\n".encode())
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    if not head.startswith(b"HTTP/1.1 200"):
        return Counter()
    return Counter({link["url"]: link["clicks"]["total"] for link in json.loads(body)["links"]})


def compare_counts(clicks: int, answered: set[str], counted: Counter[str]) -> TortureResult:
    return TortureResult(
        clicks=clicks,
        answered=len(answered),
        counted=counted.total(),
        lost=len(answered - counted.keys()),
        duplicated=counted.total() - len(counted),
    )


async def compare_final_counts(
    targets: CrashTargets, answered: Mapping[str, set[str]], *, clicks: int
) -> TortureResult:
    """Restart the engine, and compare the final report of each campaign with its answered destinations.

    The engine processes the whole journal before it stops; a new engine must not count anything again.
    """
    await targets.stop()
    await targets.start(["engine"])
    total = TortureResult(clicks=0, answered=0, counted=0, lost=0, duplicated=0)
    for campaign, destinations in answered.items():
        total += compare_counts(clicks, destinations, await fetch_click_counts(targets, campaign))
    return total
