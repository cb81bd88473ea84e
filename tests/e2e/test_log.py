import json
import re
from pathlib import Path

import aiosmtplib
import httpx2
import pytest

from clicktrail.demo.sink import Sink
from tests.support.serving import RunningServer, running_server, wait_for_report

RECIPIENT = "anna.secret@example.net"
REFUSED = "bert.secret@example.net"
DESTINATION = "https://shop.example/secret-boots?coupon=s3cret"
CLIENT = "203.0.113.77"
MESSAGE = f"""\
From: shop@example.com
To: {RECIPIENT}
Subject: Secret boots
X-Clicktrail-Campaign: winter
Content-Type: text/html; charset=utf-8

<p><a href="{DESTINATION}">Boots</a></p>
""".replace("\n", "\r\n").encode()


async def live(running: RunningServer, sink: Sink) -> str:
    """Send, be refused, click, tamper, ask nonsense. Returns the token of the click."""
    host, port = running.relay
    sink.refusals[REFUSED] = f"550 5.1.1 <{REFUSED}>: no such user"
    async with aiosmtplib.SMTP(hostname=host, port=port, start_tls=False, local_hostname="shop.example") as sender:
        await sender.sendmail("shop@example.com", [RECIPIENT, REFUSED], MESSAGE)
    token: str = re.findall(rf"{running.edge}/([\w-]+)", sink.messages[0].content.decode())[0]
    async with httpx2.AsyncClient(base_url=running.edge, headers={"X-Forwarded-For": CLIENT}) as client:
        for path in (token, token[:-9] + "A" + token[-8:], f"{token}?email={RECIPIENT}", "nonsense"):
            await client.get(f"/{path}")
    await wait_for_report(running, "winter", clicks=2)
    return token


@pytest.mark.parametrize(("level", "told"), [("info", False), ("debug", True)])
async def test_the_log_of_a_whole_run_names_nobody(tmp_path: Path, level: str, *, told: bool) -> None:
    async with Sink() as sink, running_server(tmp_path, next_hop=sink.address, log_level=level) as running:
        token = await live(running, sink)
    log = "\n".join(running.log)
    events = [json.loads(line)["event"] for line in running.log]

    assert {"next hop refused", "serving"} <= set(events)
    assert told == (REFUSED in log)
    for secret in (RECIPIENT, "anna.secret", CLIENT, "secret-boots", token, token[:20]):
        assert secret not in log
