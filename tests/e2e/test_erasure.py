"""An erased recipient is in no byte of the data folder, and is not tracked again."""

import asyncio
import base64
import json
import quopri
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import aiosmtplib
import httpx2
import pytest

from clicktrail.demo.sink import Sink
from clicktrail.model.event import AnonymousClick, Click, encode_event
from tests.support.files import iterate_file_contents
from tests.support.recorded_journal import CLICKED_AT
from tests.support.serving import RunningServer, running_server, wait_for_report
from tests.support.waiting import TIMEOUT_S, wait_until

MARY = "maryüber@example.net"
BOB = "bob@example.net"
ERASE = ("erase", MARY.upper(), "--yes", "--json")
MESSAGE = """\
From: shop@example.com
Subject: Boots
X-Clicktrail-Campaign: winter
X-Clicktrail-Consent: granted
X-Clicktrail-Recipient: {name}
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain; charset=utf-8

Boots: https://shop.example/boots?email={encoded}&size=7
--b
Content-Type: text/html; charset=utf-8

<a href="https://shop.example/boots?email={encoded}&amp;size=7">Boots</a>
--b--
"""


def iterate_spellings(address: str) -> Iterator[bytes]:
    """The bytes that a search over a disk can look for."""
    for text in (address, address.upper(), unicodedata.normalize("NFD", address), address.partition("@")[0]):
        yield from (text.encode(), quote(text).encode(), quote(quote(text)).encode(), json.dumps(text)[1:-1].encode())
        yield quopri.encodestring(text.encode()).rstrip(b"=\n")
        yield text.encode("utf-16-le")
        yield base64.b64encode(text.encode()).rstrip(b"=")[:-2]


def find_files(folder: Path, address: str) -> list[str]:
    """Files whose bytes hold the address in one of its spellings."""
    spellings = [spelling.lower() for spelling in iterate_spellings(address)]
    return [
        str(path)
        for path, content in iterate_file_contents(folder)
        if any(spelling in content.lower() for spelling in spellings)
    ]


async def send(server: RunningServer, address: str, name: str) -> None:
    host, port = server.relay
    message = MESSAGE.format(name=f"=?utf-8?b?{base64.b64encode(name.encode()).decode()}?=", encoded=quote(address))
    smtp = aiosmtplib.SMTP(hostname=host, port=port, start_tls=False, local_hostname="shop.example", timeout=TIMEOUT_S)
    async with smtp:
        await smtp.sendmail("shop@example.com", ["list@example.net"], message.replace("\n", "\r\n").encode())


def find_tracking_urls(server: RunningServer, sink: Sink, index: int) -> list[str]:
    return re.findall(rf"{server.edge}/[\w-]+", sink.messages[index].content.decode())


def run_command(folder: Path, *arguments: str) -> str:
    command = (sys.executable, "-m", "clicktrail", *arguments, "--config", str(folder / "clicktrail.toml"))
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=TIMEOUT_S).stdout


def import_events(folder: Path) -> None:
    """Import a click of Mary under a message id that names her, and an anonymous one that has only her URL."""
    url = f"https://shop.example/?email={MARY}"
    click = Click(id="i1", at=CLICKED_AT, campaign="winter", recipient=f"Mary <{MARY.upper()}>", url=url)
    anonymous = AnonymousClick(id="i2", at=CLICKED_AT, campaign="winter", url=url, verdict="human")
    (folder / "events.jsonl").write_bytes(b"\n".join((encode_event(click), encode_event(anonymous))))
    run_command(folder, "import", str(folder / "events.jsonl"))


async def record_everything(folder: Path, server: RunningServer, sink: Sink) -> list[str]:
    """Send to Mary and Bob, follow their links, import, and return Mary's tracking URLs."""
    await send(server, MARY, f"Mary Display <{MARY.upper()}>")
    await send(server, BOB, BOB)
    run_command(folder, "consent", "set", f"Mary <{unicodedata.normalize('NFD', MARY)}>", "granted")
    import_events(folder)
    urls = [url for index in range(2) for url in find_tracking_urls(server, sink, index)]
    async with httpx2.AsyncClient(timeout=TIMEOUT_S) as client:
        for url in urls:
            assert (await client.get(url)).is_redirect
    await wait_for_report(server, "winter", clicks=len(urls) + 2)
    return find_tracking_urls(server, sink, 0)


@pytest.mark.parametrize("is_running", [True, False])
async def test_no_byte_of_the_data_folder_holds_an_erased_recipient(tmp_path: Path, *, is_running: bool) -> None:
    async with Sink() as sink:
        async with running_server(tmp_path, next_hop=sink.address, workers=1) as server:
            urls = await record_everything(tmp_path, server, sink)
            assert find_files(server.data_folder, MARY) != []
            output = run_command(tmp_path, *ERASE) if is_running else ""
        output = output or run_command(tmp_path, *ERASE)
        result = json.loads(output)
        assert find_files(tmp_path / "data", MARY) == []
        assert find_files(tmp_path / "data", BOB) != []
        counts = [result[name] for name in ("done", "events", "clicks", "links", "journal_lines", "consents", "left")]
        assert counts == [True, 4, 4, 1, 5, 1, []]
        async with running_server(tmp_path, next_hop=sink.address, workers=1) as server:
            async with httpx2.AsyncClient(timeout=TIMEOUT_S) as client:
                locations = {
                    (await client.get(re.sub(".*/", f"{server.edge}/", url))).headers["location"] for url in urls
                }
            await send(server, MARY, MARY)
            assert find_tracking_urls(server, sink, 2) == []
            report = await wait_for_report(server, "winter", clicks=2)
        assert "https://shop.example/boots?size=7" in locations
        assert (report["clicks"]["total"], find_files(tmp_path / "data", MARY)) == (2, [])


async def test_clicks_during_the_erasure_leave_nothing(tmp_path: Path) -> None:
    greek = "οδυσσευς@example.net"
    async with Sink() as sink, running_server(tmp_path, next_hop=sink.address, workers=1) as server:
        await send(server, greek, greek)
        urls = find_tracking_urls(server, sink, 0)
        done = asyncio.Event()

        async def keep_clicking() -> None:
            async with httpx2.AsyncClient(timeout=TIMEOUT_S) as client:
                while not done.is_set():
                    for url in urls:
                        assert (await client.get(url)).is_redirect

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(keep_clicking())
            await wait_for_report(server, "winter", clicks=1)
            await asyncio.to_thread(run_command, tmp_path, "erase", "Odysseus <ΟΔΥΣΣΕΥΣ@EXAMPLE.NET>", "--yes")
            done.set()

        async def search() -> list[str]:
            return find_files(server.data_folder, greek)

        await wait_until(search, lambda files: files == [])
        assert await search() == []
