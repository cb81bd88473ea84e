import re
from pathlib import Path

import aiosmtplib
import httpx2

from clicktrail.demo.sink import Sink
from clicktrail.model.event import Click, decode_event
from tests.support.recorded_journal import read_journal_lines
from tests.support.serving import running_server, wait_for_report
from tests.support.waiting import TIMEOUT_S

SCANNER, READER = "86.128.0.9", "86.128.0.10"
MESSAGE = (
    b"From: shop@example.com\r\nX-Clicktrail-Campaign: winter\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n"
    b'<a href="https://shop.example/boots">Boots</a> <a href="https://shop.example/hats">Hats</a>\r\n'
    b'<div style="display:none" aria-hidden="true">\r\n'
    b'<a href="https://shop.example/none" data-clicktrail="trap" tabindex="-1">Not a link for people</a></div>\r\n'
)


async def test_trap_link_marks_other_clicks_of_the_same_address(tmp_path: Path) -> None:
    browser = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"}
    async with Sink() as sink, running_server(tmp_path, next_hop=sink.address, own_hosts=("shop.example",)) as server:
        host, port = server.relay
        async with aiosmtplib.SMTP(
            hostname=host, port=port, start_tls=False, local_hostname="sender.example", timeout=60
        ) as smtp:
            await smtp.sendmail("shop@example.com", ["anna@example.net"], MESSAGE)
        boots, hats, trap = re.findall(rf"{server.edge}/[\w-]+", sink.messages[0].content.decode())
        async with httpx2.AsyncClient(headers=browser, timeout=TIMEOUT_S) as client:
            for url, address in ((trap, SCANNER), (boots, SCANNER), (hats, READER)):
                response = await client.get(url, headers={"X-Forwarded-For": address})
                assert response.is_redirect
        report = await wait_for_report(server, "winter", clicks=3)

    events = [decode_event(line) for line in read_journal_lines(tmp_path / "data" / "journal")]
    clicks = [event for event in events if isinstance(event, Click)]
    assert [(click.trap, "utm_source" in click.url) for click in clicks] == [
        (True, False),
        (False, True),
        (False, True),
    ]
    signal_counts = {reason["signal"]: reason["clicks"] for reason in report["reasons"]}
    assert (signal_counts.get("trap-link"), signal_counts.get("trap-link-nearby")) == (1, 1)
