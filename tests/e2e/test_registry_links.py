"""Links whose destinations are in the registry, through the whole path."""

import asyncio
import os
import re
import signal
from datetime import UTC, datetime
from pathlib import Path

import aiosmtplib
import httpx2

from clicktrail.demo.sink import Sink
from clicktrail.model.event import Click, Sent, decode_event
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.stores import save_link_set
from clicktrail.tracking import MessageMetadata, Tracker
from tests.support.recorded_journal import read_journal_lines
from tests.support.serving import RunningServer, running_server
from tests.support.waiting import TIMEOUT_S

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MESSAGE = (
    b"From: shop@example.com\r\nX-Clicktrail-Campaign: winter\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/alternative; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain\r\n\r\nBoots: https://shop.example/boots\r\n"
    b'--b\r\nContent-Type: text/html\r\n\r\n<a href="https://shop.example/boots">Boots</a>\r\n--b--\r\n'
)
HTML = """<p><a href="https://shop.example/boots">Boots</a>
<a href="https://shop.example/hats?a=1&amp;b=2" data-clicktrail-group="head">Hats</a>
<a href="{{ offer }}" data-clicktrail-group="offer">Yours</a></p>"""
TEXT = "Boots: https://shop.example/boots\nGloves: https://shop.example/gloves\n"


def read_events(data: Path) -> list[Click | Sent]:
    """Read the clicks and sent events of the journal."""
    events = [decode_event(line) for line in read_journal_lines(data / "journal")]
    return [event for event in events if isinstance(event, Click | Sent)]


async def relay_message(server: RunningServer, sink: Sink) -> list[str]:
    """Send a message through the relay, and return its tracking URLs."""
    host, port = server.relay
    client = aiosmtplib.SMTP(
        hostname=host, port=port, start_tls=False, local_hostname="sender.example", timeout=TIMEOUT_S
    )
    async with client:
        await client.sendmail("shop@example.com", ["anna@example.net"], MESSAGE)
    return re.findall(rf"{server.edge}/[\w-]+", sink.messages[0].content.decode())


async def fetch_locations(urls: list[str]) -> list[str]:
    async with httpx2.AsyncClient(timeout=TIMEOUT_S) as client:
        return [(await client.get(url)).headers["location"] for url in urls]


def delete_registry(data: Path) -> None:
    for file in data.glob("registry.sqlite3*"):
        file.unlink()


async def test_links_of_text_and_html_redirect_to_the_same_page(tmp_path: Path) -> None:
    async with Sink() as sink, running_server(tmp_path, next_hop=sink.address) as server:
        short, sealed = await relay_message(server, sink)
        assert await fetch_locations([short, sealed]) == ["https://shop.example/boots"] * 2
    assert len(short) < len(server.edge) + 17 < len(sealed)
    events = read_events(tmp_path / "data")
    assert len({(event.message_id, event.recipient, event.campaign) for event in events}) == 1
    assert [event.link for event in events if isinstance(event, Click)] == [0, 0]


async def test_links_of_an_accepted_message_survive_a_crash(tmp_path: Path) -> None:
    async with Sink() as sink:
        async with running_server(tmp_path, next_hop=sink.address, workers=1) as server:
            urls = await relay_message(server, sink)
            for child in ("engine", "edge-0"):
                os.kill(server.find_child_pid(child), signal.SIGKILL)
        paths = [url.removeprefix(server.edge) for url in urls]
        async with running_server(tmp_path, next_hop=sink.address, workers=1) as server:
            assert await fetch_locations([server.edge + path for path in paths]) == ["https://shop.example/boots"] * 2


async def test_links_of_a_compiled_campaign_redirect(tmp_path: Path) -> None:
    async with running_server(tmp_path) as server:
        tracker = Tracker(ring=server.ring, domain=server.edge)
        campaign = tracker.compile(html=HTML, text=TEXT, campaign="winter")
        settings = Settings(data_dir=str(tmp_path / "data"))
        link_set_id = await asyncio.to_thread(save_link_set, campaign.build_link_set(created_at=NOW), settings)
        for recipient in ("r1", "r2"):
            bodies = campaign.render(
                MessageMetadata(message_id=f"m-{recipient}", recipient=recipient, sent_at=NOW),
                link_set_id=link_set_id,
                destinations={"{{ offer }}": f"https://shop.example/for/{recipient}"},
            )
            urls = [*re.findall(r'href="([^"]+)"', bodies.html), *re.findall(r"http\S+", bodies.text)]
            pages = ["boots", "hats?a=1&b=2", f"for/{recipient}", "boots", "gloves"]
            assert await fetch_locations(urls) == [f"https://shop.example/{page}" for page in pages]
    clicks = [event for event in read_events(tmp_path / "data") if isinstance(event, Click)]
    assert {
        (f"m-{recipient}", recipient, "winter", position, group)
        for recipient in ("r1", "r2")
        for position, group in ((0, ""), (1, "head"), (2, ""), (3, "offer"))
    } == {(click.message_id, click.recipient, click.campaign, click.link, click.group) for click in clicks}
    assert len(clicks) == 10


async def test_sealed_links_work_without_the_registry(tmp_path: Path) -> None:
    async with Sink() as sink, running_server(tmp_path, next_hop=sink.address, workers=1) as server:
        short, sealed = await relay_message(server, sink)
        delete_registry(tmp_path / "data")
        async with httpx2.AsyncClient(timeout=TIMEOUT_S) as client:
            responses = [await client.get(url) for url in (short, sealed)]
    assert [response.status_code for response in responses] == [503, 302]
    assert responses[0].headers["retry-after"] == "60"
