"""Kill processes under load, and compare the answered clicks with those in the reports.

In each round every link of a campaign is requested once, and processes are killed by SIGKILL at a random moment: mostly
a worker, in one round of twenty the engine, and in another one everything. A request whose connection breaks counts as
unanswered and is not repeated. Every answered click must be in the report exactly once.
"""

import asyncio
import contextlib
import json
import secrets
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import quote

import typer

from bench.programs import BenchError, find_first_error
from bench.torture.crash_targets import CrashTargets, running_targets
from clicktrail.tokens import KeyRing, SealedLink, seal_token

_WORKER_COUNT: Final = 2
_CLIENT_COUNT: Final = 16
_SENT_AT: Final = datetime(2026, 11, 23, 8, tzinfo=UTC)
_MAX_ENGINE_KILL_DELAY_MS: Final = 600
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


async def torture(folder: Path, *, rounds: int, clicks: int, durability: str = "durable") -> TortureResult:
    """Run rounds, print a line for each, and return the totals of the final reports.

    Args:
        folder: empty folder for all data.
        rounds: number of rounds.
        clicks: number of clicks in each round.
        durability: the setting ``journal.durability``.

    Raises:
        BenchError: a process did not start.
    """
    answered: dict[str, set[str]] = {}
    async with running_targets(folder, workers=_WORKER_COUNT, durability=durability) as targets:
        for number in range(1, rounds + 1):
            campaign = f"round-{number}"
            killed_names = _pick_targets(number, targets.process_names)
            answered[campaign] = await _click_and_kill(
                targets, _seal_paths(targets.ring, campaign, clicks), names=killed_names
            )
            result = _compare_counts(
                clicks, answered[campaign], await _wait_for_clicks(targets, campaign, answered[campaign])
            )
            print(f"round {number}: killed {', '.join(killed_names)}; {result}", flush=True)
        # The engine processes the whole journal before it stops; a new engine must not count anything again.
        await targets.stop()
        await targets.start(["engine"])
        total = TortureResult(clicks=0, answered=0, counted=0, lost=0, duplicated=0)
        for campaign, destinations in answered.items():
            total += _compare_counts(clicks, destinations, await _fetch_click_counts(targets, campaign))
    return total


def _pick_targets(number: int, names: list[str]) -> list[str]:
    *workers, engine = names
    match number % 20:
        case 2:
            return [engine]
        case 4:
            return names
        case _:
            return [secrets.choice(workers)]


def _seal_paths(ring: KeyRing, campaign: str, count: int) -> dict[str, str]:
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


async def _click_and_kill(targets: CrashTargets, paths: dict[str, str], *, names: list[str]) -> set[str]:
    """Request every link once, kill and restart processes meanwhile, and return the answered destinations."""
    remaining = list(paths.items())
    answered: set[str] = set()
    kill_now = asyncio.Event()
    kill_after = secrets.randbelow(len(paths))

    async def request_links() -> None:
        while remaining:
            # When the connection breaks, the current link is not requested again.
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                reader, writer = await asyncio.open_connection("127.0.0.1", targets.edge_port)
                try:
                    while remaining:
                        destination, path = remaining.pop()
                        if len(paths) - len(remaining) > kill_after:
                            kill_now.set()
                        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: reader\r\n\r\n".encode())
                        head = await reader.readuntil(b"\r\n\r\n")
                        if f"\r\nLocation: {destination}\r\n".encode() in head:
                            answered.add(destination)
                finally:
                    writer.close()

    async def kill_and_restart() -> None:
        await kill_now.wait()
        if names == ["engine"]:  # it processes clicks some tenths of a second after they were written
            await asyncio.sleep(secrets.randbelow(_MAX_ENGINE_KILL_DELAY_MS) / 1000)
        targets.kill(names)
        await targets.start(names)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(kill_and_restart())
        for _ in range(_CLIENT_COUNT):
            tasks.create_task(request_links())
    return answered


async def _wait_for_clicks(targets: CrashTargets, campaign: str, answered: set[str]) -> Counter[str]:
    """Wait until the report has all answered clicks, or until a time-out; return its clicks by destination."""
    counted = Counter[str]()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_REPORT_TIMEOUT_S):
            while not answered <= counted.keys():
                counted = await _fetch_click_counts(targets, campaign)
                await asyncio.sleep(_POLL_INTERVAL_S)
    return counted


async def _fetch_click_counts(targets: CrashTargets, campaign: str) -> Counter[str]:
    """Fetch a campaign's clicks by destination from the API."""
    reader, writer = await asyncio.open_connection("127.0.0.1", targets.console_port, limit=2**24)
    path = f"/api/campaign?name={quote(campaign)}"
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{targets.console_port}\r\nConnection: close\r\n\r\n".encode())
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    if not head.startswith(b"HTTP/1.1 200"):
        return Counter()
    return Counter({link["url"]: link["clicks"]["total"] for link in json.loads(body)["links"]})


def _compare_counts(clicks: int, answered: set[str], counted: Counter[str]) -> TortureResult:
    return TortureResult(
        clicks=clicks,
        answered=len(answered),
        counted=counted.total(),
        lost=len(answered - counted.keys()),
        duplicated=counted.total() - len(counted),
    )


def main(
    rounds: Annotated[int, typer.Argument(min=1, help="Number of rounds.")] = 20,
    clicks: Annotated[int, typer.Option(min=1, help="Number of clicks in each round.")] = 300,
    durability: Annotated[str, typer.Option(help="durable or async.")] = "durable",
) -> None:
    """Kill processes under load; no answered click may be lost or counted twice."""
    try:
        with tempfile.TemporaryDirectory(prefix="clicktrail-torture-") as folder:
            total = asyncio.run(torture(Path(folder), rounds=rounds, clicks=clicks, durability=durability))
    except* BenchError as group:
        sys.exit(f"torture: error: {find_first_error(group)}")
    print(f"rounds: {rounds:,}; {total}")
    sys.exit(bool(total.lost or total.duplicated))


if __name__ == "__main__":
    typer.run(main)
