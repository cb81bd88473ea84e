"""Run a relay on 127.0.0.1 with a real journal, between a client and a test server."""

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiosmtplib

from clicktrail.model.event import AnyEvent, decode_event
from clicktrail.rewrite import DkimKey
from clicktrail.server.journal.writer import SegmentWriter
from clicktrail.server.ports import Consents, IdGenerator, ShortLinks
from clicktrail.server.relay.smtp_client import NextHopConfig
from clicktrail.server.relay.smtp_server import Relay
from clicktrail.server.settings import Settings
from clicktrail.server.system import RandomCodes, RandomIds, SystemClock
from clicktrail.server.wiring.stores import open_registry
from clicktrail.tokens import SECRET_BYTES, Key, KeyRing
from clicktrail.tracking import Tracker
from clicktrail.utm.convention import Convention
from tests.support.recorded_journal import read_journal_lines
from tests.support.waiting import TIMEOUT_S

DOMAIN = "https://links.example.com"
RING = KeyRing([Key(number=0, secret=b"k" * SECRET_BYTES)])


@dataclass(frozen=True, kw_only=True)
class RunningRelay:
    port: int
    folder: Path
    stopping: asyncio.Event
    consents: Consents
    short_links: ShortLinks
    outcomes: Counter[str]

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[aiosmtplib.SMTP]:
        client = aiosmtplib.SMTP(
            hostname="127.0.0.1", port=self.port, start_tls=False, local_hostname="sender.example", timeout=TIMEOUT_S
        )
        async with client:
            yield client

    def events(self) -> list[AnyEvent]:
        return [decode_event(line) for line in read_journal_lines(self.folder)]


@contextlib.asynccontextmanager
async def running_relay(
    next_hop: str,
    folder: Path,
    *,
    own_hosts: tuple[str, ...] = (),
    ids: IdGenerator | None = None,
    dkim: tuple[DkimKey, ...] = (),
) -> AsyncIterator[RunningRelay]:
    host, _, port = next_hop.rpartition(":")
    stopping = asyncio.Event()
    async with contextlib.AsyncExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        journal = stack.enter_context(SegmentWriter(folder / "engine", asyncio.get_running_loop()))
        registry = await stack.enter_async_context(open_registry(Settings(data_dir=str(folder))))
        relay = Relay(
            next_hop=NextHopConfig(host=host, port=int(port)),
            tracker=Tracker(
                ring=RING,
                domain=DOMAIN,
                convention=Convention(source="email", medium="newsletter", campaign="{campaign}", own_hosts=own_hosts),
                dkim_keys=dkim,
            ),
            consents=registry.consents,
            short_links=registry.short_links,
            codes=RandomCodes(),
            journal=journal,
            clock=SystemClock(),
            ids=ids or RandomIds(),
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(relay.serve(listener, stopping))
            try:
                yield RunningRelay(
                    port=listener.getsockname()[1],
                    folder=folder,
                    stopping=stopping,
                    consents=registry.consents,
                    short_links=registry.short_links,
                    outcomes=relay.outcomes,
                )
            finally:
                stopping.set()
