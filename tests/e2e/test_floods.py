"""No client can keep a worker from answering others: each attack runs beside a reader who follows links."""

import asyncio
import contextlib
import random
import re
import signal
import socket
import struct
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from clicktrail import keyring_file
from clicktrail.model.link_set import ShortLinkMessage, StoredLink
from clicktrail.server.edge.http_reader import MAX_HEADERS
from clicktrail.server.monitoring.heartbeat import Heartbeat
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.stores import open_registry
from clicktrail.tokens import SHORT_CODE_BITS, KeyRing, encode_short_token
from tests.support.edge import NOW, build_request, tampered_path, token_path
from tests.support.recorded_journal import read_journal_lines
from tests.support.worker_process import running_worker

MAX_WAIT_S = 5.0
"""Longest wait of a reader while other tests use the cores too. On an idle machine most wait some milliseconds."""

CLICKS = 25
"""Clicks of the reader during an attack."""

Attack = Callable[["Worker"], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A worker process of the edge."""

    process: asyncio.subprocess.Process
    address: tuple[str, int]
    ring: KeyRing

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(*self.address)

    async def follow_links(self) -> None:
        """Follow sealed links as a reader does, each on a connection of its own."""
        for number in range(CLICKS):
            destination = f"https://shop.example/{number}"
            async with asyncio.timeout(MAX_WAIT_S):
                reader, writer = await self.connect()
                writer.write(build_request(token_path(destination, ring=self.ring), close=True))
                response = await reader.read()
                writer.close()
            assert response.startswith(b"HTTP/1.1 302 ")
            assert f"Location: {destination}\r\n".encode() in response

    async def read_heartbeat(self) -> Heartbeat:
        assert self.process.stdout
        return msgspec.json.decode(await self.process.stdout.readline(), type=Heartbeat)

    def read_memory_mb(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text("utf-8")
        match = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert match
        return int(match[1]) / 1000


@asynccontextmanager
async def serving_worker(folder: Path, *, max_files: tuple[int, int] | None = None) -> AsyncIterator[Worker]:
    ring = keyring_file.load_or_create(folder / "clicktrail-data" / keyring_file.FILE_NAME, earlier_data_paths=[])
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        async with running_worker("edge", folder, [listener], max_files=max_files) as process:
            yield Worker(process=process, address=listener.getsockname(), ring=ring)


@asynccontextmanager
async def attacking(worker: Worker, attack: Attack, *, clients: int) -> AsyncIterator[None]:
    """Run an attack by many clients while the block runs. A client that is disconnected attacks again."""

    async def attack_again_and_again() -> None:
        while True:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await attack(worker)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as tasks:
        attackers = [tasks.create_task(attack_again_and_again()) for _ in range(clients)]
        yield
        for attacker in attackers:
            attacker.cancel()


async def send_and_read(worker: Worker, data: bytes) -> None:
    reader, writer = await worker.connect()
    try:
        writer.write(data)
        writer.write_eof()
        while await reader.read(65_536):
            pass
    finally:
        writer.close()


async def send_and_never_read(worker: Worker, data: bytes) -> None:
    client = socket.create_connection(worker.address)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(0)
    with client:
        while True:
            await asyncio.get_running_loop().sock_sendall(client, data)


SHORTEST_REQUEST = b"GET /x HTTP/1.1\r\nHost:h\r\n\r\n"
CHUNKED_POST = b"POST / HTTP/1.1\r\nHost:h\r\nTransfer-Encoding: chunked\r\n\r\n"


async def pipeline_pages(worker: Worker) -> None:
    await send_and_read(worker, SHORTEST_REQUEST * 10_000)


async def pipeline_clicks(worker: Worker) -> None:
    await send_and_read(worker, build_request(token_path(ring=worker.ring)) * 1_000)


async def send_tiny_chunks(worker: Worker) -> None:
    await send_and_read(worker, CHUNKED_POST + b"1\r\nx\r\n" * 100_000)


async def send_many_headers(worker: Worker) -> None:
    await send_and_read(worker, b"GET / HTTP/1.1\r\nHost:h\r\n" + b"a:b\r\n" * 100_000)


async def send_many_addresses(worker: Worker) -> None:
    addresses = ",".join(f"127.0.{number // 256}.{number % 256}" for number in range(1_400))
    request = build_request("/x", headers=f"X-Forwarded-For: {addresses}\r\nAccept-Language: {',' * 500}\r\n")
    await send_and_read(worker, request * 10)


async def reset_connection(worker: Worker, data: bytes) -> None:
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closing resets it
        client.settimeout(0)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(client, worker.address)
        await loop.sock_sendall(client, data)


async def reset_many_pages(worker: Worker) -> None:
    await reset_connection(worker, SHORTEST_REQUEST * 100)


async def reset_click(worker: Worker) -> None:
    await reset_connection(worker, build_request(token_path(ring=worker.ring)))


async def reset_silently(worker: Worker) -> None:
    await reset_connection(worker, b"")


async def leave_with_many_pages(worker: Worker) -> None:
    _, writer = await worker.connect()
    writer.write(SHORTEST_REQUEST * 100)
    writer.transport.abort()


@pytest.mark.without_coverage  # measuring takes longer than answering
@pytest.mark.parametrize(
    ("attack", "clients"),
    [
        *((attack, 4) for attack in (pipeline_pages, pipeline_clicks, send_tiny_chunks)),
        *((attack, 4) for attack in (send_many_headers, send_many_addresses)),
        # Each of these opens thousands of connections a second.
        *((attack, 1) for attack in (reset_many_pages, reset_click, reset_silently, leave_with_many_pages)),
    ],
)
async def test_reader_is_served_during(tmp_path: Path, attack: Attack, clients: int) -> None:
    async with serving_worker(tmp_path) as worker, attacking(worker, attack, clients=clients):
        await worker.follow_links()


async def test_connections_that_were_reset_before_they_were_accepted_are_not_read(tmp_path: Path) -> None:
    async with serving_worker(tmp_path) as worker:
        worker.process.send_signal(signal.SIGSTOP)
        for _ in range(100):
            for attack in (reset_many_pages, reset_click, reset_silently):
                await attack(worker)
        worker.process.send_signal(signal.SIGCONT)
        await worker.follow_links()
        heartbeat = await worker.read_heartbeat()
        while (
            sum(heartbeat.values["clicktrail_http_responses_total"].values()) < CLICKS
            or heartbeat.values["clicktrail_connections"][""]
        ):
            heartbeat = await worker.read_heartbeat()
    assert heartbeat.values["clicktrail_http_responses_total"] == {"302": CLICKS}


async def request_unknown_codes(worker: Worker) -> None:
    requests = [build_request(f"/{encode_short_token(random.getrandbits(SHORT_CODE_BITS), 0)}") for _ in range(500)]
    await send_and_read(worker, b"".join(requests))


async def request_damaged_links(worker: Worker) -> None:
    headers = f"Accept-Language: {'x' * 250}\r\nSec-CH-UA: {'y' * 250}\r\nReferer: {'z' * 250}\r\n"
    requests = [build_request(tampered_path(), headers=headers) for _ in range(200)]
    await send_and_read(worker, b"".join(requests))


@pytest.mark.parametrize("attack", [request_unknown_codes, request_damaged_links])
async def test_reader_of_a_new_short_link_is_served_during(tmp_path: Path, attack: Attack) -> None:
    async with serving_worker(tmp_path) as worker:
        settings = Settings(data_dir=str(tmp_path / "clicktrail-data"))
        async with open_registry(settings) as registry, attacking(worker, attack, clients=4):
            for code in range(CLICKS):
                link = StoredLink(position=0, destination="https://shop.example/")
                message = ShortLinkMessage(
                    code=code, message_id=f"m{code}", recipient="", campaign="", created_at=NOW, links=(link,)
                )
                await registry.short_links.add(message)
                async with asyncio.timeout(MAX_WAIT_S):
                    reader, writer = await worker.connect()
                    writer.write(build_request(f"/{encode_short_token(code, 0)}", close=True))
                    response = await reader.read()
                    writer.close()
                assert response.startswith(b"HTTP/1.1 302 ")
            await worker.follow_links()
        heartbeat = await worker.read_heartbeat()
        while not heartbeat.values["clicktrail_failed_tokens_omitted_total"][""]:
            heartbeat = await worker.read_heartbeat()
    lines = read_journal_lines(tmp_path / "clicktrail-data" / "journal")
    assert sum(b'"tampered":true' not in line for line in lines) == 2 * CLICKS
    assert sum(map(len, lines)) < 1_000_000


async def test_short_links_are_answered_while_the_registry_hangs(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent_database:
        port = silent_database.getsockname()[1]
        (tmp_path / "clicktrail.toml").write_text(f'[registry]\nurl = "postgresql://u@127.0.0.1:{port}/c"\n', "utf-8")
        async with serving_worker(tmp_path) as worker, attacking(worker, request_unknown_codes, clients=2):
            for number in range(3):
                async with asyncio.timeout(2 * MAX_WAIT_S):
                    reader, writer = await worker.connect()
                    writer.write(build_request(f"/{encode_short_token(number, 0)}", close=True))
                    response = await reader.read()
                    writer.close()
                assert response.startswith(b"HTTP/1.1 503 ")
            await worker.follow_links()


async def test_clients_that_never_read_hold_little_memory(tmp_path: Path) -> None:
    async def attack(worker: Worker) -> None:
        await send_and_never_read(worker, SHORTEST_REQUEST * 2_000)

    async with serving_worker(tmp_path) as worker:
        before = worker.read_memory_mb()
        async with attacking(worker, attack, clients=100):
            await worker.follow_links()
        assert worker.read_memory_mb() - before < 50


async def test_idle_connections_beyond_the_limit_make_room(tmp_path: Path) -> None:
    async with serving_worker(tmp_path, max_files=(128, 256)) as worker:
        clients = []
        for _ in range(400):
            client = socket.create_connection(worker.address)
            client.sendall(SHORTEST_REQUEST)
            client.recv(65_536)
            clients.append(client)
        await worker.follow_links()
        heartbeat = await worker.read_heartbeat()
        while not heartbeat.problems:
            heartbeat = await worker.read_heartbeat()
        for client in clients:
            client.close()
    assert [problem.code for problem in heartbeat.problems] == ["too-many-connections"]
    assert heartbeat.values["clicktrail_connections_closed_total"]["limit"] >= 400 - 256
    assert 128 < heartbeat.values["clicktrail_connections"][""] < 256


async def test_too_many_headers_are_refused(tmp_path: Path) -> None:
    async with serving_worker(tmp_path) as worker:
        for count, status in [(MAX_HEADERS - 2, b"200"), (MAX_HEADERS, b"431")]:
            reader, writer = await worker.connect()
            writer.write(build_request("/", headers="x:y\r\n" * count, close=True))
            response = await reader.read()
            writer.close()
            assert response.split()[1] == status
