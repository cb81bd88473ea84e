"""Measure how many messages per second relay processes pass on, what each costs, and where the time goes.

``./dev bench relay [--messages N] [--processes N] [--latency-ms N]``. Messages of 60 kB with 30 links go through one
and more relay processes to a server that accepts everything; then, through one, to a server whose replies take 20 ms.
Client and server share one process, so the machine is not the relay's alone.
"""

import argparse
import asyncio
import contextlib
import os
import socket
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.load.cost import measure_busy_cores, measure_threads, measure_usage
from bench.programs import BenchError, find_first_error, list_child_pids
from bench.torture.relay_process import RelayProcess
from clicktrail.server.monitoring.heartbeat import Heartbeat
from clicktrail.server.monitoring.metrics import JOURNAL_BATCH_EVENTS

CONNECTIONS: Final = 8
_LINK_COUNT: Final = 30
_MESSAGE_BYTES: Final = 60_000
_SETTINGS: Final = 'data_dir = "data"\n[relay]\nnext_hop = "127.0.0.1:{port}"\n'
_MAX_OTHERS: Final = 0.2
"""Cores that other programs may use."""
_EHLO_REPLY: Final = b"250-hop.example\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
_ENVELOPE: Final = (b"MAIL FROM:<a@shop.example>\r\n", b"RCPT TO:<anna@mail.example>\r\n", b"DATA\r\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """How messages are sent.

    Attributes:
        processes: relay processes.
        latency_s: time between a command and its reply at the next hop.
        is_pipelined: whether clients send MAIL, RCPT and DATA together.
        reconnects: whether clients connect again for each message, as most programs do.
    """

    processes: int = 1
    latency_s: float = 0.0
    is_pipelined: bool = False
    reconnects: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayResult:
    """Result of a run.

    Attributes:
        messages: number of messages.
        duration_s: duration in seconds.
        part_s: processor time in seconds by part of the relay.
        bench_s: processor time of client and next hop in seconds.
        busy_cores: cores of the machine that were busy on average, with any program.
        events_per_sync: events of the journal that one fdatasync has made durable, on average.
    """

    messages: int
    duration_s: float
    part_s: dict[str, float]
    bench_s: float
    busy_cores: float
    events_per_sync: float

    @property
    def cpu_s(self) -> float:
        """Processor time of the relay's processes in seconds."""
        return sum(self.part_s.values())


def build_message() -> bytes:
    """A message of 60 kB with 30 links."""
    filler = b"<p>Warm boots for cold days, in all sizes and colours.</p>\r\n"
    links = b"".join(
        b'<a href="https://shop.example/collections/autumn/products/%d?size=42&amp;colour=red">Boots</a>\r\n%b'
        % (number, filler * (_MESSAGE_BYTES // _LINK_COUNT // len(filler) - 1))
        for number in range(_LINK_COUNT)
    )
    return (
        b"From: shop@shop.example\r\nTo: anna@mail.example\r\nSubject: Boots\r\nX-Clicktrail-Campaign: autumn\r\n"
        b"X-Clicktrail-Consent: granted\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
        b"<html><body>" + links + b"</body></html>\r\n"
    )


@dataclass(slots=True)
class _DelayedReplies:
    """Sends replies in order, each after the latency."""

    writer: asyncio.StreamWriter
    latency_s: float
    waiting: deque[bytes] = field(default_factory=deque)

    def send(self, reply: bytes) -> None:
        if self.latency_s:
            self.waiting.append(reply)
            asyncio.get_running_loop().call_later(self.latency_s, self._send_next)
        else:
            self.writer.write(reply)

    def _send_next(self) -> None:
        self.writer.write(self.waiting.popleft())


async def accept_messages(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, latency_s: float) -> None:
    """Serve one SMTP connection, accepting everything."""
    replies = _DelayedReplies(writer, latency_s)
    with contextlib.closing(writer), contextlib.suppress(OSError, asyncio.IncompleteReadError):
        replies.send(b"220 hop.example\r\n")
        while line := await reader.readline():
            if line.startswith(b"DATA"):
                replies.send(b"354 Go on\r\n")
                await reader.readuntil(b"\r\n.\r\n")
            replies.send(_EHLO_REPLY if line.startswith(b"EHLO") else b"250 Ok\r\n")


async def send_messages(port: int, content: bytes, count: int, scenario: Scenario) -> None:
    """Send messages on one connection, or on one each.

    Raises:
        BenchError: the relay refused one.
    """
    if scenario.reconnects and count > 1:
        for _ in range(count):
            await send_messages(port, content, 1, scenario)
        return
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    commands = [b"".join(_ENVELOPE)] if scenario.is_pipelined else _ENVELOPE
    with contextlib.closing(writer):
        await reader.readline()
        writer.write(b"HELO sender.example\r\n")
        await reader.readline()
        for _ in range(count):
            for data in commands:
                writer.write(data)
                for _line in data.splitlines():
                    await reader.readline()
            writer.write(content + b".\r\n")
            if not (reply := await reader.readline()).startswith(b"250"):
                raise BenchError(f"the relay refused a message: {reply.decode('utf-8', 'replace')}")


async def send_all(port: int, content: bytes, counts: Sequence[int], scenario: Scenario) -> None:
    """Send messages on several connections at the same time."""
    async with asyncio.TaskGroup() as tasks:
        for count in counts:
            tasks.create_task(send_messages(port, content, count, scenario))


async def measure(
    folder: Path, *, messages: int, connections: int = CONNECTIONS, scenario: Scenario | None = None
) -> RelayResult:
    """Send messages.

    Raises:
        BenchError: the relay did not start, or refused a message.
    """
    scenario = scenario or Scenario()
    handler = partial(accept_messages, latency_s=scenario.latency_s)
    hop = await asyncio.start_server(handler, "127.0.0.1", 0, limit=2**24)
    settings = _SETTINGS.format(port=hop.sockets[0].getsockname()[1])
    counts = [messages // connections] * connections
    heartbeats: list[Heartbeat] = []
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        relays = [RelayProcess(folder, settings, listener=listener, index=index) for index in range(scenario.processes)]
        try:
            for relay in relays:
                await relay.start()
            first_threads = {thread for relay in relays for thread in measure_threads(relay.pid)}
            content, port = build_message(), relays[0].port
            await send_all(port, content, [2] * connections, scenario)
            before, busy = _measure_parts(relays, first_threads), measure_busy_cores()
            started_at, bench_started_at = time.perf_counter(), time.process_time()
            await send_all(port, content, counts, scenario)
            duration_s, bench_s = time.perf_counter() - started_at, time.process_time() - bench_started_at
            after = _measure_parts(relays, first_threads)
            busy_cores = (measure_busy_cores() - busy) / duration_s
        finally:
            heartbeats = [await relay.stop() for relay in relays]
            hop.close()
    histograms = [heartbeat.histograms[JOURNAL_BATCH_EVENTS.name] for heartbeat in heartbeats]
    return RelayResult(
        messages=sum(counts),
        duration_s=duration_s,
        part_s={part: after[part] - before[part] for part in after},
        bench_s=bench_s,
        busy_cores=busy_cores,
        events_per_sync=sum(batches.total for batches in histograms) / max(1, sum(sum(b.counts) for b in histograms)),
    )


def _measure_parts(relays: Sequence[RelayProcess], first_threads: set[int]) -> dict[str, float]:
    """Processor time in seconds: rewriting runs in processes of its own; the journal's thread runs from the start."""
    parts = dict.fromkeys(("rewriting", "SMTP", "journal", "registry"), 0.0)
    for relay in relays:
        parts["rewriting"] += sum(measure_usage(child).cpu_s for child in list_child_pids(relay.pid))
        for thread, cpu_s in measure_threads(relay.pid).items():
            part = "SMTP" if thread == relay.pid else "journal" if thread in first_threads else "registry"
            parts[part] += cpu_s
    return parts


def _print_rates(results: Sequence[RelayResult]) -> None:
    print(f"{'processes':>9}  {'messages/s':>10}  {'ms/message':>10}  busy cores: relay, bench, others")
    for processes, result in enumerate(results, 1):
        rate, cost_ms = result.messages / result.duration_s, result.cpu_s / result.messages * 1000
        relay, bench = result.cpu_s / result.duration_s, result.bench_s / result.duration_s
        others = max(0.0, result.busy_cores - relay - bench)
        print(f"{processes:>9}  {rate:>10.0f}  {cost_ms:>10.2f}  {relay:>17.1f}  {bench:>5.1f}  {others:>6.1f}")
        if others > _MAX_OTHERS:
            print("           busy: other programs use the cores, so this rate is not the relay's")
    first = results[0]
    parts_ms = {part: seconds / first.messages * 1000 for part, seconds in first.part_s.items()}
    print(f"one process, processor ms/message: {', '.join(f'{part} {ms:.2f}' for part, ms in parts_ms.items())}")
    print(f"sent events per fdatasync: {first.events_per_sync:.1f}")
    cores, rewriting_ms, bench_ms = os.cpu_count() or 1, parts_ms["rewriting"], first.bench_s / first.messages * 1000
    total_ms = sum(parts_ms.values())
    # A process rewrites one small message at a time, and runs everything else on one core because of Python's lock.
    print(
        f"one process ends at {1000 / max(rewriting_ms, total_ms - rewriting_ms):.0f} messages/s by its processor time,"
    )
    print(
        f"{cores} cores at {cores * 1000 / total_ms:.0f}, or {cores * 1000 / (total_ms + bench_ms):.0f} with this bench"
    )


async def _measure_latency(folder: Path, *, messages: int, latency_s: float) -> None:
    print(f"next hop with a latency of {latency_s * 1000:.0f} ms, one process, {CONNECTIONS} connections:")
    for is_pipelined in (False, True):
        for reconnects in (False, True):
            scenario = Scenario(latency_s=latency_s, is_pipelined=is_pipelined, reconnects=reconnects)
            result = await measure(folder, messages=messages, scenario=scenario)
            commands = "commands together" if is_pipelined else "one command at a time"
            label = f"{commands}, {'a connection a message' if reconnects else 'connections kept'}"
            ms = CONNECTIONS * result.duration_s / result.messages * 1000
            print(f"  {label:<46} {result.messages / result.duration_s:>4.0f} messages/s, {ms:>4.0f} ms each")


async def _run(*, messages: int, processes: int, latency_s: float) -> None:
    print(f"{messages:,} messages of {len(build_message()) / 1000:.0f} kB with {_LINK_COUNT} links")
    results: list[RelayResult] = []
    for count in range(1, processes + 1):
        with TemporaryDirectory(prefix="clicktrail-bench-") as folder:
            scenario = Scenario(processes=count)
            results.append(
                await measure(Path(folder), messages=messages, connections=CONNECTIONS * count, scenario=scenario)
            )
    if results:
        _print_rates(results)
    if not latency_s:
        return
    with TemporaryDirectory(prefix="clicktrail-bench-") as folder:
        await _measure_latency(Path(folder), messages=messages // 10, latency_s=latency_s)


def main() -> None:
    """Parse the arguments, and measure."""
    parser = argparse.ArgumentParser(prog="./dev bench relay", description=__doc__)
    parser.add_argument("--messages", type=int, default=2_000)
    parser.add_argument("--processes", type=int, default=2, help="measure 1 to N processes; 0 for latency alone")
    parser.add_argument(
        "--latency-ms", type=float, default=20.0, help="of the next hop, in the last part; 0 to omit it"
    )
    arguments = parser.parse_args()
    latency_s = arguments.latency_ms / 1000
    try:
        asyncio.run(_run(messages=arguments.messages, processes=arguments.processes, latency_s=latency_s))
    except* BenchError as group:
        sys.exit(f"bench: error: {find_first_error(group)}")


if __name__ == "__main__":
    main()
