"""Measure how many messages per second one relay process passes on, and what each costs.

``./dev bench relay [--messages N]``. Messages of 60 kB with 30 links go through the relay to a server that accepts
everything, on several connections. Client and server share one process, so the machine is not the relay's alone.
"""

import argparse
import asyncio
import contextlib
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from bench.load.cost import measure_usage
from bench.programs import BenchError, find_first_error
from bench.torture.relay_process import RelayProcess

CONNECTIONS: Final = 8
_LINK_COUNT: Final = 30
_MESSAGE_BYTES: Final = 60_000
_SETTINGS: Final = 'data_dir = "data"\n[relay]\nnext_hop = "127.0.0.1:{port}"\n'


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


async def accept_messages(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve one SMTP connection, accepting everything."""
    with contextlib.closing(writer), contextlib.suppress(OSError, asyncio.IncompleteReadError):
        writer.write(b"220 hop.example\r\n")
        while line := await reader.readline():
            if line.startswith(b"DATA"):
                writer.write(b"354 Go on\r\n")
                await reader.readuntil(b"\r\n.\r\n")
            writer.write(b"250 Ok\r\n")


async def send_messages(port: int, content: bytes, count: int) -> None:
    """Send messages on one connection.

    Raises:
        BenchError: the relay refused one.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with contextlib.closing(writer):
        await reader.readline()
        writer.write(b"HELO sender.example\r\n")
        await reader.readline()
        for _ in range(count):
            for data in (b"MAIL FROM:<a@shop.example>\r\n", b"RCPT TO:<anna@mail.example>\r\n", b"DATA\r\n"):
                writer.write(data)
                await reader.readline()
            writer.write(content + b".\r\n")
            if not (reply := await reader.readline()).startswith(b"250"):
                raise BenchError(f"the relay refused a message: {reply.decode('utf-8', 'replace')}")


class RelayResult(NamedTuple):
    """Result of a run.

    Attributes:
        messages: number of messages.
        duration_s: duration in seconds.
        cpu_s: processor time of the relay's processes in seconds.
    """

    messages: int
    duration_s: float
    cpu_s: float


async def measure(folder: Path, *, messages: int, connections: int = CONNECTIONS) -> RelayResult:
    """Send messages.

    Raises:
        BenchError: the relay did not start, or refused a message.
    """
    server = await asyncio.start_server(accept_messages, "127.0.0.1", 0, limit=2**24)
    relay = RelayProcess(folder, _SETTINGS.format(port=server.sockets[0].getsockname()[1]))
    await relay.start()
    try:
        content = build_message()
        await send_all(
            relay.port, content, 2 * connections, connections=connections
        )  # until the rewriting processes are ready
        before_s = measure_usage(relay.pid).cpu_s
        started_at = time.perf_counter()
        await send_all(relay.port, content, messages, connections=connections)
        duration_s = time.perf_counter() - started_at
        cpu_s = measure_usage(relay.pid).cpu_s - before_s
    finally:
        await relay.stop()
        server.close()
    return RelayResult(messages // connections * connections, duration_s, cpu_s)


async def send_all(port: int, content: bytes, count: int, *, connections: int) -> None:
    """Send messages on several connections."""
    async with asyncio.TaskGroup() as tasks:
        for _ in range(connections):
            tasks.create_task(send_messages(port, content, count // connections))


def main() -> None:
    """Parse the arguments, and measure."""
    parser = argparse.ArgumentParser(prog="./dev bench relay", description=__doc__)
    parser.add_argument("--messages", type=int, default=2_000)
    arguments = parser.parse_args()
    with TemporaryDirectory(prefix="clicktrail-bench-") as folder:
        try:
            result = asyncio.run(measure(Path(folder), messages=arguments.messages))
        except* BenchError as group:
            sys.exit(f"bench: error: {find_first_error(group)}")
    size_kb = len(build_message()) / 1000
    print(f"{result.messages:,} messages of {size_kb:.0f} kB with {_LINK_COUNT} links in {result.duration_s:.1f} s")
    print(f"messages/s = {result.messages / result.duration_s:.0f}")
    print(f"processor ms/message = {result.cpu_s / result.messages * 1000:.2f}")


if __name__ == "__main__":
    main()
