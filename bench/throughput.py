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

from bench.load.cost import cost
from bench.load.wrk import Clients, Round, load
from bench.programs import BenchError, first_of
from bench.torture.crash_targets import Victims, victims
from clicktrail.tokens import KeyRing, Sealed, seal

CAMPAIGN: Final = "autumn-2026"
CONNECTIONS: Final = 512
LINKS: Final = 12
MOST_TOKENS: Final = 300_000
LOOK_S: Final = 0.5
PATIENCE_S: Final = 120.0
_SHOWN: Final = re.compile(rb'data-label="Clicks">([\d,]+)<')
SENT_AT: Final = datetime(2026, 11, 23, 8, tzinfo=UTC)


class Look(NamedTuple):
    """What the report said.

    Attributes:
        at_s: when it was asked, seconds since the load began.
        clicks: in it.
    """

    at_s: float
    clicks: int


def tokens(ring: KeyRing, count: int) -> Iterator[str]:
    """Tokens of as many messages of one campaign."""
    for number in range(count):
        yield seal(
            ring,
            Sealed(
                destination=f"https://shop.example.com/collections/autumn/products/{number % LINKS:020}"
                "?utm_source=email&utm_medium=newsletter&utm_campaign=autumn-2026&utm_content=a",
                message_id=f"message-{number:012}",
                recipient=f"recipient-{number:06}@mail.example.com",
                campaign=CAMPAIGN,
                position=number % LINKS,
                links=LINKS,
                sent_at=SENT_AT,
            ),
        )


async def measure(folder: Path, *, rate: int, seconds: int) -> None:
    """Load, look on, and wait until the report has all of it.

    Raises:
        BenchError: somebody did not start, a request was not answered, or the report never had all clicks.
    """
    async with victims(folder, workers=1, durability="durable") as running:
        file = folder / "tokens"
        count = min(rate * seconds, MOST_TOKENS)
        file.write_text("".join(f"{token}\n" for token in tokens(running.ring, count)), "ascii")
        before = {name: cost(running.pid(name)).seconds for name in running.names}
        began = time.monotonic()
        looks: list[Look] = []
        async with asyncio.TaskGroup() as tasks:
            looking = tasks.create_task(_look(running, looks, began))
            loaded = await asyncio.to_thread(
                load,
                f"http://127.0.0.1:{running.edge}",
                file,
                seconds=seconds,
                clients=Clients(connections=CONNECTIONS, per_second=rate),
            )
            ended_s = time.monotonic() - began
            await _until(looks, loaded.requests)
            looking.cancel()
        _report(loaded, looks, ended_s=ended_s)
        for name, earlier in before.items():
            took_us = (cost(running.pid(name)).seconds - earlier) / loaded.requests * 1e6
            print(f"a click cost {name} {took_us:.0f} µs of processor time")


def _report(loaded: Round, looks: list[Look], *, ended_s: float) -> None:
    """How late the report was: clicks that it lacked by how many of them came in a second."""
    lags = [(look.at_s, look.at_s - look.clicks / loaded.per_second) for look in looks if look.at_s <= ended_s]
    half = [lag for at_s, lag in lags if at_s <= ended_s / 2]
    whole = next(look.at_s for look in looks if look.clicks >= loaded.requests) - ended_s
    print(f"{loaded.requests:,} clicks, {loaded.per_second:,.0f} a second, p99 {loaded.p99_us / 1e3:.0f} ms")
    longest = max(lag for _, lag in lags)
    print(f"the report was {longest:.1f} s behind at most, in the first half {max(half):.1f} s")
    print(f"it had every click {max(0.0, whole):.1f} s after the last")


async def _look(running: Victims, looks: list[Look], began: float) -> None:
    while True:
        at_s = time.monotonic() - began
        looks.append(Look(at_s=at_s, clicks=await _clicks(running)))
        await asyncio.sleep(LOOK_S)


async def _until(looks: list[Look], clicks: int) -> None:
    for _ in range(int(PATIENCE_S / LOOK_S)):
        if looks[-1].clicks >= clicks:
            return
        await asyncio.sleep(LOOK_S)
    raise BenchError(f"the report has {looks[-1].clicks:,} of {clicks:,} clicks")


async def _clicks(running: Victims) -> int:
    """The campaign's clicks, as the console shows them."""
    incoming, outgoing = await asyncio.open_connection("127.0.0.1", running.console)
    outgoing.write(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{running.console}\r\nConnection: close\r\n\r\n".encode())
    head, _, body = (await incoming.read()).partition(b"\r\n\r\n")
    outgoing.close()
    if not head.startswith(b"HTTP/1.1 200"):
        raise BenchError("the report could not be read")
    return sum(int(clicks.replace(b",", b"")) for clicks in _SHOWN.findall(body))


def main() -> None:
    """Measure once."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=int, default=2_000, help="clicks a second")
    parser.add_argument("--seconds", type=int, default=30)
    wanted = parser.parse_args()
    try:
        with TemporaryDirectory(prefix="clicktrail-throughput-") as folder:
            asyncio.run(measure(Path(folder), rate=wanted.rate, seconds=wanted.seconds))
    except* BenchError as group:
        sys.exit(f"throughput: error: {first_of(group)}")


if __name__ == "__main__":
    main()
