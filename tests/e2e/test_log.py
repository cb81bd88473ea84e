import asyncio
import json
import re
from pathlib import Path

import aiosmtplib
import httpx2
import pytest

from clicktrail import keyring_file
from clicktrail.demo.sink import Sink
from clicktrail.server.journal.writer import SegmentWriter
from tests.support.serving import RunningServer, running_server, wait_for_report
from tests.support.waiting import TIMEOUT_S

RECIPIENT = "anna.secret@example.net"
REFUSED = "bert.secret@example.net"
DESTINATION = "https://shop.example/secret-boots?coupon=s3cret"
CLIENT_IP = "203.0.113.77"
MESSAGE = f"""\
From: shop@example.com
To: {RECIPIENT}
Subject: Secret boots
X-Clicktrail-Campaign: winter
Content-Type: text/html; charset=utf-8

<p><a href="{DESTINATION}">Boots</a></p>
""".replace("\n", "\r\n").encode()


async def send_and_click(server: RunningServer, sink: Sink) -> str:
    """Send a message to two recipients, one of whom is refused, and request tracking URLs; returns a token."""
    host, port = server.relay
    sink.refusals[REFUSED] = f"550 5.1.1 <{REFUSED}>: no such user"
    async with aiosmtplib.SMTP(hostname=host, port=port, start_tls=False, local_hostname="shop.example") as smtp:
        await smtp.sendmail("shop@example.com", [RECIPIENT, REFUSED], MESSAGE)
    token: str = re.findall(rf"{server.edge}/([\w-]+)", sink.messages[0].content.decode())[0]
    headers = {"X-Forwarded-For": CLIENT_IP}
    async with httpx2.AsyncClient(base_url=server.edge, headers=headers, timeout=TIMEOUT_S) as client:
        for path in (token, token[:-9] + "A" + token[-8:], f"{token}?email={RECIPIENT}", "nonsense"):
            await client.get(f"/{path}")
    await wait_for_report(server, "winter", clicks=2)
    return token


async def write_broken_event(folder: Path) -> None:
    """Write a line that is no event to a journal of an earlier start."""
    keyring_file.load_or_create(folder.parents[1] / keyring_file.FILE_NAME, earlier_data_paths=[])
    with SegmentWriter(folder, asyncio.get_running_loop()) as writer:
        writer.append(f'{{"type":"{RECIPIENT}","ip":"{CLIENT_IP}"}}'.encode(), lambda _committed: None)


@pytest.mark.parametrize(("level", "names_recipient"), [("info", False), ("debug", True)])
async def test_log_has_no_personal_data(tmp_path: Path, level: str, *, names_recipient: bool) -> None:
    await write_broken_event(tmp_path / "data" / "journal" / "old")
    async with Sink() as sink, running_server(tmp_path, next_hop=sink.address, log_level=level) as server:
        token = await send_and_click(server, sink)
    log = "\n".join(server.log)
    events = [json.loads(line)["event"] for line in server.log]

    assert {"message or command refused", "serving"} <= set(events)
    assert (REFUSED in log) == names_recipient
    assert "journal line is not an event" in events
    for secret in (RECIPIENT, "anna.secret", CLIENT_IP, "secret-boots", token, token[:20]):
        assert secret not in log
