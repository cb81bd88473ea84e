"""Kill what runs, again and again under load, and compare what readers were answered with what the reports count.

Each round has a campaign, a link for each click, and somebody who dies by SIGKILL at a random moment: a worker most of
the time, in two rounds of twenty the engine or all, since the engine takes seconds to start. Whoever's connection
breaks has no answer, and does not come back. Every click that was answered must be in the report, and none twice.
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

__all__ = ["TortureResult", "torture"]

_WORKER_COUNT: Final = 2
_CLIENT_COUNT: Final = 16
_SENT_AT: Final = datetime(2026, 11, 23, 8, tzinfo=UTC)
_MAX_ENGINE_KILL_DELAY_MS: Final = 600
_REPORT_TIMEOUT_S: Final = 30.0
_POLL_INTERVAL_S: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class TortureResult:
    """What became of the clicks of a round, or of all rounds.

    Attributes:
        clicks: links that were followed.
        answered: redirects that arrived.
        counted: clicks in the reports, of links that are counted once or more often.
        lost: answered, and not in the reports.
        duplicated: clicks in the reports beyond one a link.
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
            f"{self.lost:,} lost, {self.duplicated:,} doubled"
        )


async def torture(folder: Path, *, rounds: int, clicks: int, durability: str = "durable") -> TortureResult:
    """Do some rounds with the data in a folder; print a line for each. What the rounds counted is read at the end.

    Args:
        folder: empty.
        rounds: how many.
        clicks: in each of them.
        durability: as in the settings.

    Raises:
        BenchError: somebody did not start again, or the reports did not show what was answered.
    """
    answered: dict[str, set[str]] = {}
    async with running_targets(folder, workers=_WORKER_COUNT, durability=durability) as running:
        for number in range(1, rounds + 1):
            campaign = f"round-{number}"
            dying = _pick_targets(number, running.process_names)
            answered[campaign] = await _click_and_kill(
                running, _seal_paths(running.ring, campaign, clicks), names=dying
            )
            outcome = _compare_counts(
                clicks, answered[campaign], await _wait_for_clicks(running, campaign, answered[campaign])
            )
            print(f"round {number}: killed {', '.join(dying)}; {outcome}", flush=True)
        # The engine reads all that was written before it stops; the next one may count no more than it did.
        await running.stop()
        await running.start(["engine"])
        total = TortureResult(clicks=0, answered=0, counted=0, lost=0, duplicated=0)
        for campaign, arrived in answered.items():
            total += _compare_counts(clicks, arrived, await _fetch_click_counts(running, campaign))
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
    """The paths of tracking URLs by their destinations, each of a message of its own."""
    sealed = [
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
    return {each.destination: f"/{seal_token(ring, each)}" for each in sealed}


async def _click_and_kill(targets: CrashTargets, paths: dict[str, str], *, names: list[str]) -> set[str]:
    """Follow every link once, kill in the middle and start again; the destinations that were answered."""
    waiting = list(paths.items())
    answered: set[str] = set()
    moment = asyncio.Event()
    after = secrets.randbelow(len(paths))

    async def reader() -> None:
        while waiting:
            # A broken connection is an answer that does not come; the link that was asked for is not tried again.
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                incoming, outgoing = await asyncio.open_connection("127.0.0.1", targets.edge_port)
                try:
                    while waiting:
                        destination, path = waiting.pop()
                        if len(paths) - len(waiting) > after:
                            moment.set()
                        outgoing.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: reader\r\n\r\n".encode())
                        head = await incoming.readuntil(b"\r\n\r\n")
                        if f"\r\nLocation: {destination}\r\n".encode() in head:
                            answered.add(destination)
                finally:
                    outgoing.close()

    async def killer() -> None:
        await moment.wait()
        if names == ["engine"]:  # it reads what was written some tenths of a second before
            await asyncio.sleep(secrets.randbelow(_MAX_ENGINE_KILL_DELAY_MS) / 1000)
        targets.kill(names)
        await targets.start(names)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(killer())
        for _ in range(_CLIENT_COUNT):
            tasks.create_task(reader())
    return answered


async def _wait_for_clicks(targets: CrashTargets, campaign: str, answered: set[str]) -> Counter[str]:
    """A campaign's clicks once all that were answered are among them; whatever they are after half a minute."""
    counted = Counter[str]()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_REPORT_TIMEOUT_S):
            while not answered <= counted.keys():
                counted = await _fetch_click_counts(targets, campaign)
                await asyncio.sleep(_POLL_INTERVAL_S)
    return counted


async def _fetch_click_counts(targets: CrashTargets, campaign: str) -> Counter[str]:
    """The clicks of a campaign by destination, as the console's API tells them."""
    incoming, outgoing = await asyncio.open_connection("127.0.0.1", targets.console_port, limit=2**24)
    path = f"/api/campaign?name={quote(campaign)}"
    outgoing.write(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{targets.console_port}\r\nConnection: close\r\n\r\n".encode()
    )
    head, _, body = (await incoming.read()).partition(b"\r\n\r\n")
    outgoing.close()
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
    rounds: Annotated[int, typer.Argument(min=1, help="How many.")] = 20,
    clicks: Annotated[int, typer.Option(min=1, help="Clicks in each.")] = 300,
    durability: Annotated[str, typer.Option(help="durable or async.")] = "durable",
) -> None:
    """Kill workers, engine, or all, under load; no click that was answered may be lost, and none counted twice."""
    try:
        with tempfile.TemporaryDirectory(prefix="clicktrail-torture-") as folder:
            total = asyncio.run(torture(Path(folder), rounds=rounds, clicks=clicks, durability=durability))
    except* BenchError as group:
        sys.exit(f"torture: error: {find_first_error(group)}")
    print(f"rounds: {rounds:,}; {total}")
    sys.exit(bool(total.lost or total.duplicated))


if __name__ == "__main__":
    typer.run(main)
