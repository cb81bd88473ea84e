"""Send mail through a relay whose next hop misbehaves, and kill the relay under load.

Each round sends messages on several connections. Every fifth message is poison: input that a careless parser cannot
read, or not in reasonable time. The next hop breaks the protocol at a random command, on most connections, and offers
PIPELINING on half of them; in one round of five the relay, or one of its rewriting processes, is killed.

Every message that the relay answered with 250 must be at the next hop. None may be there twice, except where the relay
was killed between the next hop's 250 and its own (RFC 1047). Replies that take longer than five seconds are counted.
"""

import asyncio
import contextlib
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.torture.relay_process import RelayProcess

_CONNECTION_COUNT: Final = 4
_MAX_REPLY_S: Final = 5.0
_TIMEOUT_S: Final = 60.0
_SETTINGS: Final = (
    'data_dir = "data"\n[relay]\nnext_hop = "127.0.0.1:{port}"\nnext_hop_messages = 3\nrewrite_seconds = 2\n'
)

_GOOD_REPLIES: Final = {
    "connect": b"220 hop.example\r\n",
    "EHLO": b"250-hop.example\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
    "MAIL": b"250 Ok\r\n",
    "RCPT": b"250 Ok\r\n",
    "DATA": b"354 Go on\r\n",
    "data": b"250 Queued\r\n",
    "RSET": b"250 Ok\r\n",
    "QUIT": b"221 Bye\r\n",
}
_EHLO_WITH_PIPELINING: Final = b"250-hop.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
_FAULTS: Final = (
    b"",  # closes the connection
    b"250 Ok\r\n250 Ok\r\n",
    b"250 angenommen f\xfcr uns\r\n",
    b"451 4.7.1 Greylisted\r\n",
    b"554 5.7.1 Nein, danke f\xfcr nichts\r\n",
    b"421 4.3.2 Shutting down\r\n",
    b"Ok\r\n",
    b"250-Ok\r\n251 Ok\r\n",
    b"999 Ok\r\n",
    b"354 Go on\r\n",
)

_POISON: Final = (
    b"Subject: " + b"=?utf-8?q?a?= " * 20_000 + b"\r\n\r\nWarm.\r\n",
    b"Subject: " + b"=?utf-8?q?" * 30_000 + b"\r\n\r\nWarm.\r\n",
    b"Content-Type: text/html" + b";(" * 100_000 + b"\r\n\r\n<a href='https://example.com/'>a</a>\r\n",
    b"Content-Type: text/html\r\n\r\n" + b"<a href='https://example.com/'>a</a>\r\n" * 50_000,
    b"Content-Type: text/html\r\n\r\n" + b"<" * 1_000_000 + b"\r\n",
    b"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b"\r\n " * 200_000 + b"PGE+\r\n",
    b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\n" * 100_000,
    b"X-Clicktrail-Campaign: " + b"\xff\xfe\x00" * 10_000 + b"\r\n\r\nhttps://example.com/\r\n",
    b"\r\n\r\nhttps://example.com/\r\n",
    b"\x00" * 1_000,
)


@dataclass(slots=True, kw_only=True)
class MailResult:
    """Numbers of messages of one or more rounds.

    Attributes:
        messages: messages sent to the relay.
        answered: messages that the relay answered with 250.
        arrived: messages at the next hop.
        lost: answered messages that are not there.
        duplicated: messages that are there twice, or there although they were refused, without a kill.
        slow: replies that took longer than five seconds.
    """

    messages: int = 0
    answered: int = 0
    arrived: int = 0
    lost: int = 0
    duplicated: int = 0
    slow: int = 0

    def __str__(self) -> str:
        return (
            f"{self.messages:,} messages, {self.answered:,} answered, {self.arrived:,} arrived, {self.lost:,} lost, "
            f"{self.duplicated:,} duplicated, {self.slow:,} replies slower than {_MAX_REPLY_S:.0f} s"
        )


async def torture(folder: Path, *, rounds: int, clicks: int, durability: str) -> MailResult:
    """Implement `bench.torture.scenarios.Scenario`; a message counts as ten clicks."""
    del durability  # `sent` events are not counted here
    total = MailResult()
    chance = random.Random(0)  # noqa: S311
    hop = _NextHop(chance)
    server = await asyncio.start_server(hop.serve, "127.0.0.1", 0, limit=2**26)
    relay = RelayProcess(folder, _SETTINGS.format(port=server.sockets[0].getsockname()[1]))
    try:
        await relay.start()
        for number in range(1, rounds + 1):
            is_killed = number % 5 == 0
            result = await _run_round(relay, hop, number, max(1, clicks // 10), kill=is_killed)
            print(f"round {number}: {'relay killed' if is_killed else 'no kill'}; {result}", flush=True)
            for name in MailResult.__dataclass_fields__:
                setattr(total, name, getattr(total, name) + getattr(result, name))
    finally:
        await relay.stop()
        server.close()
    return total


@dataclass(slots=True)
class _NextHop:
    """An SMTP server that breaks the protocol on two of three connections, in half of them with the second message."""

    chance: random.Random
    received: Counter[bytes] = field(default_factory=Counter)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        good = dict(_GOOD_REPLIES)
        if self.chance.random() < 1 / 2:
            good["EHLO"] = _EHLO_WITH_PIPELINING
        faulty = dict(good)
        if self.chance.random() < 2 / 3:
            faulty[self.chance.choice(list(faulty))] = self.chance.choice(_FAULTS)
        replies = [faulty] if self.chance.random() < 1 / 2 else [good, faulty]
        with contextlib.closing(writer), contextlib.suppress(OSError, asyncio.IncompleteReadError):
            writer.write(replies[0]["connect"])
            while replies[0]["connect"]:
                line = await reader.readuntil(b"\r\n")
                verb = line[:4].decode("ascii", "replace")
                reply = replies[0].get(verb, b"502 What?\r\n")
                writer.write(reply)
                if verb == "DATA" and reply == _GOOD_REPLIES["DATA"]:
                    data = await reader.readuntil(b"\r\n.\r\n")
                    reply = replies[0]["data"]
                    # A reply that breaks the protocol accepts nothing, or leaves open whether it does.
                    if reply in {_GOOD_REPLIES["data"], _FAULTS[2]}:
                        self.received[data[:-3].rsplit(b"\r\n", 2)[-2]] += 1
                    writer.write(reply)
                    replies = replies[-1:]
                if not reply or verb == "QUIT":
                    return


async def _run_round(relay: RelayProcess, hop: _NextHop, number: int, count: int, *, kill: bool) -> MailResult:
    hop.received.clear()
    result = MailResult(messages=count)
    waiting = [b"message %d of round %d" % (index, number) for index in range(count)]
    refused: set[bytes] = set()
    answered: set[bytes] = set()
    unanswered: set[bytes] = set()

    async def send() -> None:
        while waiting:
            client = _Client()
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
                await client.connect(relay.port)
                while waiting:
                    marker = waiting.pop()
                    unanswered.add(marker)
                    index = len(waiting)
                    body = _POISON[index // 5 % len(_POISON)] if index % 5 == 0 else b"Subject: a\r\n\r\nWarm.\r\n"
                    reply = await client.send_message(body + marker + b"\r\n", is_pipelined=index % 2 == 0)
                    unanswered.discard(marker)
                    (answered if reply.startswith(b"2") else refused).add(marker)
            result.slow += client.slow_count
            client.close()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(_CONNECTION_COUNT):
            tasks.create_task(send())
        if kill:
            tasks.create_task(relay.kill_and_restart(number // 5))
    result.answered = len(answered)
    result.arrived = len(hop.received)
    result.lost = len(answered - hop.received.keys())
    twice = {marker for marker, times in hop.received.items() if times > 1}
    result.duplicated = len((twice | (refused & hop.received.keys())) - (unanswered if kill else set()))
    return result


class _Client:
    """A connection to the relay that notices slow replies."""

    def __init__(self) -> None:
        self.slow_count = 0
        self._writer: asyncio.StreamWriter | None = None

    async def connect(self, port: int) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
        await self._read_reply()
        await self._send(b"EHLO sender.example\r\n")

    async def send_message(self, content: bytes, *, is_pipelined: bool) -> bytes:
        """Send a message, and return the reply to it or to the command that was refused."""
        await self._send(b"RSET\r\n")
        envelope = (b"MAIL FROM:<>\r\n", b"RCPT TO:<anna@example.net>\r\n")
        if is_pipelined:
            replies = [await self._send(b"".join(envelope)), await self._read_reply()]
        else:
            replies = [await self._send(command) for command in envelope]
        for reply in replies:
            if not reply.startswith(b"2"):
                return reply
        reply = await self._send(b"DATA\r\n")
        return await self._send(content + b".\r\n") if reply.startswith(b"354") else reply

    def close(self) -> None:
        if self._writer:
            self._writer.close()

    async def _send(self, data: bytes) -> bytes:
        if self._writer is None:
            raise ConnectionResetError
        self._writer.write(data)
        return await self._read_reply()

    async def _read_reply(self) -> bytes:
        started_at = time.monotonic()
        async with asyncio.timeout(_TIMEOUT_S):
            line = await self._reader.readuntil(b"\r\n")
            while line[3:4] == b"-":
                line = await self._reader.readuntil(b"\r\n")
        self.slow_count += time.monotonic() - started_at > _MAX_REPLY_S
        return line
