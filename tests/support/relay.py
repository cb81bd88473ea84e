"""Run a relay on 127.0.0.1 with a real journal and real rewriting processes, between a client and a test server."""

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import aiosmtplib
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from clicktrail import keyring_file
from clicktrail.model.event import AnyEvent, decode_event
from clicktrail.rewrite import DkimKey
from clicktrail.server import settings as settings_module
from clicktrail.server.ports import Consents, IdGenerator, ShortLinks
from clicktrail.server.relay.rewriter import RewriterPool
from clicktrail.server.relay.smtp_server import Relay
from clicktrail.server.wiring.journals import open_threaded_journal
from clicktrail.server.wiring.relay import build_relay, build_rewriters
from clicktrail.server.wiring.stores import open_registry_when_available
from clicktrail.tokens import KeyRing
from tests.support.recorded_journal import read_journal_lines
from tests.support.waiting import TIMEOUT_S

DOMAIN = "https://links.example.com"

_SETTINGS = """\
data_dir = "."
tracking.domain = "{domain}"
utm = {{ source = "email", medium = "newsletter", campaign = "{{campaign}}", own_hosts = ["shop.example"] }}
[relay]
next_hop = "{next_hop}"
ehlo_name = "relay.example"
{relay_settings}
"""


@dataclass(frozen=True, kw_only=True)
class RunningRelay:
    port: int
    folder: Path
    ring: KeyRing
    stopping: asyncio.Event
    consents: Consents
    short_links: ShortLinks
    server: Relay
    rewriters: RewriterPool

    @property
    def outcomes(self) -> Counter[str]:
        return self.server.outcomes

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[aiosmtplib.SMTP]:
        client = aiosmtplib.SMTP(
            hostname="127.0.0.1", port=self.port, start_tls=False, local_hostname="sender.example", timeout=TIMEOUT_S
        )
        async with client:
            yield client

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator["SmtpConnection"]:
        """A connection on which the test speaks SMTP itself."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        with contextlib.closing(writer):
            connection = SmtpConnection(reader, writer)
            await connection.read_reply()
            yield connection

    def events(self) -> list[AnyEvent]:
        return [decode_event(line) for line in read_journal_lines(self.folder)]


@dataclass(frozen=True)
class SmtpConnection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> bytes:
        """Send bytes, and return the reply to them without its last line break."""
        self.writer.write(data)
        return await self.read_reply()

    async def read_reply(self) -> bytes:
        lines: list[bytes] = []
        async with asyncio.timeout(TIMEOUT_S):
            while not lines or lines[-1][3:4] == b"-":
                lines.append((await self.reader.readuntil(b"\r\n"))[:-2])
        return b"\r\n".join(lines)

    async def begin_data(self, *, sender: bytes = b"shop@example.com", recipient: bytes = b"anna@example.net") -> None:
        """Send EHLO, MAIL, RCPT and DATA."""
        for command in (b"EHLO sender.example", b"MAIL FROM:<%b>" % sender, b"RCPT TO:<%b>" % recipient):
            assert (await self.send(command + b"\r\n")).startswith(b"250")
        assert (await self.send(b"DATA\r\n")).startswith(b"354")


@contextlib.asynccontextmanager
async def running_relay(
    next_hop: str,
    folder: Path,
    *,
    ids: IdGenerator | None = None,
    dkim: DkimKey | None = None,
    relay_settings: str = "",
) -> AsyncIterator[RunningRelay]:
    config = folder / "clicktrail.toml"
    text = _SETTINGS.format(domain=DOMAIN, next_hop=next_hop, relay_settings=relay_settings)
    config.write_text(text + (_write_dkim_settings(folder, dkim) if dkim else ""), "utf-8")
    settings = settings_module.load(config, {})
    ring = keyring_file.load_or_create(settings.keyring_path, earlier_data_paths=[])
    stopping = asyncio.Event()
    async with contextlib.AsyncExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        registry = await stack.enter_async_context(open_registry_when_available(settings))
        journal = stack.enter_context(open_threaded_journal(settings, "relay-0"))
        rewriters = build_rewriters(settings, config)
        relay = build_relay(settings, registry, journal, rewriters)
        if ids:
            relay.tracker = replace(relay.tracker, ids=ids)
        async with asyncio.TaskGroup() as tasks:
            running_rewriters = tasks.create_task(rewriters.run())
            await rewriters.wait_until_ready(timeout_s=TIMEOUT_S)
            tasks.create_task(relay.serve(listener, stopping))
            try:
                yield RunningRelay(
                    port=listener.getsockname()[1],
                    folder=settings.journal_path,
                    ring=ring,
                    stopping=stopping,
                    consents=registry.consents,
                    short_links=registry.short_links,
                    server=relay,
                    rewriters=rewriters,
                )
            finally:
                stopping.set()
                running_rewriters.cancel()


def _write_dkim_settings(folder: Path, key: DkimKey) -> str:
    pem = key.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "dkim.pem").write_bytes(pem)
    return f'[dkim]\ndomain = "{key.domain}"\nselector = "{key.selector}"\nprivate_key_file = "dkim.pem"\n'
