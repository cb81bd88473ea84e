"""Flood the edge while readers follow links.

In each round every link of a campaign is requested once, each on a connection of its own, while a program floods the
edge in one way: forged tokens, unknown short codes, idle connections, clients that read nothing, or pipelined requests.
Every answered click must be in the report exactly once, and no reader may wait longer than five seconds.
"""

import asyncio
import contextlib
import secrets
import sys
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.torture.clicks import TortureResult, compare_counts, compare_final_counts, seal_paths, wait_for_clicks
from bench.torture.crash_targets import CrashTargets, running_targets
from clicktrail.tokens import SECRET_BYTES, SHORT_CODE_BITS, Key, KeyRing, encode_short_token

_WORKER_COUNT: Final = 2
_READER_COUNT: Final = 4
_FLOOD_CLIENT_COUNT: Final = 8
_IDLE_CONNECTION_COUNT: Final = 1_100
_MAX_WAIT_S: Final = 5.0
_REQUEST_TIMEOUT_S: Final = 60.0
_FAT_HEADERS: Final = "".join(f"{name}: {'x' * 250}\r\n" for name in ("Accept-Language", "Referer", "Sec-CH-UA"))


@dataclass(frozen=True, slots=True, kw_only=True)
class FloodResult:
    """Numbers of clicks, and of the readers who waited longer than five seconds."""

    clicks: TortureResult
    slow: int

    @property
    def answered(self) -> int:
        """Number of clicks that were answered."""
        return self.clicks.answered

    @property
    def lost(self) -> int:
        """Number of clicks that were answered and are missing, or answered too late."""
        return self.clicks.lost + self.slow

    @property
    def duplicated(self) -> int:
        """Number of clicks that are there twice."""
        return self.clicks.duplicated

    def __str__(self) -> str:
        return f"{self.clicks}, {self.slow:,} over {_MAX_WAIT_S:.0f} s"


async def torture(folder: Path, *, rounds: int, clicks: int, durability: str) -> FloodResult:
    """Implement `bench.torture.scenarios.Scenario`."""
    answered: dict[str, set[str]] = {}
    slow = 0
    async with running_targets(folder, workers=_WORKER_COUNT, durability=durability) as targets:
        for number in range(1, rounds + 1):
            campaign, flood = f"flood-{number}", list(FLOODS)[number % len(FLOODS)]
            paths = seal_paths(targets.ring, campaign, clicks)
            answered[campaign], waits_s = await _follow_links_during(flood, targets, paths)
            slow_now = sum(seconds > _MAX_WAIT_S for seconds in waits_s)
            slow += slow_now
            counted = await wait_for_clicks(targets, campaign, answered[campaign])
            result = FloodResult(clicks=compare_counts(clicks, answered[campaign], counted), slow=slow_now)
            print(f"round {number}: {flood}; {result}; longest wait {max(waits_s):.2f} s", flush=True)
        return FloodResult(clicks=await compare_final_counts(targets, answered, clicks=clicks), slow=slow)


async def _follow_links_during(
    flood: str, targets: CrashTargets, paths: dict[str, str]
) -> tuple[set[str], list[float]]:
    """Follow every link during a flood. Returns the answered destinations, and the seconds that each reader waited."""
    remaining = list(paths.items())
    answered: set[str] = set()
    waits_s: list[float] = []

    async def read() -> None:
        while remaining:
            destination, path = remaining.pop()
            started_at = time.monotonic()
            if await _request(targets.edge_port, path, destination):
                answered.add(destination)
            waits_s.append(time.monotonic() - started_at)

    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.torture.floods", flood, str(targets.edge_port)
    )
    try:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(_READER_COUNT):
                tasks.create_task(read())
    finally:
        program.kill()
        await program.wait()
    return answered, waits_s


async def _request(port: int, path: str, destination: str) -> bool:
    """Whether a link redirects to its destination."""
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(_REQUEST_TIMEOUT_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(_build_request(path, "Connection: close\r\n"))
                return f"\r\nLocation: {destination}\r\n".encode() in await reader.read()
            finally:
                writer.close()
    return False


def _build_request(path: str, headers: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: reader\r\n{headers}\r\n".encode()


async def _send(port: int, requests: bytes, *, read: bool = True) -> None:
    # A StreamReader reads from the socket until it holds twice its limit.
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=65_536 if read else 1)
    try:
        writer.write(requests)
        if read:
            writer.write_eof()
            while await reader.read(65_536):
                pass
        else:
            await writer.drain()
            await writer.wait_closed()
    finally:
        writer.close()


async def _send_forged_tokens(port: int) -> None:
    ring = KeyRing([Key(number=0, secret=secrets.token_bytes(SECRET_BYTES))])
    paths = seal_paths(ring, "forged", 100).values()
    await _send(port, b"".join(_build_request(path, _FAT_HEADERS) for path in paths))


async def _send_unknown_codes(port: int) -> None:
    codes = [encode_short_token(secrets.randbits(SHORT_CODE_BITS), 0) for _ in range(200)]
    await _send(port, b"".join(_build_request(f"/{code}{secrets.choice(['', '+'])}") for code in codes))


async def _hold_idle_connections(port: int) -> None:
    writers = []
    for _ in range(_IDLE_CONNECTION_COUNT // _FLOOD_CLIENT_COUNT):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(_build_request("/robots.txt"))
        await reader.readuntil(b"\r\n\r\n")
        writers.append(writer)
    await asyncio.Event().wait()


async def _read_nothing(port: int) -> None:
    await asyncio.gather(*(_send(port, _build_request("/x") * 5_000, read=False) for _ in range(20)))


async def _pipeline(port: int) -> None:
    await _send(port, _build_request("/x") * 5_000)


FLOODS: Final[dict[str, Callable[[int], Coroutine[Any, Any, None]]]] = {
    "forged-tokens": _send_forged_tokens,
    "unknown-codes": _send_unknown_codes,
    "idle-connections": _hold_idle_connections,
    "reading-nothing": _read_nothing,
    "pipelining": _pipeline,
}
"""What a program does on each of its connections, again and again, by name."""


async def _flood(name: str, port: int) -> None:
    async def repeat() -> None:
        while True:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await FLOODS[name](port)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(_FLOOD_CLIENT_COUNT):
            tasks.create_task(repeat())


if __name__ == "__main__":
    asyncio.run(_flood(sys.argv[1], int(sys.argv[2])))
