"""Damaged files of the data folder: mail passes, readers arrive."""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiosmtplib
import httpx2
import pytest

from clicktrail import keyring_file
from clicktrail.demo.sink import Sink
from tests.support.edge import token_path
from tests.support.waiting import TIMEOUT_S, wait_until

MESSAGE = b"Subject: Boots\r\nContent-Type: text/html\r\n\r\n<a href='https://example.com/boots'>Boots</a>\r\n"

_SETTINGS = """\
data_dir = "data"
edge = {{ listen = "127.0.0.1:{edge}", workers = 1 }}
relay = {{ listen = "127.0.0.1:{relay}", next_hop = "{next_hop}" }}
console = {{ listen = "127.0.0.1:0" }}
metrics = {{ listen = "127.0.0.1:0" }}
"""


def find_free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [listener.getsockname()[1] for listener in listeners]


@contextlib.asynccontextmanager
async def serving(folder: Path, next_hop: str) -> AsyncIterator[tuple[int, int]]:
    """Run ``clicktrail serve``, whose engine may not become ready; ports of edge and relay."""
    edge, relay = find_free_ports(2)
    config = folder / "clicktrail.toml"
    config.write_text(_SETTINGS.format(edge=edge, relay=relay, next_hop=next_hop), "utf-8")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "clicktrail", "serve", "--config", str(config)), stderr=asyncio.subprocess.DEVNULL
    )

    async def is_listening() -> bool:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", relay)
            writer.close()
            return True
        return False

    try:
        await wait_until(is_listening, bool)
        yield edge, relay
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()


def damage_registry(data: Path) -> None:
    (data / "registry.sqlite3").write_bytes(b"this is no database\n" * 1000)


def damage_analytics(data: Path) -> None:
    (data / "analytics").write_bytes(b"this is no folder\n")


def damage_cursor(data: Path) -> None:
    (data / "journal").mkdir()
    (data / "journal" / "cursor.json").write_bytes(b"\xff{")


def damage_journal(data: Path) -> None:
    (data / "journal").write_bytes(b"this is no folder\n")


@pytest.mark.parametrize("damage", [damage_registry, damage_analytics, damage_cursor, damage_journal])
async def test_mail_passes_and_readers_arrive(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    ring = keyring_file.load_or_create(tmp_path / "data" / keyring_file.FILE_NAME, earlier_data_paths=[])
    damage(tmp_path / "data")
    async with Sink() as sink, serving(tmp_path, sink.address) as (edge, relay):
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=relay, start_tls=False, timeout=TIMEOUT_S) as client:
            await client.sendmail("shop@example.com", ["anna@example.net"], MESSAGE)
        async with httpx2.AsyncClient(timeout=TIMEOUT_S) as browser:
            answer = await browser.get(f"http://127.0.0.1:{edge}{token_path(ring=ring)}")

    (message,) = sink.messages
    assert (message.content == MESSAGE) == (damage is damage_registry)  # without consents nothing is tracked
    assert answer.status_code == 302
