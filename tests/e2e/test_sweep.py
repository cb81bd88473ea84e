"""A scanner that clicks one link in each of many messages: only its clicks on other messages show that it is one."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import httpx2

from clicktrail.tokens import KeyRing, SealedLink, seal_token
from tests.support.command_line import run_clicktrail
from tests.support.recorded_journal import read_journal_lines
from tests.support.serving import running_server, wait_for_report
from tests.support.waiting import TIMEOUT_S

BROWSER = {
    "User-Agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Accept": "text/html,application/xhtml+xml",
    "Accept-Language": "en",
}
SCANNER, PERSON = "86.128.0.9", "86.128.0.10"
"""Two addresses of an access network."""


def build_path(recipient: str, ring: KeyRing) -> str:
    sealed = SealedLink(
        destination="https://shop.example/offer",
        message_id=f"to {recipient}",
        recipient=recipient,
        campaign="autumn",
        position=0,
        link_count=3,
        sent_at=datetime(2026, 11, 23, tzinfo=UTC),
    )
    return "/" + seal_token(ring, sealed)


async def test_sweep_over_messages_is_suspected_live_and_in_an_audit(tmp_path: Path) -> None:
    recipients = [f"{number}@{'abcdab'[number]}.example" for number in range(6)]
    async with running_server(tmp_path) as server:
        async with httpx2.AsyncClient(base_url=server.edge, headers=BROWSER, timeout=TIMEOUT_S) as client:
            await client.get(build_path("ann@a.example", server.ring), headers={"X-Forwarded-For": PERSON})
            await wait_for_report(server, "autumn", clicks=1)
            for recipient in recipients:
                await client.get(build_path(recipient, server.ring), headers={"X-Forwarded-For": SCANNER})
        report = await wait_for_report(server, "autumn", clicks=7)
    assert (report["clicks"]["human"], report["clicks"]["suspected"]) == (1, 6)
    assert {reason["signal"]: reason["clicks"] for reason in report["reasons"]}["shared-address"] == 6

    log = tmp_path / "log.jsonl"
    log.write_bytes(b"".join(line + b"\n" for line in read_journal_lines(tmp_path / "data" / "journal")))
    process = await asyncio.to_thread(run_clicktrail, "audit", "--json", str(log), folder=tmp_path)
    (campaign,) = json.loads(process.stdout)["campaigns"]
    assert campaign["clicks"] == report["clicks"]
